"""Events of invented cases, drawn at random as fast as they are asked for: of all kinds, late, retracted, repeated.

The same seed gives the same draws; what an event says of time hangs on when it is asked for.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from services.casework.domain.instants import DAY, SECOND, format_instant
from services.runtime.topics import partition_of
from tests.simulation.random_events import DATA_OF, new_id
from tests.simulation.random_histories import WEIGHTS

Json = dict[str, Any]

SUPERVISORS_ALONE: Final = frozenset(
    {"case_assigned", "case_closed", "alert_acknowledged", "alert_snoozed", "alert_reassigned"}
)
SYSTEM_ALONE: Final = frozenset({"case_unassigned", "survivor_erased"})
_KINDS: Final = [kind for kind in WEIGHTS if kind != "case_opened"]
_CHANCES: Final = [WEIGHTS[kind] for kind in _KINDS]
_ACTIVE_CASES: Final = 300
_REMEMBERED: Final = 12


@dataclass(slots=True)
class Life:
    """One case in the making: whose it is, how many events it still has, the ids of its latest."""

    case_id: str
    caseworker_id: str
    left: int
    event_ids: deque[str] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))


class InventedLives:
    """caseworkers: accounts the cases are given to. quiet: a partition where none of them lies.

    `open_alerts`: (case_id, alert_id) that somebody was shown.
    """

    def __init__(self, seed: int, caseworkers: list[str], quiet: int | None = None, events_a_case: int = 60) -> None:
        self.rng = Random(f"lives {seed}")
        self.open_alerts: deque[tuple[str, str]] = deque(maxlen=200)
        self.cases = 0
        self._caseworkers = caseworkers
        self._quiet = quiet
        self._events_a_case = events_a_case
        self._active: list[Life] = []
        self._spoken: deque[Json] = deque(maxlen=500)

    def next_event(self, now: int) -> tuple[str, Json]:
        """Whose phone it is said on ("supervisor" and "system" apart, an account), and the event."""
        drawn = self.rng.random()
        if drawn < 0.01 and self.open_alerts:
            return self._action(now)
        if drawn < 0.012 and self._spoken and self._active:
            return self._under_another_case()
        if drawn < 0.014 and self._spoken:
            return self._other_content()
        if len(self._active) < _ACTIVE_CASES and (drawn < 0.05 or not self._active):
            return self._opening(now)
        return self._event(self.rng.choice(self._active), now)

    def _opening(self, now: int) -> tuple[str, Json]:
        rng = self.rng
        life = Life(self._new_case(), rng.choice(self._caseworkers), rng.randrange(2, 2 * self._events_a_case + 1))
        self._active.append(life)
        self.cases += 1
        data = {**DATA_OF["case_opened"](rng, now), "caseworker_id": life.caseworker_id}
        return life.caseworker_id, self._said(life, "case_opened", data, now)

    def _new_case(self) -> str:
        while partition_of(case_id := new_id(self.rng)) == self._quiet:
            continue
        return case_id

    def _event(self, life: Life, now: int) -> tuple[str, Json]:
        rng = self.rng
        life.left -= 1
        if life.left <= 0:
            self._active.remove(life)
        occurred_at = self._occurred_at(now)
        kind = rng.choices(_KINDS, _CHANCES)[0]
        if rng.random() < 0.03 and life.event_ids:
            kind, data = "retraction", {"retracts": rng.choice(life.event_ids), "reason": "typed_wrong"}
        else:
            data = DATA_OF[kind](rng, occurred_at)
        if kind == "contact_paused" and rng.random() < 0.8:
            data["until"] = format_instant(occurred_at + rng.choice((0, 1, 3, 7, 14)) * SECOND)
        if kind == "case_assigned":
            data["caseworker_id"] = rng.choice(self._caseworkers)
        return self._who(kind, life.caseworker_id), self._said(life, kind, data, occurred_at)

    @staticmethod
    def _who(kind: str, caseworker_id: str) -> str:
        if kind in SYSTEM_ALONE:
            return "system"
        return "supervisor" if kind in SUPERVISORS_ALONE else caseworker_id

    def _said(self, life: Life, kind: str, data: Json, occurred_at: int) -> Json:
        event = {
            "event_id": new_id(self.rng),
            "case_id": life.case_id,
            "type": kind,
            "occurred_at": format_instant(occurred_at),
            "data": data,
        }
        life.event_ids.append(event["event_id"])
        if kind == "call":
            self._spoken.append({**event, "by": life.caseworker_id})
        return event

    def _occurred_at(self, now: int) -> int:
        """Mostly just now; some seconds late, as long as a quarter of a policy's year, 90 real days, a clock ahead."""
        drawn, rng = self.rng.random(), self.rng
        if drawn < 0.6:
            return now
        if drawn < 0.85:
            return now - rng.randrange(3 * SECOND)
        if drawn < 0.95:
            return now - rng.randrange(60 * SECOND)
        if drawn < 0.98:
            return now - 90 * SECOND
        return now - 90 * DAY if drawn < 0.99 else now + rng.randrange(2 * SECOND)

    def _action(self, now: int) -> tuple[str, Json]:
        rng = self.rng
        case_id, alert_id = rng.choice(self.open_alerts)
        kind = rng.choice(("alert_acknowledged", "alert_snoozed", "alert_reassigned"))
        data: Json = {"alert_id": alert_id}
        if kind == "alert_snoozed":
            data |= {"until": format_instant(now + rng.randrange(1, 8) * SECOND), "reason": "away"}
        elif kind == "alert_reassigned":
            data["caseworker_id"] = rng.choice(self._caseworkers)
        life = Life(case_id, "", 1)
        return "supervisor", self._said(life, kind, data, now)

    def _under_another_case(self) -> tuple[str, Json]:
        """An id that one case has already, for another: two events."""
        spoken, life = self.rng.choice(self._spoken), self.rng.choice(self._active)
        event = {name: value for name, value in spoken.items() if name != "by"}
        return life.caseworker_id, {**event, "case_id": life.case_id}

    def _other_content(self) -> tuple[str, Json]:
        """The same id with other content: the first one stands, and people are shown the conflict."""
        spoken = self.rng.choice(self._spoken)
        event = {name: value for name, value in spoken.items() if name != "by"}
        return spoken["by"], {**event, "data": {"direction": "outgoing", "outcome": "switched_off"}}
