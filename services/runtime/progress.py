"""Whether reading goes on: a place in the log that stands still while the log grows is not ready, if all else is well.

Pure: `now` is an argument (milliseconds), positions and ends are offsets of the next record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

STANDS_STILL_AFTER: Final = 45_000
"""Milliseconds at one position, with more to read, after which nobody works any more."""

UNKNOWN_AFTER: Final = 30_000
"""Milliseconds without an answer from the log about where it ends."""

Place = tuple[str, int]
"""A topic and one of its partitions."""


class NotReady(Exception):
    """For /readyz. The message says of positions and instants only, and is shown to whoever asks at the own port."""


@dataclass(frozen=True, slots=True)
class Standstill:
    """position: the next offset to read; end: where the partition ends; since: when it was seen there first."""

    topic: str
    partition: int
    position: int
    end: int
    since: int


class ProgressWatch:
    """Told again and again where reading is and how far the log reaches."""

    def __init__(self, now: int) -> None:
        self._noted_at = now
        self._behind: dict[Place, Standstill] = {}

    def note(self, now: int, positions: Mapping[Place, int], ends: Mapping[Place, int]) -> None:
        """A place that is not among `positions` is not ours to read any more."""
        self._noted_at = now
        before, self._behind = self._behind, {}
        for place, position in positions.items():
            end = ends.get(place, position)
            if position >= end:
                continue
            known = before.get(place)
            since = known.since if known is not None and known.position == position else now
            self._behind[place] = Standstill(*place, position, end, since)

    def standstills(self, now: int) -> list[Standstill]:
        return [found for found in self._behind.values() if now - found.since > STANDS_STILL_AFTER]

    def require(self, now: int) -> None:
        """Raises NotReady, naming each place that stands still."""
        if now - self._noted_at > UNKNOWN_AFTER:
            raise NotReady("the log has not said where it ends for too long")
        still = self.standstills(now)
        if still:
            raise NotReady("; ".join(_said(found, now) for found in still))


def _said(found: Standstill, now: int) -> str:
    seconds = (now - found.since) // 1000
    return (
        f"{found.topic} partition {found.partition} stands at {found.position} of {found.end} "
        f"and has not moved for {seconds} seconds"
    )
