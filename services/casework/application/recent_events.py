"""The events seen last, so that most retries are recognised without asking anybody. Best effort by design."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from services.casework.domain.events import Event

KEPT: Final = 200_000


class RecentEvent(NamedTuple):
    """recorded_at: milliseconds; fingerprint: of what the event says, good within this process only."""

    recorded_at: int
    recorded_by: str
    fingerprint: int


@dataclass(slots=True)
class RecentEvents:
    """Bounded: the least lately added goes first. About 250 bytes an event.

    Of an id the first content stands; others that came under it are conflicts for people, and were recorded as well.
    """

    kept: int = KEPT
    _events: OrderedDict[bytes, RecentEvent] = field(default_factory=OrderedDict)
    _conflicts: OrderedDict[tuple[bytes, int], RecentEvent] = field(default_factory=OrderedDict)

    def __len__(self) -> int:
        return len(self._events)

    def add(self, event: Event, recorded_at: int) -> None:
        """What comes later under the same id changes nothing of what came first."""
        key = _key(event.case_id, event.event_id)
        added = RecentEvent(recorded_at, event.recorded_by, fingerprint(event))
        first = self._events.setdefault(key, added)
        if first.fingerprint != added.fingerprint:
            self._conflicts.setdefault((key, added.fingerprint), added)
        for events in (self._events, self._conflicts):
            if len(events) > self.kept:
                events.popitem(last=False)

    def find(self, case_id: str, event_id: str) -> RecentEvent | None:
        """The first of an id, whatever it says."""
        return self._events.get(_key(case_id, event_id))

    def same_as(self, event: Event) -> RecentEvent | None:
        """The first under the event's id that says the same."""
        key = _key(event.case_id, event.event_id)
        first = self._events.get(key)
        # Nearly every event is new: what it says is not worked out for nothing.
        if first is None:
            return None
        says = fingerprint(event)
        return first if first.fingerprint == says else self._conflicts.get((key, says))


def fingerprint(event: Event) -> int:
    """The same for two events that say the same. Differs from process to process."""
    return hash((event.type, event.occurred_at, event.organisation, repr(sorted(event.data.items()))))


def _key(case_id: str, event_id: str) -> bytes:
    return bytes.fromhex((case_id + event_id).replace("-", ""))
