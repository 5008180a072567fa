"""When the log got a record: the one reckoning of `recorded_at` that detector, sink and replay of a topic share.

`recorded_at` of a record is the later of its timestamp and the recorded_at of the record before it in the partition,
so that along a partition time never runs backwards. A partition that a loader or a restore began (its record at offset
0 carries a `recorded_at` header) is *in history* until its HistoryEnds record has been read: so long the header of a
record counts instead of its timestamp. Headers anywhere else mean nothing.

A record without a header inside history counts with its timestamp: a loader that broke off must not make time stand
still, for then nobody would be missed any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

RECORDED_AT_HEADER: Final = "recorded_at"
_MOST_DIGITS: Final = 15


@dataclass(frozen=True, slots=True)
class LogTime:
    """How far the time of one partition has come; with it a reader goes on exactly where another left off.

    newest: recorded_at of the last record read, milliseconds. offset: of that record, -1 when none has been read.
    """

    newest: int = 0
    in_history: bool = False
    offset: int = -1


def header_instant(headers: Iterable[tuple[str, bytes]]) -> int | None:
    """Milliseconds of the `recorded_at` header (ASCII digits); None without one, or when it says anything else."""
    for name, value in headers:
        if name == RECORDED_AT_HEADER:
            return int(value) if value.isdigit() and len(value) <= _MOST_DIGITS else None
    return None


class PartitionTime:
    """Works out recorded_at, record by record, in the order of the partition."""

    __slots__ = ("_in_history", "_newest", "_offset")

    def __init__(self) -> None:
        self._newest, self._in_history, self._offset = 0, False, -1

    @classmethod
    def restore(cls, state: LogTime) -> PartitionTime:
        """Goes on after the record at `state.offset`."""
        time = cls()
        time._newest, time._in_history, time._offset = state.newest, state.in_history, state.offset
        return time

    @property
    def offset(self) -> int:
        """Of the last record read, -1 when none has been."""
        return self._offset

    @property
    def newest(self) -> int:
        """recorded_at of the last record read, milliseconds; 0 when none has been."""
        return self._newest

    @property
    def state(self) -> LogTime:
        return LogTime(self._newest, self._in_history, self._offset)

    def next(self, offset: int, timestamp_ms: int, header_ms: int | None, is_history_end: bool) -> int:
        """recorded_at of the record at `offset`, milliseconds since 1970 UTC.

        Raises ValueError when the record was read before: time worked out twice would be another time.
        """
        if offset <= self._offset:
            raise ValueError(f"offset {offset} comes after {self._offset}, which was read already")
        if offset == 0:
            self._in_history = header_ms is not None
        counted = header_ms if self._in_history and header_ms is not None else timestamp_ms
        self._newest = max(self._newest, counted)
        if is_history_end:
            self._in_history = False
        self._offset = offset
        return self._newest
