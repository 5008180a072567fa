"""What casework answers, as the staff's pages read it. A shape that is not this raises KeyError or the like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.casework.domain.case_code import case_code
from services.web.backends import Json
from services.web.catalogue import Language
from services.web.faces import Freshness

GROUPS: Final = ("call_now", "call_today", "visit", "unreachable", "waiting")
"""The order in which a day is worked."""


@dataclass(frozen=True, slots=True)
class Owed:
    """One thing owed to a case: what, by when, and whether that has passed."""

    rule_id: str
    title: str
    due: str
    is_overdue: bool
    severity: str

    @staticmethod
    def of(told: Json, language: Language) -> Owed:
        return Owed(
            told["rule_id"], told["title"][language], told["due"], bool(told["overdue"]), told["severity"]
        )


@dataclass(frozen=True, slots=True)
class WorklistLine:
    case_id: str
    code: str
    group: str
    owed: tuple[Owed, ...]
    attempts: int
    last_contact_at: str | None
    risk: str | None
    district: str
    upazila: str

    @staticmethod
    def of(told: Json, language: Language) -> WorklistLine:
        return WorklistLine(
            told["case_id"],
            case_code(told["case_id"]),
            told["group"],
            tuple(Owed.of(owed, language) for owed in told["obligations"]),
            int(told["attempts"]),
            told["last_contact_at"],
            told["risk"],
            told["district"] or "",
            told["upazila"] or "",
        )


@dataclass(frozen=True, slots=True)
class Worklist:
    lines: tuple[WorklistLine, ...]
    freshness: Freshness

    @staticmethod
    def of(answer: Json, language: Language) -> Worklist:
        return Worklist(tuple(WorklistLine.of(item, language) for item in answer["items"]), Freshness.of(answer))

    def grouped(self) -> list[tuple[str, list[WorklistLine]]]:
        """The groups that have lines, in the order of the day; a group nobody knows of comes first, not last."""
        names = dict.fromkeys([line.group for line in self.lines if line.group not in GROUPS] + list(GROUPS))
        found = [(name, [line for line in self.lines if line.group == name]) for name in names]
        return [(name, lines) for name, lines in found if lines]


@dataclass(frozen=True, slots=True)
class CaseView:
    case_id: str
    code: str
    state: str
    paused_until: str | None
    attributes: Mapping[str, object]
    owed: tuple[Owed, ...]
    freshness: Freshness

    @staticmethod
    def of(answer: Json, language: Language) -> CaseView:
        return CaseView(
            answer["case_id"],
            case_code(answer["case_id"]),
            answer["state"],
            answer["paused_until"],
            answer["attributes"],
            tuple(Owed.of(owed, language) for owed in answer["obligations"]),
            Freshness.of(answer),
        )


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One event. is_conflict: its id was used again for other content, and the first one stands."""

    event_id: str
    type: str
    occurred_at: str
    recorded_at: str
    recorded_by: str
    data: Mapping[str, object]
    is_retracted: bool
    is_conflict: bool

    @staticmethod
    def of(told: Json) -> TimelineEntry:
        return TimelineEntry(
            told["event_id"],
            told["type"],
            told["occurred_at"],
            told["recorded_at"],
            told["recorded_by"],
            told["data"],
            bool(told["retracted"]),
            bool(told["conflict"]),
        )


@dataclass(frozen=True, slots=True)
class Timeline:
    """The latest first. unreadable: how many records of the case could not be read."""

    entries: tuple[TimelineEntry, ...]
    unreadable: int

    @staticmethod
    def of(answer: Json) -> Timeline:
        entries = sorted((TimelineEntry.of(item) for item in answer["items"]), key=lambda entry: entry.occurred_at)
        return Timeline(tuple(reversed(entries)), int(answer["unreadable"]))
