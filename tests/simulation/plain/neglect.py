"""neglect.md once more, plainly: every moment of a case is worked out anew from all that is known of it.

The second implementation, kept to prove the first one: it shares no line with it and reads the specification
for itself. It owns no promise of speed. `run` gives the alert transitions, `obligations_history` the
obligations with their endings.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.plain.facts import ALERT_ACTIONS, Event, Known, instant, milliseconds
from tests.simulation.plain.obligations import Obligation, applies, obligation_of, satisfied_at, suspends
from tests.simulation.plain.policy import Policy, Rule, read_policy

ALERTS = uuid.UUID("0b8f7a3e-6c1d-4e52-9a47-5d2f3c9e8b10")
LONGEST_HOLD = 14 * 86_400_000
HIGHEST_LEVEL = 3
ENDING_OF_OBLIGATION = {"cleared": "satisfied_in_time", "resolved": "satisfied_late"}

EndedObligation = tuple[str, str, int, int, int, int | None, int | None, str | None]
"""(case_id, rule_id, c, d, k, ended_at, s, ending); the last three None while it lasts."""


@dataclass(slots=True)
class Moment:
    """All that is recorded of one case at one recorded_at, in log order."""

    events: list[Event] = field(default_factory=list)
    policy: Policy | None = None


@dataclass(slots=True)
class Alert:
    alert_id: str
    severity: str
    level: int
    reached: int
    held_until: int | None = None


@dataclass(slots=True)
class Owed:
    """An obligation in force since `k`, and its alert once raised."""

    obligation: Obligation
    k: int
    alert: Alert | None = None


class Case:
    """One case, followed from moment to moment."""

    def __init__(self, case_id: str, policy: Policy) -> None:
        self.case_id = case_id
        self.policy = policy
        self.events: dict[str, Event] = {}
        self.retracted: set[str] = set()
        self.known = Known((), set(), 0)
        self.owed: dict[str, Owed] = {}
        self.revisions: dict[str, int] = {}
        self.transitions: list[dict[str, Any]] = []
        self.obligations: list[EndedObligation] = []

    def follow(self, moments: dict[int, Moment], until: int) -> None:
        """Works all moments up to and including `until`, each after the timers that come before it."""
        coming = sorted(time for time in moments if time <= until)
        now = 0
        while True:
            pause_end = self.known.pause_end if self.known.paused else None
            upcoming = [time for time in (pause_end, coming[0] if coming else None) if time is not None]
            following = min([*upcoming, until + 1])
            self.fire_timers(now, following)
            if following > until:
                break
            now = following
            if now == pause_end:
                self.work_out(now, retraction=False)
            else:
                self.take(now, moments[coming.pop(0)])
        for rule_id, owed in self.owed.items():
            o = owed.obligation
            self.obligations.append((self.case_id, rule_id, o.c, o.d, owed.k, None, None, None))

    def take(self, now: int, moment: Moment) -> None:
        """Folds the moment, then works out what is owed, then lets actions on alerts count."""
        if moment.policy is not None:
            self.policy = moment.policy
        new_events = []
        for event in moment.events:
            if event.event_id not in self.events:
                self.events[event.event_id] = event
                new_events.append(event)
        retractions = [event for event in new_events if event.type == "retraction"]
        self.retracted.update(event.data["retracts"] for event in retractions)
        self.work_out(now, retraction=bool(retractions))
        for event in new_events:
            if event.type in ALERT_ACTIONS:
                self.act(event)

    def work_out(self, now: int, *, retraction: bool) -> None:
        self.known = Known(self.events.values(), self.retracted, now)
        for rule_id in sorted({*self.policy.rules, *self.owed}):
            rule = self.policy.rules.get(rule_id)
            obligation = obligation_of(rule, self.known) if rule else None
            before = self.owed.get(rule_id)
            if before is not None:
                was = before.obligation
                if obligation is not None and (obligation.c, obligation.d) == (was.c, was.d):
                    before.obligation = obligation
                    continue
                self.end(rule_id, rule, before, now, retraction)
                del self.owed[rule_id]
            if obligation is not None:
                self.owed[rule_id] = Owed(obligation, now)

    def end(self, rule_id: str, rule: Rule | None, owed: Owed, now: int, retraction: bool) -> None:
        o = owed.obligation
        ending, s = self.ending_of(o, rule, retraction)
        named = ENDING_OF_OBLIGATION.get(ending, ending)
        self.obligations.append((self.case_id, rule_id, o.c, o.d, owed.k, now, s, named))
        if owed.alert is not None:
            self.tell(now, ending, rule_id, owed, s)

    def ending_of(self, was: Obligation, rule: Rule | None, retraction: bool) -> tuple[str, int | None]:
        """The table of section 5: the first line that fits."""
        if rule is not None and suspends(rule, self.known):
            return "suspended", None
        if rule is None or not applies(rule, self.known):
            return "withdrawn", None
        s = satisfied_at(was, rule, self.known)
        if s is not None:
            return ("cleared" if s <= was.d else "resolved"), s
        return ("withdrawn" if retraction else "superseded"), None

    def act(self, event: Event) -> None:
        """An acknowledgement or a snooze holds an alert that is open; reassigning does nothing to it."""
        for owed in self.owed.values():
            alert = owed.alert
            if alert is None or alert.alert_id != event.data["alert_id"]:
                continue
            if event.type == "alert_acknowledged":
                until = event.recorded_at + self.policy.hold
            elif event.type == "alert_snoozed":
                until = milliseconds(event.data["until"])
            else:
                continue
            until = min(until, alert.reached + LONGEST_HOLD)
            alert.held_until = until if alert.held_until is None else max(alert.held_until, until)

    def fire_timers(self, now: int, following: int) -> None:
        """Everything that comes due after the moment at `now` and before the one at `following`."""
        for rule_id, owed in self.owed.items():
            rule = self.policy.rules[rule_id]
            if owed.alert is None:
                at = max(owed.obligation.d + rule.grace, owed.k + self.policy.settle, now)
                if at >= following:
                    continue
                owed.alert = Alert(self.alert_id(rule_id, owed.obligation.c), rule.severity, 1, at)
                self.tell(at, "raised", rule_id, owed, None)
            alert = owed.alert
            while alert.level < HIGHEST_LEVEL:
                at = max(alert.reached + rule.escalate_after, now)
                if alert.held_until is not None:
                    at = max(at, alert.held_until)
                if at >= following:
                    break
                alert.level, alert.reached, alert.held_until = alert.level + 1, at, None
                self.tell(at, "escalated", rule_id, owed, None)

    def alert_id(self, rule_id: str, c: int) -> str:
        return str(uuid.uuid5(ALERTS, f"{self.case_id}|{rule_id}|{instant(c)}"))

    def tell(self, at: int, transition: str, rule_id: str, owed: Owed, s: int | None) -> None:
        alert = owed.alert
        assert alert is not None
        revision = self.revisions.get(alert.alert_id, 0) + 1
        self.revisions[alert.alert_id] = revision
        self.transitions.append(
            {
                "at": instant(at),
                "transition": transition,
                "alert_id": alert.alert_id,
                "revision": revision,
                "case_id": self.case_id,
                "rule_id": rule_id,
                "severity": alert.severity,
                "level": alert.level,
                "c": instant(owed.obligation.c),
                "d": instant(owed.obligation.d),
                "s": None if s is None else instant(s),
            }
        )


def moments_of(records: Iterable[dict[str, Any]]) -> dict[str, dict[int, Moment]]:
    """The moments of every case; policy changes are in the moments of all cases of their organisation.

    A change without an organisation is for all cases whose organisation has had none of its own.
    `clock` records say nothing here: `until` is the last clock, and a moment is worked out once it is whole.
    """
    cases: dict[str, dict[int, Moment]] = {}
    organisation_of: dict[str, str | None] = {}
    latest: dict[str, int] = {}
    policies: list[tuple[str | None, int, Policy]] = []
    for record in records:
        if record["type"] in ("clock", "history_ends"):
            continue
        recorded_at = milliseconds(record["recorded_at"])
        if record["type"] == "policy_changed":
            policies.append((record.get("organisation"), recorded_at, read_policy(record["policy"])))
            continue
        case_id = record["case_id"]
        organisation_of.setdefault(case_id, record.get("organisation"))
        recorded_at = latest[case_id] = max(recorded_at, latest.get(case_id, recorded_at))
        occurred_at = min(milliseconds(record["occurred_at"]), recorded_at)
        event = Event(record["event_id"], record["type"], occurred_at, recorded_at, record.get("data") or {})
        cases.setdefault(case_id, {}).setdefault(recorded_at, Moment()).events.append(event)
    with_own: set[str] = set()
    for organisation, recorded_at, policy in policies:
        if organisation:
            with_own.add(organisation)
        for case_id, moments in cases.items():
            theirs = organisation_of[case_id]
            if theirs == organisation or (not organisation and theirs not in with_own):
                moments.setdefault(recorded_at, Moment()).policy = policy
    return cases


def follow_all(policy: dict[str, Any], records: Iterable[dict[str, Any]], until_ms: int) -> list[Case]:
    """Every case of the log, worked up to and including `until_ms`, under `policy` until one replaces it."""
    first_policy = read_policy(policy)
    followed = []
    for case_id, moments in moments_of(records).items():
        case = Case(case_id, first_policy)
        case.follow(moments, until_ms)
        followed.append(case)
    return followed


def transitions_of(cases: Iterable[Case]) -> list[dict[str, Any]]:
    """The transitions of these cases in the order of the output of `replay` (architecture.md)."""
    told = [transition for case in cases for transition in case.transitions]
    return sorted(told, key=lambda t: (t["at"], t["case_id"], t["rule_id"], t["c"], t["revision"]))


def obligations_of(cases: Iterable[Case]) -> list[EndedObligation]:
    """The obligations of these cases by (case, rule, k, c)."""
    every = [obligation for case in cases for obligation in case.obligations]
    return sorted(every, key=lambda o: (o[0], o[1], o[4], o[2], o[3]))


def run(policy: dict[str, Any], records: Iterable[dict[str, Any]], until_ms: int) -> list[dict[str, Any]]:
    """The alert transitions of a log up to and including `until_ms`, as architecture.md describes them."""
    return transitions_of(follow_all(policy, records, until_ms))


def obligations_history(
    policy: dict[str, Any], records: Iterable[dict[str, Any]], until_ms: int
) -> list[EndedObligation]:
    """Every obligation a case ever had, raised or not, with how it ended."""
    return obligations_of(follow_all(policy, records, until_ms))
