"""What the events of one case say at one moment: facts and attributes (neglect.md section 2, domain.md)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)

CASE_ATTRIBUTES = (
    "pathway",
    "district",
    "upazila",
    "programmes",
    "caseworker_id",
    "age_band",
    "exploitation",
    "destination_country",
    "family_involved",
    "has_skill",
    "risk",
)
ATTRIBUTES_OF = {
    "case_opened": ("source", *CASE_ATTRIBUTES),
    "case_updated": CASE_ATTRIBUTES,
    "settled": ("pathway", "district", "upazila"),
    "assessment": ("risk",),
    "case_assigned": ("caseworker_id",),
    "alert_reassigned": ("caseworker_id",),
}
ALERT_ACTIONS = ("alert_acknowledged", "alert_snoozed", "alert_reassigned")
NEVER_RETRACTED = ("retraction", "survivor_erased", *ALERT_ACTIONS)
FAILED_OUTCOMES = ("no_answer", "switched_off", "wrong_number", "unsafe_to_talk")

Fact = tuple[int, str]
"""(time, event id): facts of one name sort as "earliest" and "latest" want."""


def milliseconds(instant: str) -> int:
    """RFC 3339 → milliseconds since 1970; finer input is cut off."""
    return (datetime.fromisoformat(instant) - EPOCH) // MILLISECOND


def instant(ms: int) -> str:
    """Milliseconds since 1970 → `2026-03-01T09:30:00.000Z`."""
    moment = EPOCH + timedelta(milliseconds=ms)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


@dataclass(slots=True)
class Event:
    """One event as the log gave it; `occurred_at` already cut down to `recorded_at`."""

    event_id: str
    type: str
    occurred_at: int
    recorded_at: int
    data: dict[str, Any]
    facts: list[tuple[str, int]] = field(init=False)
    attributes: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.facts = [(name, self.occurred_at) for name in fact_names(self.type, self.data)]
        if self.type == "legal_step" and self.data.get("next_date") is not None:
            self.facts.append(("hearing", milliseconds(self.data["next_date"][:10] + "T00:00:00Z")))
        self.attributes = {
            name: self.data[name] for name in ATTRIBUTES_OF.get(self.type, ()) if self.data.get(name) is not None
        }


def fact_names(kind: str, data: dict[str, Any]) -> list[str]:
    """Every fact but `hearing` (which has a time of its own): the table "Facts" of domain.md."""
    status = data.get("status")
    decision = data.get("decision")
    stated = {
        "case_opened": {"opened": True},
        "settled": {"settled": True},
        "assessment": {
            "assessed": True,
            "contact": True,
            "return_chosen": decision == "return_to_family",
            "independent_chosen": decision == "live_independently",
        },
        "family_prepared": {"family_prepared": True},
        "call": call_facts(data) if kind == "call" else {},
        "family_check_in": check_in_facts(data),
        "job_placement": {"job_started": status == "started", "job_ended": status == "ended"},
        "training": {
            "contact": status in ("attended", "completed"),
            "training_attended": status in ("attended", "completed"),
            "training_dropped": status == "dropped",
        },
        "counselling": {"contact": data.get("attended"), "counselling": data.get("attended")},
        "referral": {
            "referral_made": status == "made",
            "referral_done": status in ("received", "completed", "refused"),
        },
        "safety_incident": {"safety_incident": True},
        "community_report": {
            "called_in": data.get("help_requested"),
            "help_request": data.get("help_requested"),
            "safety_concern": data.get("concern") == "safety",
        },
        "wellbeing_assessment": {"contact": True, "wellbeing_assessed": True},
        "case_unassigned": {"unassigned": True},
        "case_assigned": {"assigned": True},
        "alert_reassigned": {"assigned": True},
        "contact_paused": {"paused": True},
        "contact_resumed": {"resumed": True},
        "case_closed": {"closed": True, "ended": data.get("reason") in ("died", "duplicate")},
        "case_reopened": {"reopened": True},
        "survivor_erased": {"closed": True, "ended": True},
    }
    return [name for name, is_stated in stated.get(kind, {}).items() if is_stated]


def call_facts(data: dict[str, Any]) -> dict[str, Any]:
    incoming = data["direction"] == "incoming"
    outcome = data["outcome"]
    return {
        "contact": outcome == "reached",
        "refused": outcome == "refused",
        "attempt_failed": not incoming and outcome in FAILED_OUTCOMES,
        "called_in": incoming,
        "help_request": incoming and (data.get("help_requested") or outcome == "no_answer"),
        "safety_concern": data.get("wellbeing") == 1,
    }


def check_in_facts(data: dict[str, Any]) -> dict[str, Any]:
    survivor, family = data.get("survivor_met"), data.get("family_met")
    return {
        "contact": survivor,
        "attempt_failed": not survivor and not family,
        "family_check_in": data.get("mode") == "visit" and survivor and family,
        "safety_concern": data.get("safety_concern"),
    }


class Known:
    """All that is known of a case after one moment, seen at the time `now` of that moment."""

    def __init__(self, events: Iterable[Event], retracted: set[str], now: int) -> None:
        standing = [event for event in events if event.event_id not in retracted or event.type in NEVER_RETRACTED]
        self._facts: dict[str, list[Fact]] = {}
        for event in standing:
            for name, time in event.facts:
                self._facts.setdefault(name, []).append((time, event.event_id))
        for facts in self._facts.values():
            facts.sort()
        self._writers = sorted(
            (event.occurred_at, event.event_id, event.attributes) for event in standing if event.attributes
        )
        by_id = {event.event_id: event for event in standing}
        self._read_pause(by_id, now)
        self._read_close()

    def facts(self, names: Iterable[str]) -> list[Fact]:
        """All facts of these names, in order of (time, event id)."""
        return sorted(fact for name in names for fact in self._facts.get(name, ()))

    def _read_pause(self, by_id: dict[str, Event], now: int) -> None:
        """`pause_end` is e (None without a pause), `paused` whether e has yet to come."""
        self.pause_end: int | None = None
        self.paused = False
        pauses = []
        for time, event_id in self.facts(["paused"]):
            until = milliseconds(by_id[event_id].data["until"])
            if until > time:
                pauses.append((time, event_id, until))
        if pauses:
            time, _, until = pauses[-1]
            resumed = [again for again, _ in self.facts(["resumed"]) if again > time]
            self.pause_end = min([until, *resumed])
            self.paused = now < self.pause_end

    def _read_close(self) -> None:
        """`opened_again` is o; `closed` and `ended` tell of the latest `closed` fact."""
        self.opened_again: int | None = None
        self.closed = False
        self.closed_by_end = False
        closes = self.facts(["closed"])
        if closes:
            time, event_id = closes[-1]
            again = [when for when, _ in self.facts(["reopened", "called_in"]) if when > time]
            self.opened_again = min(again, default=None)
            self.closed = not again
            self.closed_by_end = (time, event_id) in self.facts(["ended"])

    def holds_since(self, condition: dict[str, Any]) -> int | None:
        """The time since which all attributes of the condition have held; None if they do not now."""
        attributes: dict[str, Any] = {}
        since: int | None = None
        for time, _, written in self._writers:
            attributes.update(written)
            holds = all(attributes.get(name) == value for name, value in condition.items())
            if not holds:
                since = None
            elif since is None:
                since = time
        return since
