"""One case told in sentences, for tests: what was recorded of it, under which rules, and what came of it.

    a_case().settled_on(MAR_3).called_on(MAR_10, reached=False).story(until=APR_1)

Everything is recorded when it happened unless `recorded` says otherwise. Nobody in it is real.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from services.casework.domain.case_file import CaseFile
from services.casework.domain.event_types import Value
from services.casework.domain.events import Event
from services.casework.domain.facts import Fact
from services.casework.domain.instants import DAY, HOUR, MINUTE, format_instant, parse_instant
from services.casework.domain.moments import Moves
from services.casework.domain.neglect import alert_id_of
from services.casework.domain.policy import (
    Cadence,
    Milestone,
    Policy,
    Response,
    Rule,
    RuleKind,
    Severity,
    Step,
    Streak,
    Title,
)
from services.casework.domain.policy_timeline import SINCE_EVER, PolicyBook
from services.casework.domain.policy_version import policy_version
from services.casework.domain.transitions import AlertTransition, ObligationChange, Transition

CASE = "7c1e4d52-0000-4000-8000-000000000001"
AYESHA = "7c1e4d52-0000-4000-8000-00000000000a"
BILKIS = "7c1e4d52-0000-4000-8000-00000000000b"


def at(text: str) -> int:
    """An instant, written 2026-03-01 or 2026-03-01 09:30 (UTC)."""
    day, _, time = text.partition(" ")
    return parse_instant(f"{day}T{time or '00:00'}:00Z")


def shown(instant: int) -> str:
    """As short as an instant can be said exactly: 2026-03-01, 2026-03-01 09:30, else in full."""
    text = format_instant(instant)
    if text.endswith("T00:00:00.000Z"):
        return text[:10]
    return text[:16].replace("T", " ") if text.endswith(":00.000Z") else text


JAN_1, FEB_1, MAR_1, MAR_2, MAR_3 = (at(f"2026-{day}") for day in ("01-01", "02-01", "03-01", "03-02", "03-03"))
MAR_10, MAR_15, MAR_20 = at("2026-03-10"), at("2026-03-15"), at("2026-03-20")
APR_1, MAY_1, JUN_1 = at("2026-04-01"), at("2026-05-01"), at("2026-06-01")


def event_id(number: int) -> str:
    return str(UUID(int=number, version=4))


# --- rules ------------------------------------------------------------------------------------------------------------


def a_rule(
    kind: RuleKind,
    rule_id: str = "rule",
    *,
    grace: int = 0,
    escalate_after: int = 2 * DAY,
    severity: Severity = Severity.HIGH,
    applies_when: Mapping[str, Value] | None = None,
    while_paused: bool = False,
    when_closed: bool = False,
) -> Rule:
    title = Title(f"Title of {rule_id}", f"{rule_id} শিরোনাম")
    conditions = dict(applies_when or {})
    return Rule(rule_id, title, severity, grace, escalate_after, kind, conditions, while_paused, when_closed)


def every(
    duration: int, anchor: str = "settled", by: tuple[str, ...] = ("contact",), ends: tuple[str, ...] = ()
) -> Cadence:
    return Cadence(anchor, by, (Step(None, duration),), ends)


def within(duration: int, trigger: str | tuple[str, ...], by: str | tuple[str, ...], **more: int | bool) -> Response:
    triggers = (trigger,) if isinstance(trigger, str) else trigger
    answers = (by,) if isinstance(by, str) else by
    return Response(triggers, answers, duration, int(more.get("early", 0)), bool(more.get("repeat_answers", True)))


def after_failures(count: int, within_: int, broken_by: tuple[str, ...] = ("contact", "refused")) -> Streak:
    return Streak(("attempt_failed",), count, broken_by, within_)


def by_day(*days: int, early: int = 0, by: str = "wellbeing_assessed", ends: tuple[str, ...] = ()) -> Milestone:
    return Milestone("settled", tuple(day * DAY for day in days), early * DAY, (by,), ends)


def a_policy(*rules: Rule, settle: int = 15 * MINUTE, hold: int = 3 * DAY) -> Policy:
    return Policy(policy_version(settle, hold, rules), settle, hold, rules)


# --- cases ------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Told:
    """What came of a case."""

    case: CaseFile
    transitions: list[AlertTransition]
    changes: list[tuple[int, ObligationChange]]


@dataclass(frozen=True, slots=True)
class CaseBuilder:
    """Every sentence answers a longer story; none changes the one before it."""

    records: tuple[tuple[Event, int], ...] = ()
    policies: tuple[tuple[int, Policy], ...] = ()
    case_id: str = CASE
    organisation: str = ""
    numbering: int = field(default=1)

    def under(
        self, *rules: Rule, since: int = SINCE_EVER, settle: int = 15 * MINUTE, hold: int = 3 * DAY
    ) -> CaseBuilder:
        return self.under_policy(a_policy(*rules, settle=settle, hold=hold), since)

    def under_policy(self, policy: Policy, since: int = SINCE_EVER) -> CaseBuilder:
        return replace(self, policies=(*self.policies, (since, policy)))

    def has(
        self, type_name: str, happened: int, *, recorded: int | None = None, known_as: str = "", **data: Value
    ) -> CaseBuilder:
        """Any event. known_as: its event_id; else they are numbered in the order told."""
        name = known_as or event_id(self.numbering)
        event = Event(name, self.case_id, type_name, happened, data, self.organisation)
        record = (event, happened if recorded is None else recorded)
        return replace(self, records=(*self.records, record), numbering=self.numbering + 1)

    def opened_on(self, happened: int, *, recorded: int | None = None, **data: Value) -> CaseBuilder:
        opening = {"source": "police", "pathway": "family", "district": "jashore", "caseworker_id": AYESHA}
        return self.has("case_opened", happened, recorded=recorded, **{**opening, **data})

    def settled_on(
        self, happened: int, *, recorded: int | None = None, pathway: str = "family", known_as: str = ""
    ) -> CaseBuilder:
        data = {"pathway": pathway, "district": "jashore"}
        return self.has("settled", happened, recorded=recorded, known_as=known_as, **data)

    def called_on(
        self, happened: int, *, reached: bool = True, recorded: int | None = None, known_as: str = "", **data: Value
    ) -> CaseBuilder:
        call: dict[str, Value] = {"direction": "outgoing", "outcome": "reached" if reached else "no_answer"}
        return self.has("call", happened, recorded=recorded, known_as=known_as, **{**call, **data})

    def she_called_on(
        self, happened: int, *, for_help: bool = False, missed: bool = False, recorded: int | None = None
    ) -> CaseBuilder:
        outcome = "no_answer" if missed else "reached"
        data: dict[str, Value] = {"direction": "incoming", "outcome": outcome}
        return self.has("call", happened, recorded=recorded, **data, **({"help_requested": True} if for_help else {}))

    def paused_on(self, happened: int, until: int, *, recorded: int | None = None, known_as: str = "") -> CaseBuilder:
        return self.has(
            "contact_paused", happened, recorded=recorded, known_as=known_as, until=until, reason="her_wish"
        )

    def resumed_on(self, happened: int, *, recorded: int | None = None) -> CaseBuilder:
        return self.has("contact_resumed", happened, recorded=recorded)

    def closed_on(self, happened: int, reason: str = "self_reliant", *, recorded: int | None = None) -> CaseBuilder:
        return self.has("case_closed", happened, recorded=recorded, reason=reason)

    def reopened_on(self, happened: int, *, recorded: int | None = None) -> CaseBuilder:
        return self.has("case_reopened", happened, recorded=recorded)

    def retracting(self, what: str, happened: int, *, known_as: str = "") -> CaseBuilder:
        return self.has("retraction", happened, known_as=known_as, retracts=what, reason="typed_wrong")

    def acknowledged_on(self, happened: int, c: int, rule_id: str = "rule", *, known_as: str = "") -> CaseBuilder:
        return self.has("alert_acknowledged", happened, known_as=known_as, alert_id=alert_id_of(CASE, rule_id, c))

    def snoozed_on(self, happened: int, c: int, until: int, rule_id: str = "rule") -> CaseBuilder:
        alert_id = alert_id_of(CASE, rule_id, c)
        return self.has("alert_snoozed", happened, alert_id=alert_id, until=until, reason="away")

    # --- what came of it ----------------------------------------------------------------------------------------------

    def told(self, until: int) -> Told:
        """Everything recorded in order of recorded_at, then time up to and including `until`."""
        book = PolicyBook()
        for since, policy in self.policies:
            book.change("", since, policy)
        case, moves = CaseFile(self.case_id, book), Moves()
        for event, recorded_at in sorted(self.records, key=lambda record: record[1]):
            _gather(moves, case.fold(event, recorded_at))
        _gather(moves, case.advance(until + 1))
        changes = [(moment.at, change) for moment in moves.obligations for change in moment.changes]
        return Told(case, moves.transitions, changes)

    def transitions(self, until: int) -> list[AlertTransition]:
        return self.told(until).transitions

    def story(self, until: int) -> list[str]:
        """The alerts' transitions, like `2026-03-11 raised rule`."""
        return [f"{shown(t.at)} {t.transition} {t.rule_id}" for t in self.transitions(until)]

    def owed(self, until: int) -> list[tuple[str, str, str]]:
        """(rule, c, d) of what is owed, in order of d."""
        return [(o.rule.id, shown(o.c), shown(o.d)) for o in self.told(until).case.owed_now()]

    def owed_once(self, until: int) -> tuple[str, str] | None:
        """(c, d) of the only obligation there is, or None."""
        owed = self.owed(until)
        assert len(owed) <= 1, owed
        return owed[0][1:] if owed else None

    def endings(self, until: int) -> list[tuple[str, str | None]]:
        """(ending, s) of every alert that ended."""
        return [
            (t.transition.value, None if t.s is None else shown(t.s))
            for t in self.transitions(until)
            if t.transition.is_ending
        ]


def _gather(moves: Moves, more: Moves) -> None:
    moves.transitions.extend(more.transitions)
    moves.obligations.extend(more.obligations)


def a_case(*rules: Rule) -> CaseBuilder:
    """A case under these rules; under none until the story says so."""
    return CaseBuilder().under(*rules) if rules else CaseBuilder()


__all__ = [
    "APR_1",
    "AYESHA",
    "BILKIS",
    "CASE",
    "DAY",
    "FEB_1",
    "HOUR",
    "JAN_1",
    "JUN_1",
    "MAR_1",
    "MAR_2",
    "MAR_3",
    "MAR_10",
    "MAR_15",
    "MAR_20",
    "MAY_1",
    "MINUTE",
    "CaseBuilder",
    "Fact",
    "Told",
    "Transition",
    "a_case",
    "a_policy",
    "a_rule",
    "after_failures",
    "at",
    "by_day",
    "event_id",
    "every",
    "shown",
    "within",
]
