"""A record as it was delivered: raw bytes and where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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


def record_of(message: Any, topic: str) -> LogRecord:
    """The record of a Faust message that is read raw. topic: as people know it, whichever generation is read."""
    headers = message.headers or ()
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return LogRecord(
        topic,
        message.partition,
        message.offset,
        # Faust keeps seconds as a float; a millisecond is far above what it loses.
        round(message.timestamp * 1000),
        header_instant(pairs),
        message.key,
        message.value,
    )
