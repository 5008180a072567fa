"""The transitions in the order of their partitions, as far as they were read: what a stream goes on from.

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
"""Transitions between a position and the end; who is farther behind is better served by a new list.

Reading that list takes a while, too: the bound must leave more than comes meanwhile, or she would begin again for ever.
"""


class CannotContinue(Exception):
    """From this position nothing can be told without a gap: read the list anew."""


@dataclass(slots=True)
class _Partition:
    next_offset: int = 0
    fingerprint: bytes = b""
    offsets: list[int] = field(default_factory=list)
    transitions: list[AlertTransition] = field(default_factory=list)

    def number_after(self, next_offset: int) -> int:
        return len(self.offsets) - bisect_left(self.offsets, next_offset)


class TransitionLog:
    """Append in the order of offsets; read from any position."""

    def __init__(self) -> None:
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

    def next_offset(self, partition: int) -> int:
        return self._partitions[partition].next_offset

    def needs_fingerprint(self, partition: int) -> bool:
        return not self._partitions[partition].fingerprint

    def position(self) -> Position:
        """The end of what was read."""
        return Position(tuple(Mark(known.next_offset, known.fingerprint) for known in self._partitions))

    def after(self, position: Position) -> Iterator[tuple[Position, AlertTransition]]:
        """Each transition from `position` to the present end, with the position right after it.

        Raises CannotContinue, before the first, for a position in another log, beyond the end, or too far back.
        """
        self._require_continuable(position)
        return self._walk(position, self.position())

    def everything(self) -> Iterator[tuple[Position, AlertTransition]]:
        """From the first transition to the present end, however many."""
        return self._walk(Position(tuple(Mark(0, b"") for _ in self._partitions)), self.position())

    def _require_continuable(self, position: Position) -> None:
        behind = 0
        for mark, known in zip(position.marks, self._partitions, strict=True):
            if mark.next_offset == 0:
                behind += len(known.offsets)
                continue
            if mark.next_offset > known.next_offset:
                raise CannotContinue("the position is beyond what has been read")
            if mark.fingerprint != known.fingerprint:
                raise CannotContinue("the position is in another log")
            behind += known.number_after(mark.next_offset)
        if behind > MOST_TO_CATCH_UP:
            raise CannotContinue(f"more than {MOST_TO_CATCH_UP} transitions came in between")

    def _walk(self, start: Position, end: Position) -> Iterator[tuple[Position, AlertTransition]]:
        marks = list(start.marks)
        for number, known in enumerate(self._partitions):
            stop = bisect_left(known.offsets, end.marks[number].next_offset)
            for place in range(bisect_left(known.offsets, marks[number].next_offset), stop):
                marks[number] = Mark(known.offsets[place] + 1, known.fingerprint)
                yield Position(tuple(marks)), known.transitions[place]
