"""The log in Kafka: appends through the shared producer, reads every partition from its beginning."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from services.casework.adapters.own_records import OwnRecords
from services.casework.application.errors import LogAway
from services.casework.application.event_log import Appended, LogRecord, Stretch
from services.casework.codec import UnreadableRecord, decode_keyed, encode_event, encode_policy_changed
from services.casework.domain.control import HistoryEnds, PolicyChanged
from services.casework.domain.control import Record as Recorded
from services.casework.domain.events import Event
from services.casework.domain.log_time import PartitionTime, header_instant
from services.runtime import producer as produced
from services.runtime.consumer import LogConsumer, aiokafka_security
from services.runtime.metrics import show_progress
from services.runtime.producer import Answer, LogProducer, LogUnavailable, Record, RecordTooLarge
from services.runtime.progress import ProgressWatch
from services.runtime.topics import CASE_EVENTS, PARTITIONS, partition_of

_RECORDS_A_POLL: Final = 2000
_POLL_MS: Final = 500
# What this process appended it knows already; what others appended may wait half a second for a fetch that is worth it.
_FETCH_BYTES: Final = 256 * 1024
# Between two polls' worth of decoding the event loop is free for requests at least so often.
_RECORDS_A_STRETCH: Final = 200
_ASK_EVERY_MS: Final = 5_000


class KafkaLog:
    """`producer` is started and stopped by who made it. security: `Settings.kafka_security()`."""

    def __init__(self, producer: LogProducer, bootstrap_servers: str, security: Mapping[str, object]) -> None:
        self._producer = producer
        self._bootstrap_servers = bootstrap_servers
        self._security = aiokafka_security(security)
        self._own = OwnRecords()
        self._progress = ProgressWatch(_monotonic())

    async def append(self, event: Event) -> Appended:
        (answer,) = await self.append_all([event])
        if isinstance(answer, LogAway):
            raise answer
        return answer

    def append_all(self, events: Sequence[Event]) -> asyncio.Future[list[Appended | LogAway]]:
        records = [Record(event.case_id.encode(), encode_event(event), partition_of(event.case_id)) for event in events]
        handed_over = self._producer.append_all(records)
        answered: asyncio.Future[list[Appended | LogAway]] = handed_over.get_loop().create_future()
        handed_over.add_done_callback(partial(self._answer, events, records, answered))
        return answered

    async def publish(self, change: PolicyChanged, partition: int) -> Appended:
        try:
            appended = await self._producer.append(None, encode_policy_changed(change), partition)
        except LogUnavailable as error:
            raise LogAway from error
        return Appended(appended.partition, appended.offset, appended.timestamp_ms)

    def partitions(self) -> range:
        return range(PARTITIONS)

    def require_progress(self) -> None:
        """Raises NotReady."""
        self._progress.require(_monotonic())

    async def read(self) -> AsyncIterator[Stretch]:
        consumer = LogConsumer(
            bootstrap_servers=self._bootstrap_servers,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_min_bytes=_FETCH_BYTES,
            fetch_max_wait_ms=_POLL_MS,
            **self._security,
        )
        try:
            await consumer.start()
            async for stretch in _stretches(consumer, self._progress, self._own):
                yield stretch
        except KafkaError as error:
            raise LogAway from error
        finally:
            # One that could not start holds connections too.
            await consumer.stop()

    def _answer(
        self,
        events: Sequence[Event],
        records: Sequence[Record],
        answered: asyncio.Future[list[Appended | LogAway]],
        handed_over: asyncio.Future[list[Answer]],
    ) -> None:
        answers: list[Appended | LogAway] = []
        for event, record, answer in zip(events, records, handed_over.result(), strict=True):
            if isinstance(answer, produced.Appended):
                self._own.add(answer.partition, answer.offset, record.value, event)
                answers.append(Appended(answer.partition, answer.offset, answer.timestamp_ms))
            elif isinstance(answer, RecordTooLarge):
                # No event that was checked can be: it has no field of such a size.
                answered.set_exception(answer)
                return
            else:
                answers.append(LogAway())
        answered.set_result(answers)


async def _stretches(consumer: LogConsumer, progress: ProgressWatch, own: OwnRecords) -> AsyncIterator[Stretch]:
    partitions = [TopicPartition(CASE_EVENTS.name, partition) for partition in range(PARTITIONS)]
    consumer.assign(partitions)
    await consumer.seek_to_beginning(*partitions)
    ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
    times = [PartitionTime() for _ in partitions]
    at_end, asked_at = False, 0
    while True:
        if _monotonic() - asked_at >= _ASK_EVERY_MS:
            asked_at = _monotonic()
            await _note(consumer, partitions, progress)
        if not at_end:
            at_end = all([await consumer.position(partition) >= ends[partition] for partition in partitions])
        if at_end:
            yield Stretch((), at_end=True)
        polled = await consumer.getmany(timeout_ms=_POLL_MS, max_records=_RECORDS_A_POLL)
        for partition, messages in polled.items():
            for start in range(0, len(messages), _RECORDS_A_STRETCH):
                part = messages[start : start + _RECORDS_A_STRETCH]
                yield Stretch([_read(message, times[partition.partition], own) for message in part], at_end=False)


async def _note(consumer: LogConsumer, partitions: list[TopicPartition], progress: ProgressWatch) -> None:
    """How far reading is, and then how far the log reaches."""
    positions = {(place.topic, place.partition): await consumer.position(place) for place in partitions}
    found = await consumer.end_offsets(partitions)
    ends = {(place.topic, place.partition): end for place, end in found.items()}
    progress.note(_monotonic(), positions, ends)
    show_progress(positions, ends)


def _monotonic() -> int:
    """Milliseconds, for durations alone."""
    return time.monotonic_ns() // 1_000_000


def _read(message: Any, time: PartitionTime, own: OwnRecords) -> LogRecord:
    record = own.take(message.partition, message.offset, message.value) or _record_of(message.key, message.value)
    header = header_instant(message.headers)
    recorded_at = time.next(message.offset, message.timestamp, header, isinstance(record, HistoryEnds))
    return LogRecord(message.partition, message.offset, recorded_at, record)


def _record_of(key: bytes | None, value: bytes | None) -> Recorded | None:
    try:
        return decode_keyed(key, value)
    except UnreadableRecord:
        # The sink puts it aside with the reason; here it only is no event.
        return None


def system_now() -> int:
    """This machine's clock, milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000
