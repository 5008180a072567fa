"""What casework answers, as the staff's pages read it. A shape that is not this raises KeyError or the like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.casework.domain.event_types import NOTE_ID
from services.web.backends import Json
from services.web.faces import Freshness

GROUPS: Final = ("call_now", "call_today", "unreachable", "visit", "waiting")
"""The order in which a day is worked."""


@dataclass(frozen=True, slots=True)
class WorklistLine:
    """One case of the day. reason: why it stands here, in words; due: by when, None when nothing is owed."""

    case_id: str
    code: str
    state: str
    group: str
    reason: str
    rule_ids: tuple[str, ...]
    due_by: str | None
    overdue_since: str | None
    last_contact_at: str | None
    attempts: int
    open_alerts: int
    risk: str | None
    district: str
    upazila: str

    @staticmethod
    def of(told: Json) -> WorklistLine:
        return WorklistLine(
            told["case_id"],
            told["code"],
            told["state"],
            told["group"],
            told["reason"],
            tuple(told["rule_ids"]),
            told["due_by"],
            told["overdue_since"],
            told["last_contact_at"],
            int(told["attempts_since_contact"]),
            len(told["open_alerts"]),
            told["risk"],
            told["district"] or "",
            told["upazila"] or "",
        )


@dataclass(frozen=True, slots=True)
class Worklist:
    """next_cursor: there are more lines. incomplete: the scope has more cases than were looked at."""

    lines: tuple[WorklistLine, ...]
    next_cursor: str | None
    incomplete: bool
    freshness: Freshness

    @staticmethod
    def of(answer: Json) -> Worklist:
        lines = tuple(WorklistLine.of(item) for item in answer["items"])
        return Worklist(lines, answer["next_cursor"], bool(answer["incomplete"]), Freshness.of(answer))

    @property
    def to_do(self) -> int:
        """How many cases of the lines want something today."""
        return sum(line.group != "waiting" for line in self.lines)

    def grouped(self) -> list[tuple[str, list[WorklistLine]]]:
        """The groups that have lines, in the order of the day; a group that is new to the page comes first."""
        names = dict.fromkeys([line.group for line in self.lines if line.group not in GROUPS] + list(GROUPS))
        found = [(name, [line for line in self.lines if line.group == name]) for name in names]
        return [(name, lines) for name, lines in found if lines]


@dataclass(frozen=True, slots=True)
class Owed:
    """One thing owed to a case: what, why, by when, and whether that has passed."""

    rule_id: str
    title: str
    severity: str
    reason: str
    due_by: str
    is_overdue: bool
    is_alert: bool

    @staticmethod
    def of(told: Json) -> Owed:
        return Owed(
            told["rule_id"],
            told["title"],
            told["severity"],
            told["reason"],
            told["due_by"],
            bool(told["overdue"]),
            told["alert_id"] is not None,
        )


@dataclass(frozen=True, slots=True)
class CaseView:
    case_id: str
    code: str
    state: str
    summary: str
    caseworker_id: str | None
    paused_until: str | None
    attributes: Mapping[str, object]
    owed: tuple[Owed, ...]
    last_contact_at: str | None
    attempts: int
    freshness: Freshness

    @staticmethod
    def of(answer: Json) -> CaseView:
        return CaseView(
            answer["case_id"],
            answer["code"],
            answer["state"],
            answer["summary"],
            answer["caseworker_id"],
            answer["paused_until"],
            answer["attributes"],
            tuple(Owed.of(owed) for owed in answer["owed"]),
            answer["last_contact_at"],
            int(answer["attempts_since_contact"]),
            Freshness.of(answer),
        )


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One event. conflicts: how often other content came under its id; the first one stands."""

    event_id: str
    type: str
    occurred_at: str
    recorded_at: str
    recorded_by: str
    data: Mapping[str, object]
    is_retracted: bool
    is_late: bool
    conflicts: int

    @property
    def note_id(self) -> str:
        """Of the words about it, "" when it has none."""
        return str(self.data.get(NOTE_ID, ""))

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
            bool(told["late"]),
            len(told["conflicts"]),
        )


@dataclass(frozen=True, slots=True)
class Timeline:
    """The latest first. unreadable: how many records of the case could not be read."""

    entries: tuple[TimelineEntry, ...]
    next_cursor: str | None
    unreadable: int

    @staticmethod
    def of(answer: Json) -> Timeline:
        entries = tuple(TimelineEntry.of(item) for item in answer["items"])
        return Timeline(entries, answer["next_cursor"], len(answer["unreadable"]))

    @property
    def has_words(self) -> bool:
        return any(entry.note_id for entry in self.entries)
