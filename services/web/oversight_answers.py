"""What casework answers about cases that no alert tells of, and about everybody's load, as the pages read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.web.backends import Json
from services.web.faces import Freshness


class Oversight(StrEnum):
    """The lists, by casework's names for them."""

    PAUSED = "paused"
    SHORT_PAUSES = "short_pauses"
    UNOPENED = "unopened"
    UNOWNED = "unowned"


@dataclass(frozen=True, slots=True)
class Pause:
    since: str
    until: str
    reason: str
    recorded_by: str
    is_short: bool
    ends_soon: bool

    @staticmethod
    def of(told: Json) -> Pause:
        reason, by = told["reason"] or "", told["recorded_by"] or ""
        return Pause(told["since"], told["until"], reason, by, told["short"] is True, told["ends_soon"] is True)


@dataclass(frozen=True, slots=True)
class OverseenCase:
    """since: of what puts it on the list, None when that is not known."""

    case_id: str
    code: str
    caseworker_id: str
    district: str
    upazila: str
    state: str
    since: str | None
    pause: Pause | None

    @staticmethod
    def of(told: Json) -> OverseenCase:
        return OverseenCase(
            told["case_id"],
            told["code"],
            told["caseworker_id"] or "",
            told["district"] or "",
            told["upazila"] or "",
            told["state"],
            told["since"],
            None if told["pause"] is None else Pause.of(told["pause"]),
        )


@dataclass(frozen=True, slots=True)
class CaseList:
    """case_count, unread: of all pages. imported: all that wait, unwatched, for somebody to start their follow-up, also
    where the list is incomplete."""

    cases: tuple[OverseenCase, ...]
    next_cursor: str | None
    case_count: int
    unread: int
    imported: int
    incomplete: bool
    freshness: Freshness

    @staticmethod
    def of(answer: Json) -> CaseList:
        counts = answer["counts"]
        return CaseList(
            tuple(OverseenCase.of(item) for item in answer["items"]),
            answer["next_cursor"],
            int(counts["cases"]),
            int(counts["unread"]),
            int(counts["imported"]),
            bool(answer["incomplete"]),
            Freshness.of(answer),
        )


@dataclass(frozen=True, slots=True)
class Load:
    """Cases that somebody has now; caseworker_id "" is nobody."""

    caseworker_id: str
    open: int
    paused: int
    overdue: int
    unknown: int

    @staticmethod
    def of(told: Json) -> Load:
        numbers = (int(told[name]) for name in ("open", "paused", "overdue", "unknown"))
        return Load(told["caseworker_id"] or "", *numbers)


@dataclass(frozen=True, slots=True)
class Loads:
    """by_caseworker has everybody who has a case. incomplete: there are more cases than were counted."""

    by_caseworker: Mapping[str, Load]
    incomplete: bool
    freshness: Freshness

    @staticmethod
    def of(answer: Json) -> Loads:
        loads = (Load.of(item) for item in answer["items"])
        return Loads({load.caseworker_id: load for load in loads}, bool(answer["incomplete"]), Freshness.of(answer))

    def load_of(self, caseworker_id: str) -> Load:
        return self.by_caseworker.get(caseworker_id, Load(caseworker_id, 0, 0, 0, 0))
