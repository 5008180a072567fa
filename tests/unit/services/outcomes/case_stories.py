"""Builds one case for a test: what happened on which day, what was owed, which alerts were raised. All invented."""

from __future__ import annotations

import uuid
from typing import Any

from services.casework.domain.events import parse_event
from services.casework.domain.instants import DAY, format_instant, parse_day
from services.casework.domain.transitions import ObligationEnding
from services.outcomes.domain.history import AlertRun, CaseRecord, Obligation, Recorded

CASEWORKER = "5f0c1c1e-9a5e-4c69-8f5f-3f6f1f0f6a11"


def day(text: str) -> int:
    """The instant of `2026-03-12`, or of `2026-03-12 09:30`."""
    date, _, clock = text.partition(" ")
    hours, minutes = (clock or "00:00").split(":")
    return parse_day(date) + (int(hours) * 60 + int(minutes)) * 60_000


class Story:
    """`a_case().opened("2026-01-01").called("2026-01-05")`; each step is recorded when it happens unless said."""

    def __init__(self, number: int = 1, organisation: str = "organisation-1") -> None:
        self.case_id = str(uuid.UUID(int=number))
        self.organisation = organisation
        self._recorded: list[Recorded] = []
        self._obligations: list[Obligation] = []
        self._alerts: list[AlertRun] = []
        self._events = 0

    def event(
        self, kind: str, on: str, data: dict[str, Any] | None = None, *, recorded: str = "", event_id: str = ""
    ) -> Story:
        self._events += 1
        raw = {
            "event_id": event_id or self.event_id(self._events),
            "case_id": self.case_id,
            "type": kind,
            "occurred_at": format_instant(day(on)),
            "data": data or {},
        }
        self._recorded.append(Recorded(parse_event(raw, self.organisation), day(recorded or on)))
        return self

    def event_id(self, number: int) -> str:
        """The id of the number-th event of the story, counted from 1."""
        return str(uuid.UUID(int=int(self.case_id.replace("-", ""), 16) * 1000 + number))

    def opened(self, on: str, **attributes: Any) -> Story:
        required = {"source": "police", "pathway": "family", "district": "jashore", "caseworker_id": CASEWORKER}
        return self.event("case_opened", on, required | attributes)

    def updated(self, on: str, **attributes: Any) -> Story:
        return self.event("case_updated", on, attributes)

    def settled(self, on: str, pathway: str = "family", district: str = "jashore") -> Story:
        return self.event("settled", on, {"pathway": pathway, "district": district})

    def called(self, on: str, outcome: str = "reached", *, recorded: str = "") -> Story:
        return self.event("call", on, {"direction": "outgoing", "outcome": outcome}, recorded=recorded)

    def called_in(self, on: str, *, help_requested: bool = False, outcome: str = "reached") -> Story:
        data = {"direction": "incoming", "outcome": outcome, "help_requested": help_requested}
        return self.event("call", on, data)

    def job(self, on: str, status: str) -> Story:
        return self.event("job_placement", on, {"status": status})

    def training(self, on: str, status: str, kind: str = "vocational") -> Story:
        return self.event("training", on, {"kind": kind, "status": status})

    def closed(self, on: str, reason: str = "her_wish") -> Story:
        return self.event("case_closed", on, {"reason": reason})

    def reopened(self, on: str) -> Story:
        return self.event("case_reopened", on)

    def retracted(self, number: int, on: str, *, recorded: str = "") -> Story:
        """Takes back the number-th event of the story."""
        data = {"retracts": self.event_id(number), "reason": "typed_wrong"}
        return self.event("retraction", on, data, recorded=recorded)

    def owed(
        self,
        due: str,
        *,
        rule: str = "contact",
        since: str = "2026-01-01",
        met: str = "",
        ended: str = "",
        ending: ObligationEnding | None = None,
    ) -> Story:
        """An obligation; `met`: the satisfying fact; `ended`: the moment it ended, by default when met."""
        s = day(met) if met else None
        if s is not None:
            ending = ObligationEnding.SATISFIED_IN_TIME if s <= day(due) else ObligationEnding.SATISFIED_LATE
        ended_at = day(ended or met) if ended or met else None
        self._obligations.append(Obligation(rule, day(since), day(due), day(since), ended_at, ending, s))
        return self

    def alerted(self, on: str, *, ended: str = "", revision: int = 1) -> Story:
        alert_id = str(uuid.UUID(int=len(self._alerts) + 1))
        self._alerts.append(AlertRun(alert_id, revision, day(on), day(ended) if ended else None))
        return self

    @property
    def record(self) -> CaseRecord:
        in_log_order = sorted(self._recorded, key=lambda record: record.recorded_at)
        return CaseRecord(self.case_id, tuple(in_log_order), tuple(self._obligations), tuple(self._alerts))


def a_case(number: int = 1, organisation: str = "organisation-1") -> Story:
    return Story(number, organisation)


__all__ = ["CASEWORKER", "DAY", "ObligationEnding", "Story", "a_case", "day"]
