"""The events seen last, so that most retries are recognised without asking anybody. Best effort by design."""

from __future__ import annotations

from dataclasses import dataclass, field
from sys import intern
from typing import Final, NamedTuple

from services.casework.domain.events import Event

KEPT: Final = 200_000


class RecentEvent(NamedTuple):
    """recorded_at: milliseconds; fingerprint: of what the event says, good within this process only."""

    recorded_at: int
    recorded_by: str
    fingerprint: int


@dataclass(slots=True)
class _Half:
    """Events that came one after another, by their key; and what else came under an id, by what it says."""

    firsts: dict[bytes, RecentEvent] = field(default_factory=dict)
    conflicts: dict[tuple[bytes, int], RecentEvent] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.firsts) + len(self.conflicts)


@dataclass(slots=True)
class RecentEvents:
    """Bounded, by two halves: when one is full, the one before it goes as a whole. About 300 bytes an event.

    Of an id the first content stands; others that came under it are conflicts for people, and were recorded as well.
    """

    kept: int = KEPT
    _newer: _Half = field(default_factory=_Half)
    _older: _Half = field(default_factory=_Half)

    def __len__(self) -> int:
        return len(self._newer) + len(self._older)

    def add(self, event: Event, recorded_at: int) -> None:
        """What comes later under the same id changes nothing of what came first."""
        key = _key(event.case_id, event.event_id)
        added = RecentEvent(recorded_at, intern(event.recorded_by), fingerprint(event))
        if (first := self._first(key)) is None:
            self._newer.firsts[key] = added
        elif first.fingerprint != added.fingerprint and self._conflict(key, added.fingerprint) is None:
            self._newer.conflicts[key, added.fingerprint] = added
        if 2 * len(self._newer) >= self.kept:
            self._older, self._newer = self._newer, _Half()

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
        return self._newer.firsts.get(key) or self._older.firsts.get(key)

    def _conflict(self, key: bytes, says: int) -> RecentEvent | None:
        return self._newer.conflicts.get((key, says)) or self._older.conflicts.get((key, says))


def fingerprint(event: Event) -> int:
    """The same for two events that say the same. Differs from process to process."""
    return hash((event.type, event.occurred_at, event.organisation, repr(sorted(event.data.items()))))


def _key(case_id: str, event_id: str) -> bytes:
    return bytes.fromhex((case_id + event_id).replace("-", ""))
