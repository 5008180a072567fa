"""What the detector says and keeps, put into the log's topics and awaited."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from services.casework.codec import encode_clock, encode_obligation_changes, encode_transition
from services.runtime.metrics import DEAD_LETTERS as LETTERS
from services.runtime.settings import Settings
from services.runtime.topics import ALERTS, CASE_EVENTS, DEAD_LETTERS, DETECTOR, NEGLECT_STATE, OBLIGATIONS
from streams.kafka_clients import librdkafka_settings
from streams.neglect_watch.partition_watch import Findings, PartitionWatch
from streams.neglect_watch.state_codec import encode_policies, encode_position

log = logging.getLogger(__name__)

POSITION_KEY: Final = b"position"
POLICIES_KEY: Final = b"policies"
APP_NAME: Final = "neglect_watch"


class NotDelivered(RuntimeError):
    """The broker refused a record for good; nothing after it may be acknowledged."""


class Emitter:
    """One librdkafka producer. `publish` and `keep` return once the broker has everything; while it is away they
    wait. Raises NotDelivered."""

    def __init__(self, settings: Settings) -> None:
        self._producer = Producer(
            {
                **librdkafka_settings(settings),
                "acks": "all",
                "enable.idempotence": True,
                "compression.type": "lz4",
                "linger.ms": 2,
                "message.timeout.ms": 0,
                "queue.buffering.max.messages": 1_000_000,
                "queue.buffering.max.kbytes": 512_000,
            }
        )
        self._refused: KafkaError | None = None

    async def publish(self, partition: int, findings: Findings) -> None:
        """Alerts, obligations and dead letters of one partition, in the order found."""
        for changes, cause in findings.obligations:
            value = encode_obligation_changes(changes, cause)
            self._put(OBLIGATIONS.name, partition, changes.case_id.encode(), value)
        for transition, cause in findings.transitions:
            self._put(ALERTS.name, partition, transition.case_id.encode(), encode_transition(transition, cause))
        for record, reason in findings.unreadable:
            headers = {
                "topic": CASE_EVENTS.name,
                "partition": str(partition),
                "offset": str(record.offset),
                "reason": reason,
                "app": APP_NAME,
            }
            self._put(DEAD_LETTERS.name, partition, record.key, record.value, headers)
            LETTERS.labels(APP_NAME, CASE_EVENTS.name).inc()
        await self._flushed()

    async def keep(self, watch: PartitionWatch) -> None:
        """The partition's state: policies first, then cases, then the position that stands for all of them."""
        partition, changes = watch.partition, watch.shelf.take_changes()
        if watch.policies_moved:
            self._put(NEGLECT_STATE.name, partition, POLICIES_KEY, encode_policies(watch.policies, watch.position))
            watch.policies_moved = False
        for case_id, state in changes.items():
            self._put(NEGLECT_STATE.name, partition, case_id.encode(), state)
        self._put(NEGLECT_STATE.name, partition, POSITION_KEY, encode_position(watch.time.state))
        await self._flushed()

    def say_the_time(self, partition: int) -> None:
        """Append a `clock` record; the next tick makes good one that the broker refuses."""
        self._put(CASE_EVENTS.name, partition, None, encode_clock())

    def append(self, partition: int, key: bytes | None, value: bytes) -> None:
        """Append a record to the case events; it is there once the next batch is kept."""
        self._put(CASE_EVENTS.name, partition, key, value)

    def say_alive(self, watch: PartitionWatch) -> None:
        """A heartbeat: up to when all cases of the partition were checked."""
        beat = {
            "partition": watch.partition,
            "checked_until": watch.checked_until,
            "cases": watch.shelf.cases,
            "in_history": watch.time.state.in_history,
            "offset": watch.said.offset + 1,
            "at": int(time.time() * 1000),
        }
        self._put(DETECTOR.name, watch.partition, None, json.dumps(beat).encode())

    def _put(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Mapping[str, str | bytes | None] | None = None,
    ) -> None:
        while True:
            try:
                self._producer.produce(
                    topic,
                    value,
                    key,
                    partition=partition,
                    on_delivery=self._delivered,
                    headers=dict(headers) if headers else None,
                )
            except BufferError:
                self._producer.poll(0.1)
            else:
                return

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._refused = error

    async def _flushed(self) -> None:
        await asyncio.to_thread(self._producer.flush)
        if self._refused is not None:
            raise NotDelivered(str(self._refused)) from KafkaException(self._refused)
