"""Kafka keeps the contract of every log."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from infra.kafka.node import KafkaNode
from services.casework.adapters.kafka_log import KafkaLog
from services.runtime.producer import LogProducer
from tests.unit.services.casework.adapters.event_log_contract import EventLogContract


class TestKafkaLog(EventLogContract):
    @pytest.fixture
    async def log(self, kafka: KafkaNode) -> AsyncIterator[KafkaLog]:
        producer = LogProducer(kafka.bootstrap)
        await producer.start()
        await producer.wait_until_ready(30)
        yield KafkaLog(producer, kafka.bootstrap, {})
        await producer.stop()
