"""What the detector says, put into the log's topics and awaited."""

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
from services.runtime.topics import (
    ALERTS,
    CASE_EVENTS,
    DEAD_LETTERS,
    DETECTOR,
    OBLIGATIONS,
    Topic,
    in_generation,
)
from streams.dead_letters import DeadLetter
from streams.kafka_clients import librdkafka_settings
from streams.neglect_watch.partition_watch import Findings, PartitionWatch

log = logging.getLogger(__name__)

APP_NAME: Final = "neglect_watch"
_MOST_QUEUED: Final = 200_000
_PUT_AT_ONCE: Final = 10_000
"""A change of policy may move every case of a partition with one record."""
_TOPICS: Final = (ALERTS, CASE_EVENTS, DEAD_LETTERS, DETECTOR, OBLIGATIONS)

_Message = dict[str, str | bytes]
"""Key and value, as librdkafka's client takes many at once."""


class NotDelivered(RuntimeError):
    """The broker refused a record for good; nothing after it may be acknowledged."""


class Emitter:
    """One librdkafka producer. What is `put` is in its topic once a later `flush` has returned."""

    def __init__(self, settings: Settings) -> None:
        self._producer = Producer(
            {
                **librdkafka_settings(settings),
                "acks": "all",
                "enable.idempotence": True,
                "compression.type": "lz4",
                "linger.ms": 2,
                "message.timeout.ms": 0,
                "delivery.report.only.error": True,
                "on_delivery": self._delivered,
                "queue.buffering.max.messages": _MOST_QUEUED,
                # What was put before is flushed before more is; what is put many at once has some hundred bytes each.
                "queue.buffering.max.kbytes": 512_000,
            }
        )
        self._names = {topic.name: in_generation(topic, settings.generation).name for topic in _TOPICS}
        self._refused: KafkaError | None = None

    def put(self, partition: int, findings: Findings) -> None:
        """Alerts, obligations and dead letters of one partition, in the order found."""
        obligations: list[_Message] = [
            {"key": changes.case_id, "value": encode_obligation_changes(changes, cause)}
            for changes, cause in findings.obligations
        ]
        alerts: list[_Message] = [
            {"key": transition.case_id, "value": encode_transition(transition, cause)}
            for transition, cause in findings.transitions
        ]
        self._put_all(OBLIGATIONS, partition, obligations)
        self._put_all(ALERTS, partition, alerts)
        for record, reason in findings.unreadable:
            letter = DeadLetter(
                CASE_EVENTS.name, partition, record.offset, reason, (APP_NAME,), record.key, record.value
            )
            self._put(DEAD_LETTERS, partition, letter.key, letter.kept_value(), dict(letter.headers()))
            LETTERS.labels(APP_NAME, CASE_EVENTS.name).inc()

    async def flush(self) -> None:
        """Returns once the broker has everything; while it is away it waits. Raises NotDelivered."""
        await asyncio.to_thread(self._producer.flush)
        if self._refused is not None:
            raise NotDelivered(str(self._refused)) from KafkaException(self._refused)

    def say_the_time(self, partition: int) -> None:
        """Append a `clock` record; the next tick makes good one that the broker refuses."""
        self._put(CASE_EVENTS, partition, None, encode_clock())

    def append(self, partition: int, key: bytes | None, value: bytes) -> None:
        """Append a record to the case events; it is there once the next batch is kept."""
        self._put(CASE_EVENTS, partition, key, value)

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
        self._put(DETECTOR, watch.partition, None, json.dumps(beat).encode())

    def _put_all(self, topic: Topic, partition: int, messages: list[_Message]) -> None:
        """As `_put`, at half the cost. Raises NotDelivered: never is one taken behind another that was not."""
        for start in range(0, len(messages), _PUT_AT_ONCE):
            some = messages[start : start + _PUT_AT_ONCE]
            while len(self._producer) + len(some) > _MOST_QUEUED:
                self._producer.poll(0.1)
            taken = self._producer.produce_batch(self._names[topic.name], some, partition=partition)
            if taken != len(some):
                raise NotDelivered(f"of {len(some)} records for {topic.name} only {taken} were taken")

    def _put(
        self,
        topic: Topic,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Mapping[str, str | bytes | None] | None = None,
    ) -> None:
        name = self._names[topic.name]
        while True:
            try:
                self._producer.produce(
                    name,
                    value,
                    key,
                    partition=partition,
                    headers=dict(headers) if headers else None,
                )
            except BufferError:
                self._producer.poll(0.1)
            else:
                return

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._refused = error
