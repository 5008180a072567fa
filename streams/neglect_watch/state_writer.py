"""The state of one partition, written whole or not at all, and by one worker alone.

A worker that was frozen past its session, and thawed after another took its partitions, still has records to send. In a
compacted topic the last record of a key is what stays, so one late record could bring an old state back for ever. A
transactional id a partition fences it: whoever `claim`s a partition last is the only one whom the broker takes state
from. The transaction also makes states and position one: they are read together or not at all.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Producer

from services.runtime.settings import Settings
from services.runtime.topics import NEGLECT_STATE, in_generation
from streams.kafka_clients import librdkafka_settings

_ANSWER_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 0.5
_TRANSACTION_MS: Final = 60_000
_FENCED: Final = frozenset(
    (KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.FENCED_INSTANCE_ID)
)

log = logging.getLogger(__name__)


class Superseded(RuntimeError):
    """Another worker has claimed the partition: this one's state of it counts no more."""


class StateWriter:
    """Both methods block, and wait while the log is away. `claim` comes first."""

    def __init__(self, settings: Settings, partition: int) -> None:
        self._partition = partition
        self._topic = in_generation(NEGLECT_STATE, settings.generation).name
        self._producer = Producer(
            {
                **librdkafka_settings(settings),
                "transactional.id": f"{self._topic}-{partition}",
                "transaction.timeout.ms": _TRANSACTION_MS,
                "compression.type": "lz4",
                "linger.ms": 5,
                "delivery.report.only.error": True,
                "queue.buffering.max.messages": 1_000_000,
                "queue.buffering.max.kbytes": 512_000,
                "log_level": 3,
            }
        )

    def claim(self) -> None:
        """From here on nobody else can write, and what another left unfinished is undone."""
        while True:
            try:
                self._producer.init_transactions(_ANSWER_SECONDS)
            except KafkaException as failure:
                self._wait_or_raise(failure)
            else:
                return

    def write(self, records: Iterable[tuple[bytes, bytes]]) -> None:
        """Append (key, value) records, all of them or none. Raises Superseded."""
        kept = list(records)
        while True:
            try:
                self._producer.begin_transaction()
                for key, value in kept:
                    self._put(key, value)
                self._commit()
            except KafkaException as failure:
                self._undo(failure)
            else:
                return

    def _put(self, key: bytes, value: bytes) -> None:
        while True:
            try:
                self._producer.produce(self._topic, value, key, partition=self._partition)
            except BufferError:
                self._producer.poll(0.1)
            else:
                return

    def _commit(self) -> None:
        while True:
            try:
                self._producer.commit_transaction(_ANSWER_SECONDS)
            except KafkaException as failure:
                if failure.args[0].txn_requires_abort():
                    raise
                self._wait_or_raise(failure)
            else:
                return

    def _undo(self, failure: KafkaException) -> None:
        """Make room for another try. Raises what trying again cannot mend."""
        if not failure.args[0].txn_requires_abort():
            self._wait_or_raise(failure)
            return
        log.warning("state of partition %d is written anew: %s", self._partition, failure.args[0].name())
        while True:
            try:
                self._producer.abort_transaction(_ANSWER_SECONDS)
            except KafkaException as again:
                self._wait_or_raise(again)
            else:
                return

    def _wait_or_raise(self, failure: KafkaException) -> None:
        error: KafkaError = failure.args[0]
        if error.code() in _FENCED:
            raise Superseded(f"partition {self._partition} has another worker") from failure
        if not error.retriable():
            raise failure
        time.sleep(_PAUSE_SECONDS)
