"""Records that were not delivered, read from the log itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Final

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from services.runtime.settings import Settings
from services.runtime.topics import ALL_TOPICS, in_generation
from streams.kafka_clients import partition_reader

_PAUSE_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)


class KafkaLog:
    """Of the settings' generation; topics are named as people know them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._names = {topic.name: in_generation(topic, settings.generation).name for topic in ALL_TOPICS}

    async def between(
        self, topic: str, partition: int, start: int, stop: int
    ) -> AsyncIterator[Sequence[ConsumerRecord]]:
        """All that the log has from offset `start` up to but not including `stop`, which it has reached."""
        while start < stop:
            try:
                async for records in self._read(TopicPartition(self._names[topic], partition), start, stop):
                    start = records[-1].offset + 1
                    yield records
            except (KafkaError, OSError) as error:
                _log.warning("the log is away; missed records are read again", extra={"reason": type(error).__name__})
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return

    async def _read(self, tp: TopicPartition, start: int, stop: int) -> AsyncIterator[Sequence[ConsumerRecord]]:
        consumer = partition_reader(self._settings)
        try:
            await consumer.start()
            consumer.assign([tp])
            consumer.seek(tp, max(start, (await consumer.beginning_offsets([tp]))[tp]))
            while await consumer.position(tp) < stop:
                fetched = (await consumer.getmany(tp, timeout_ms=1000)).get(tp, ())
                records = [record for record in fetched if record.offset < stop]
                if records:
                    yield records
        finally:
            await consumer.stop()
