"""Where a partition's watch left off: its state from the changelog, and what it missed from the log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence

from aiokafka import ConsumerRecord
from confluent_kafka import Message

from services.casework.domain.fact_book import key_of
from services.casework.domain.log_time import LogTime, header_instant
from services.casework.domain.policy_timeline import PolicyBook
from services.runtime.settings import Settings
from services.runtime.topics import CASE_EVENTS, NEGLECT_STATE, in_generation
from streams.neglect_watch.partition_watch import LogRecord, PartitionWatch
from streams.neglect_watch.state_codec import POLICIES_KEY, POSITION_KEY, decode_policies, decode_position
from streams.partition_reading import read_partition

log = logging.getLogger(__name__)


def recover(settings: Settings, partition: int) -> PartitionWatch:
    """The watch as its changelog tells it. Blocks.

    Whole states only: what was not committed is not read. State only moves forward: of two records of a case the one
    further along the log stands, whichever was written last.
    """
    time, policies, policies_offset = LogTime(), PolicyBook(), -1
    topic = in_generation(NEGLECT_STATE, settings.generation).name
    watch = PartitionWatch(partition, open_cases=settings.open_cases)
    for message in _messages(read_partition(settings, topic, partition)):
        key, value = message.key(), message.value()
        if key is None or value is None:
            continue
        if key == POSITION_KEY:
            known = decode_position(value)
            time = known if known.offset > time.offset else time
        elif key == POLICIES_KEY:
            offset, book = decode_policies(value)
            if offset > policies_offset:
                policies_offset, policies = offset, book
        else:
            watch.shelf.restore(key_of(key.decode()), value)
    watch.resume(time, policies)
    log.info("partition %d: %d cases recovered, worked up to offset %d", partition, len(watch.shelf), time.offset)
    return watch


def _messages(chunks: Iterator[Sequence[Message]]) -> Iterator[Message]:
    for chunk in chunks:
        yield from chunk


async def missed(settings: Settings, partition: int, start: int, stop: int) -> AsyncIterator[list[LogRecord]]:
    """The log's records from `start` up to but not including `stop`, in lists."""
    chunks = read_partition(settings, CASE_EVENTS.name, partition, start, stop)
    try:
        while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
            yield [_log_record_of(message) for message in chunk]
    finally:
        await asyncio.to_thread(chunks.close)  # type: ignore[attr-defined]  # it is a generator


def log_record(record: ConsumerRecord) -> LogRecord:
    return LogRecord(record.offset, record.timestamp, record.key, record.value, header_instant(record.headers))


def _log_record_of(message: Message) -> LogRecord:
    offset, (_, timestamp) = message.offset(), message.timestamp()
    assert offset is not None
    headers = [(name, value) for name, value in message.headers() or () if isinstance(value, bytes)]
    return LogRecord(offset, timestamp, message.key(), message.value(), header_instant(headers))
