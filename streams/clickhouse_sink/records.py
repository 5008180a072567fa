"""A record as it was delivered: raw bytes and where they stand."""

from __future__ import annotations

from dataclasses import dataclass

from aiokafka import ConsumerRecord

from services.casework.domain.log_time import header_instant


@dataclass(frozen=True, slots=True)
class LogRecord:
    """timestamp_ms: the broker's. header_ms: the loader's `recorded_at`, None without one."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    header_ms: int | None
    key: bytes | None
    value: bytes | None


def record_of(record: ConsumerRecord, topic: str) -> LogRecord:
    """topic: as people know it, whichever generation is read."""
    return LogRecord(
        topic,
        record.partition,
        record.offset,
        record.timestamp,
        header_instant(record.headers),
        record.key,
        record.value,
    )
