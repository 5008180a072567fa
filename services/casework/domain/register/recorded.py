"""The events that a line becomes, that begin her follow-up, and that take it all back: always under the same ids.

Her contact is paused before her case is opened, so that at no moment anything is owed that nobody was told of. Taking
back says of every event that it never was, and then that she is forgotten: that is what makes the vault erase who she
is, also one that is brought back from a time before.
"""

from __future__ import annotations

from typing import Final, NamedTuple
from uuid import UUID, uuid5

from services.casework.domain.instants import DAY, format_instant
from services.casework.domain.register.lines import Line

PAUSED_FOR: Final = 90 * DAY
_PAUSED, _OPENED, _SETTLED = "contact_paused", "case_opened", "settled"
Json = dict[str, object]


class Place(NamedTuple):
    """A line of an import that was recorded: enough to name its case and its events."""

    import_id: str
    line: int
    is_settled: bool

    @property
    def case_id(self) -> str:
        return self._id("case")

    def _id(self, what: str) -> str:
        return str(uuid5(UUID(self.import_id), f"{self.line}|{what}"))

    def event(self, what: str, kind: str, occurred_at: int, data: Json) -> Json:
        return {
            "event_id": self._id(what),
            "case_id": self.case_id,
            "type": kind,
            "occurred_at": format_instant(occurred_at),
            "data": data,
        }

    def event_id(self, kind: str) -> str:
        return self._id(kind)


def place_of(import_id: str, line: Line) -> Place:
    return Place(import_id, line.number, line.settled_on is not None)


def opening_events(import_id: str, line: Line, at: int) -> list[Json]:
    """at: when the import was started, in milliseconds."""
    place = place_of(import_id, line)
    until = format_instant(at + PAUSED_FOR)
    paused = place.event(_PAUSED, _PAUSED, at, {"until": until, "reason": "import"})
    opened = place.event(_OPENED, _OPENED, line.opened_on, dict(line.opening))
    return [paused, opened, *_settled(place, line)]


def _settled(place: Place, line: Line) -> list[Json]:
    if line.settled_on is None:
        return []
    data: Json = {name: line.opening[name] for name in ("pathway", "district", "upazila") if name in line.opening}
    return [place.event(_SETTLED, _SETTLED, line.settled_on, data)]


def follow_up_event(place: Place, at: int) -> Json:
    return place.event("contact_resumed", "contact_resumed", at, {})


def retractions(place: Place, at: int) -> list[Json]:
    """The opening first and the pause last: nothing is owed in between."""
    kinds = (_OPENED, *((_SETTLED,) if place.is_settled else ()), _PAUSED)
    return [
        place.event(f"retraction of {kind}", "retraction", at, {"retracts": place.event_id(kind), "reason": "other"})
        for kind in kinds
    ]


def erasure(place: Place, at: int) -> Json:
    return place.event("survivor_erased", "survivor_erased", at, {})
