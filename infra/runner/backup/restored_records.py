"""What a restore writes for what a backup has, so that readers reckon the same time and find the same offsets. Pure.

A restored partition is a history from its first record to a `history_ends` after its last: within it every record
counts with its `recorded_at` header. A `history_ends` inside would end that too early, so a `clock` stands in its
place, which says as little; and `clock`s stand where an offset holds no record (a transaction's marker), so that what
follows keeps its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import DecodeError
from reintegration.v1 import log_pb2

from infra.runner.backup.reckoning import ends_history
from infra.runner.backup.record_files import KeptRecord
from infra.runner.log_records import Headers
from services.casework.codec import encode_clock, encode_history_ends
from services.casework.domain.log_time import RECORDED_AT_HEADER

_CLOCK: Final = encode_clock()


@dataclass(frozen=True, slots=True)
class RestoredRecord:
    """recorded_at: as readers will reckon it; None for the last, which counts with the time at which it is written."""

    offset: int
    recorded_at: int | None
    key: bytes | None
    value: bytes | None
    headers: Headers


def restored_partition(records: Iterable[KeptRecord]) -> Iterator[RestoredRecord]:
    """What to write into an empty partition of the log, in this order and nothing between it."""
    next_offset, newest = 0, 0
    for record in records:
        for offset in range(next_offset, record.offset):
            yield RestoredRecord(offset, newest, None, _CLOCK, [_header(newest)])
        newest = record.recorded_at
        value = _CLOCK if _may_end_history(record.value) and ends_history(record.value) else record.value
        # A header of this name meant nothing any more, or it meant the same.
        others = [(name, content) for name, content in record.headers if name != RECORDED_AT_HEADER]
        yield RestoredRecord(record.offset, newest, record.key, value, [_header(newest), *others])
        next_offset = record.offset + 1
    yield RestoredRecord(next_offset, None, None, encode_history_ends(), [])


def _header(instant: int) -> tuple[str, bytes]:
    return RECORDED_AT_HEADER, str(instant).encode()


def _may_end_history(value: bytes | None) -> bool:
    """Cheaper than reading it all, and never wrong when it says no."""
    try:
        return log_pb2.Envelope.FromString(value or b"").HasField("history_ends")
    except DecodeError:
        return False
