"""The latest transitions in the order of their partitions: what a stream goes on from.

Holds each (alert_id, revision) once, at the offset where it stood first, so that a reader who goes on from a position
is told each exactly once, whatever was appended twice.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from services.alerting.domain.position import Mark, Position
from services.casework.domain.transitions import AlertTransition
from services.runtime.topics import PARTITIONS

MOST_TO_CATCH_UP: Final = 20_000
"""Transitions that are kept for those who go on; who is farther behind is better served by a new list.

Reading that list takes a while, too: the bound must leave more than comes meanwhile, or she would begin again for ever.
"""


class CannotContinue(Exception):
    """From this position nothing can be told without a gap: read the list anew."""


@dataclass(slots=True)
class _Partition:
    """forgotten_until: of what stood before this offset nothing is kept."""

    next_offset: int = 0
    fingerprint: bytes = b""
    forgotten_until: int = 0
    offsets: list[int] = field(default_factory=list)
    transitions: list[AlertTransition] = field(default_factory=list)

    def forget_oldest(self) -> None:
        self.forgotten_until = self.offsets.pop(0) + 1
        del self.transitions[0]

    def between(self, start: int, end: int) -> list[tuple[int, AlertTransition]]:
        some = slice(bisect_left(self.offsets, start), bisect_left(self.offsets, end))
        return list(zip(self.offsets[some], self.transitions[some], strict=True))


class TransitionLog:
    """Append in the order of offsets; read from any position that is not too far back."""

    def __init__(self, most: int = MOST_TO_CATCH_UP) -> None:
        """most: transitions that are kept, of all partitions together the latest."""
        self._most = most
        self._kept = 0
        self._partitions = tuple(_Partition() for _ in range(PARTITIONS))

    def note_read(self, partition: int, offset: int, first_fingerprint: bytes) -> None:
        """The record at `offset` was read. `first_fingerprint` counts for the first record of a partition alone."""
        known = self._partitions[partition]
        if not known.fingerprint:
            known.fingerprint = first_fingerprint
        known.next_offset = offset + 1

    def append(self, partition: int, offset: int, transition: AlertTransition) -> None:
        """The record just noted said something new."""
        known = self._partitions[partition]
        known.offsets.append(offset)
        known.transitions.append(transition)
        self._kept += 1
        if self._kept > self._most:
            # The partitions may be read one after the other: the oldest by its own time goes, not the first that came.
            min(filter(_has_some, self._partitions), key=_oldest_at).forget_oldest()
            self._kept -= 1

    def next_offset(self, partition: int) -> int:
        return self._partitions[partition].next_offset

    def needs_fingerprint(self, partition: int) -> bool:
        return not self._partitions[partition].fingerprint

    def position(self) -> Position:
        """The end of what was read."""
        return Position(tuple(Mark(known.next_offset, known.fingerprint) for known in self._partitions))

    def after(self, position: Position) -> Iterator[tuple[Position, AlertTransition]]:
        """Each transition from `position` to the present end, with the position right after it.

        What is appended or forgotten while it is read changes nothing. Raises CannotContinue, before the first, for a
        position in another log, beyond the end, or too far back.
        """
        self._require_continuable(position)
        return self._walk(
            position,
            [
                known.between(mark.next_offset, known.next_offset)
                for mark, known in zip(position.marks, self._partitions, strict=True)
            ],
        )

    def _require_continuable(self, position: Position) -> None:
        for mark, known in zip(position.marks, self._partitions, strict=True):
            if mark.next_offset > known.next_offset:
                raise CannotContinue("the position is beyond what has been read")
            if mark.next_offset and mark.fingerprint != known.fingerprint:
                raise CannotContinue("the position is in another log")
            if mark.next_offset < known.forgotten_until:
                raise CannotContinue(f"more than {self._most} transitions came in between")

    def _walk(
        self, start: Position, told: list[list[tuple[int, AlertTransition]]]
    ) -> Iterator[tuple[Position, AlertTransition]]:
        marks = list(start.marks)
        for number, (known, some) in enumerate(zip(self._partitions, told, strict=True)):
            for offset, transition in some:
                marks[number] = Mark(offset + 1, known.fingerprint)
                yield Position(tuple(marks)), transition


def _has_some(known: _Partition) -> bool:
    return bool(known.offsets)


def _oldest_at(known: _Partition) -> int:
    return known.transitions[0].at
