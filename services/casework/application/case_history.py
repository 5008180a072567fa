"""What was recorded of cases, as the tables tell it: the port that reads stand on.

The tables follow the log by seconds; how far they have come is part of every answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.casework.domain.events import Event


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event and where the log has it. Instants in milliseconds."""

    event: Event
    recorded_at: int
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """Other content came under an event_id that was taken; the first one stands."""

    event_id: str
    recorded_at: int
    recorded_by: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record of the case that cannot be read: put aside on its way into the tables, or of a newer version."""

    partition: int
    offset: int
    reason: str
    seen_at: int


class CaseHistory(Protocol):
    """Every method raises HistoryAway when the tables cannot be read: never an empty answer instead."""

    async def events_of(self, case_ids: Sequence[str], organisation: str) -> Mapping[str, Sequence[RecordedEvent]]:
        """The events of cases, each once, in the order of the log. A case without events has no entry.

        One that cannot be read is left out here, and told by `unreadable_of`.
        """
        ...

    async def conflicts_of(self, case_id: str) -> Sequence[Conflict]: ...

    async def unreadable_of(self, case_id: str) -> Sequence[Unreadable]: ...

    async def recorder_of(self, case_id: str, event_id: str) -> str | None:
        """The account that recorded an event; None when the tables do not have it."""
        ...

    async def read_until(self) -> int | None:
        """The instant up to which every partition is in the tables; None when that is not known."""
        ...
