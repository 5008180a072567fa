"""Cases as staff record them through the public origin, and what they read there. Nobody here is real."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import uuid4

import httpx

from services.access.demo_people import DemoPerson
from services.access.domain.permissions import Area
from services.casework.domain.instants import DAY, format_day, format_instant, parse_instant
from tests.system_fixture import SHARSHA, System

Json = dict[str, Any]
Found = TypeVar("Found")

PATIENCE = 30.0
FIRST_LOOK = 0.05


def now() -> int:
    """Milliseconds since 1970, by this machine's clock, which is the log's too."""
    return time.time_ns() // 1_000_000


def wait_for(look: Callable[[], Found | None], what: str, seconds: float = PATIENCE) -> Found:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + seconds
    while (found := look()) is None:
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(FIRST_LOOK)
    return found


def an_event(case_id: str, kind: str, data: Json, occurred_at: int | None = None, event_id: str = "") -> Json:
    return {
        "event_id": event_id or str(uuid4()),
        "case_id": case_id,
        "type": kind,
        "occurred_at": format_instant(now() if occurred_at is None else occurred_at),
        "data": data,
    }


def an_opening(case_id: str, who: DemoPerson, area: Area = SHARSHA, occurred_at: int | None = None) -> Json:
    data = {"source": "shelter", "pathway": "undecided", "district": area.district, "caseworker_id": who.account_id}
    return an_event(case_id, "case_opened", {**data, "upazila": area.upazila}, occurred_at)


@dataclass(slots=True)
class SurvivorCase:
    """A case that `who` opened and records in."""

    system: System
    who: DemoPerson
    case_id: str = field(default_factory=lambda: str(uuid4()))

    def opened(self, area: Area = SHARSHA) -> SurvivorCase:
        self._taken(self.system.post("/v1/events", self.who, an_opening(self.case_id, self.who, area)))
        return self

    def record(self, event_type: str, at: int | None = None, who: DemoPerson | None = None, /, **data: Any) -> Json:
        """The receipt, with the event that was sent under `event`."""
        event = an_event(self.case_id, event_type, data, at)
        return {**self._taken(self.system.post("/v1/events", who or self.who, event)), "event": event}

    @staticmethod
    def _taken(answer: httpx.Response) -> Json:
        assert answer.status_code == 201, answer.text
        receipt: Json = answer.json()
        return receipt

    # --- what makes an alert, and what ends it ---------------------------------------------------------------------

    def hearing(self, days_ago: int = 0) -> Json:
        """A hearing nobody called her about before: neglect at once, for its due time has passed."""
        day = format_day(now() - days_ago * DAY)
        return self.record("legal_step", step="hearing", next_date=day)

    def incident(self, occurred_at: int | None = None) -> Json:
        """A call is owed within a day, which is a second here."""
        return self.record("safety_incident", occurred_at, kind="threat", severity="high")

    def called(self, occurred_at: int | None = None) -> Json:
        return self.record("call", occurred_at, direction="outgoing", outcome="reached")

    # --- what is read ------------------------------------------------------------------------------------------------

    def alerts(self, rule_id: str, who: DemoPerson | None = None) -> list[Json]:
        """Every alert of the rule on this case, open or ended."""
        params = {"state": "all", "rule_id": rule_id, "limit": 500}
        answer = self.system.get("/v1/alerts", who or self.who, **params)
        assert answer.status_code == 200, answer.text
        groups = [group for group in answer.json()["items"] if group["case_id"] == self.case_id]
        return [alert for group in groups for alert in group["alerts"]]

    def alert(self, rule_id: str, state: str = "open", seconds: float = PATIENCE) -> Json:
        """The alert of the rule in that state, when it is there."""

        def look() -> Json | None:
            return next((alert for alert in self.alerts(rule_id) if alert["state"] == state), None)

        return wait_for(look, f"{rule_id} {state}", seconds)

    def alert_again(self, alert_id: str, holds: Callable[[Json], bool], what: str, seconds: float = PATIENCE) -> Json:
        """The alert, once that holds of it."""

        def look() -> Json | None:
            answer = self.system.get(f"/v1/alerts/{alert_id}", self.who)
            assert answer.status_code == 200, answer.text
            return answer.json() if holds(answer.json()) else None

        return wait_for(look, what, seconds)

    def timeline(self, who: DemoPerson | None = None) -> list[Json]:
        answer = self.system.get(f"/v1/cases/{self.case_id}/timeline", who or self.who, limit=500)
        assert answer.status_code == 200, answer.text
        items: list[Json] = answer.json()["items"]
        return items

    def on_timeline(self, event_id: str, seconds: float = PATIENCE) -> Json:
        def look() -> Json | None:
            return next((line for line in self.timeline() if line["event_id"] == event_id), None)

        return wait_for(look, f"{event_id} on the timeline", seconds)


def steps(alert: Json, *what: str) -> list[Json]:
    """The lines of an alert's history that say one of these."""
    return [step for step in alert["history"] if step["what"] in what]


def instant(text: str) -> int:
    return parse_instant(text)


def percentile(values: list[int], part: float) -> int:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]
