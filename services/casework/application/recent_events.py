"""The events seen last, so that most retries are recognised without asking anybody. Best effort by design."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from sys import intern
from typing import Final, NamedTuple

from services.casework.domain.events import Event

KEPT: Final = 120_000
_PARTS: Final = 8


class RecentEvent(NamedTuple):
    """recorded_at: milliseconds; fingerprint: of what the event says, good within this process only."""

    recorded_at: int
    recorded_by: str
    fingerprint: int


@dataclass(slots=True)
class _Part:
    """Events that came one after another, by their key; and what else came under an id, by what it says."""

    firsts: dict[bytes, RecentEvent] = field(default_factory=dict)
    conflicts: dict[tuple[bytes, int], RecentEvent] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.firsts) + len(self.conflicts)


class RecentEvents:
    """Bounded, in eight parts: when the newest is full, the oldest goes as a whole. About 300 bytes an event.

    Of an id the first content stands; others that came under it are conflicts for people, and were recorded as well.
    """

    def __init__(self, kept: int = KEPT) -> None:
        """kept: events at most, eight or more; seven eighths of them are always kept."""
        self._of_a_part: Final = kept // _PARTS
        # The newest first, for most of what is sent again is sent again soon.
        self._parts = deque([_Part()], maxlen=_PARTS)

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def add(self, event: Event, recorded_at: int) -> None:
        """What comes later under the same id changes nothing of what came first."""
        key = _key(event.case_id, event.event_id)
        added = RecentEvent(recorded_at, intern(event.recorded_by), fingerprint(event))
        newest = self._parts[0]
        if (first := self._first(key)) is None:
            newest.firsts[key] = added
        elif first.fingerprint != added.fingerprint and self._conflict(key, added.fingerprint) is None:
            newest.conflicts[key, added.fingerprint] = added
        if len(newest) >= self._of_a_part:
            self._parts.appendleft(_Part())

    def find(self, case_id: str, event_id: str) -> RecentEvent | None:
        """The first of an id, whatever it says."""
        return self._first(_key(case_id, event_id))

    def same_as(self, event: Event) -> RecentEvent | None:
        """The first under the event's id that says the same."""
        key = _key(event.case_id, event.event_id)
        first = self._first(key)
        # Nearly every event is new: what it says is not worked out for nothing.
        if first is None:
            return None
        says = fingerprint(event)
        return first if first.fingerprint == says else self._conflict(key, says)

    def _first(self, key: bytes) -> RecentEvent | None:
        for part in self._parts:
            if (found := part.firsts.get(key)) is not None:
                return found
        return None

    def _conflict(self, key: bytes, says: int) -> RecentEvent | None:
        for part in self._parts:
            if (found := part.conflicts.get((key, says))) is not None:
                return found
        return None


def fingerprint(event: Event) -> int:
    """The same for two events that say the same. Differs from process to process."""
    return hash((event.type, event.occurred_at, event.organisation, repr(sorted(event.data.items()))))


def _key(case_id: str, event_id: str) -> bytes:
    return bytes.fromhex((case_id + event_id).replace("-", ""))
