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
    """Bounded: the least lately added goes first. About 250 bytes an event."""

    kept: int = KEPT
    _events: OrderedDict[bytes, RecentEvent] = field(default_factory=OrderedDict)

    def __len__(self) -> int:
        return len(self._events)

    def add(self, event: Event, recorded_at: int) -> None:
        """The first of an id stands; what comes later under the same id changes nothing."""
        key = _key(event.case_id, event.event_id)
        if key in self._events:
            return
        self._events[key] = RecentEvent(recorded_at, event.recorded_by, fingerprint(event))
        if len(self._events) > self.kept:
            self._events.popitem(last=False)

    def find(self, case_id: str, event_id: str) -> RecentEvent | None:
        return self._events.get(_key(case_id, event_id))


def fingerprint(event: Event) -> int:
    """The same for two events that say the same. Differs from process to process."""
    return hash((event.type, event.occurred_at, event.organisation, repr(sorted(event.data.items()))))


def _key(case_id: str, event_id: str) -> bytes:
    return bytes.fromhex((case_id + event_id).replace("-", ""))
