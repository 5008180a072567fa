"""Where a partition's watch left off: its state from the changelog, and what it missed from the log."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from services.casework.domain.log_time import LogTime, header_instant
from services.casework.domain.policy_timeline import PolicyBook
from services.runtime.settings import Settings
from services.runtime.topics import CASE_EVENTS, NEGLECT_STATE, in_generation
from streams.kafka_clients import partition_reader
from streams.neglect_watch.emitter import POLICIES_KEY, POSITION_KEY
from streams.neglect_watch.partition_watch import LogRecord, PartitionWatch
from streams.neglect_watch.state_codec import decode_policies, decode_position

log = logging.getLogger(__name__)


async def recover(settings: Settings, partition: int) -> PartitionWatch:
    """The watch as its changelog tells it.

    State only moves forward: whichever worker wrote last, of two records the one further along the log stands.
    """
    time, policies, policies_offset = LogTime(), PolicyBook(), -1
    state = in_generation(NEGLECT_STATE, settings.generation).name
    cases: list[tuple[str, bytes]] = []
    async for record in _read(settings, TopicPartition(state, partition), 0, None):
        if record.value is None:
            continue
        if record.key == POSITION_KEY:
            known = decode_position(record.value)
            time = known if known.offset > time.offset else time
        elif record.key == POLICIES_KEY:
            offset, book = decode_policies(record.value)
            if offset > policies_offset:
                policies_offset, policies = offset, book
        else:
            cases.append((record.key.decode(), record.value))
    watch = PartitionWatch(partition, time, policies)
    for case_id, packed in cases:
        watch.shelf.restore(case_id, packed)
    log.info("partition %d: %d cases recovered, worked up to offset %d", partition, len(watch.shelf), time.offset)
    return watch


async def missed(settings: Settings, partition: int, start: int, stop: int) -> AsyncIterator[LogRecord]:
    """The log's records from `start` up to but not including `stop`."""
    async for record in _read(settings, TopicPartition(CASE_EVENTS.name, partition), start, stop):
        yield log_record(record)


def log_record(record: ConsumerRecord) -> LogRecord:
    return LogRecord(record.offset, record.timestamp, record.key, record.value, header_instant(record.headers))


async def _read(settings: Settings, tp: TopicPartition, start: int, stop: int | None) -> AsyncIterator[ConsumerRecord]:
    """Records of one partition from an offset; up to another, or to what is its end now."""
    consumer: AIOKafkaConsumer = partition_reader(settings)
    await consumer.start()
    try:
        consumer.assign([tp])
        if stop is None:
            stop = (await consumer.end_offsets([tp]))[tp]
        consumer.seek(tp, max(start, (await consumer.beginning_offsets([tp]))[tp]))
        while await consumer.position(tp) < stop:
            for record in (await consumer.getmany(tp, timeout_ms=1000)).get(tp, ()):
                if record.offset < stop:
                    yield record
    finally:
        await consumer.stop()
