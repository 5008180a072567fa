"""The tables in memory: the twin of the ClickHouse history, for tests of what is read from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.casework.application.case_history import Conflict, RecordedEvent, Unreadable
from services.casework.application.errors import HistoryAway


@dataclass(slots=True)
class MemoryHistory:
    """While `away` is set nothing can be read."""

    events: list[RecordedEvent] = field(default_factory=list)
    conflicts: dict[str, list[Conflict]] = field(default_factory=dict)
    unreadable: dict[str, list[Unreadable]] = field(default_factory=dict)
    until: int | None = None
    away: bool = False

    async def events_of(self, case_ids: Sequence[str], organisation: str) -> Mapping[str, Sequence[RecordedEvent]]:
        self._require_here()
        found: dict[str, list[RecordedEvent]] = {}
        seen: set[tuple[str, str]] = set()
        for recorded in sorted(self.events, key=lambda known: (known.partition, known.offset)):
            event = recorded.event
            identity = (event.case_id, event.event_id)
            if event.case_id in case_ids and event.organisation == organisation and identity not in seen:
                seen.add(identity)
                found.setdefault(event.case_id, []).append(recorded)
        return found

    async def conflicts_of(self, case_id: str) -> Sequence[Conflict]:
        self._require_here()
        return self.conflicts.get(case_id, [])

    async def unreadable_of(self, case_id: str) -> Sequence[Unreadable]:
        self._require_here()
        return self.unreadable.get(case_id, [])

    async def recorder_of(self, case_id: str, event_id: str) -> str | None:
        self._require_here()
        known = (recorded.event for recorded in self.events if recorded.event.case_id == case_id)
        return next((event.recorded_by for event in known if event.event_id == event_id), None)

    async def read_until(self) -> int | None:
        self._require_here()
        return self.until

    def _require_here(self) -> None:
        if self.away:
            raise HistoryAway
