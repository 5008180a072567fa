"""When an obligation becomes an alert, how an alert goes up, and how either ends: pure decisions.

`CaseFile` keeps the state of a case and asks here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID, uuid5

from services.casework.domain.fact_book import FactBook
from services.casework.domain.facts import FACT_BIT
from services.casework.domain.instants import DAY, format_instant
from services.casework.domain.obligations import Owed, answering_facts, satisfied_at
from services.casework.domain.policy import Cadence, Milestone, Response, Rule, Severity, Streak
from services.casework.domain.standing import UNDISTURBED, Standing
from services.casework.domain.transitions import Explanation, ObligationEnding, Transition

ALERT_NAMESPACE: Final = UUID("0b8f7a3e-6c1d-4e52-9a47-5d2f3c9e8b10")
HIGHEST_LEVEL: Final = 3
LONGEST_HOLD: Final = 14 * DAY
"""No acknowledgement or snooze holds an alert longer than this after it reached its level."""


def alert_id_of(case_id: str, rule_id: str, c: int) -> str:
    """The same neglect has the same id wherever it is worked out."""
    return str(uuid5(ALERT_NAMESPACE, f"{case_id}|{rule_id}|{format_instant(c)}"))


@dataclass(slots=True)
class OpenAlert:
    """An alert that has not ended. held_until: of the holds recorded since it reached its level."""

    alert_id: str
    revision: int
    raised_at: int
    severity: Severity
    policy_version: str
    level: int
    level_reached: int
    held_until: int | None = None

    def hold(self, until: int) -> None:
        """Take an acknowledgement or a snooze; the latest instant counts, and none beyond the longest hold."""
        until = min(until, self.level_reached + LONGEST_HOLD)
        self.held_until = until if self.held_until is None else max(self.held_until, until)

    def goes_up_at(self, rule: Rule) -> int | None:
        """When it goes up a level if nothing else happens; None at the highest."""
        if self.level >= HIGHEST_LEVEL:
            return None
        at = self.level_reached + rule.escalate_after
        return at if self.held_until is None else max(at, self.held_until)


@dataclass(slots=True)
class Obligation:
    """What a rule owes a case now; k: the moment from which (c, d) has been so without a break.

    due: the next instant at which time alone changes something about it; `schedule` works it out anew.
    """

    rule_id: str
    owed: Owed
    k: int
    alert: OpenAlert | None = None
    due: int | None = None

    def raised_at(self, rule: Rule, settle: int) -> int:
        """When neglect of it is raised if it is still owed then."""
        return max(self.owed.d + rule.grace, self.k + settle)

    def schedule(self, rule: Rule, settle: int) -> None:
        """To be called when it began, was raised, went up or was held, and when the policy changed."""
        self.due = self.raised_at(rule, settle) if self.alert is None else self.alert.goes_up_at(rule)


class Ending(NamedTuple):
    """How an obligation ended; s: the satisfying fact, when the work was done."""

    name: Transition
    s: int | None = None

    @property
    def of_obligation(self) -> ObligationEnding:
        return _OF_OBLIGATION[self.name]


_OF_OBLIGATION: Final = {
    Transition.CLEARED: ObligationEnding.SATISFIED_IN_TIME,
    Transition.RESOLVED: ObligationEnding.SATISFIED_LATE,
    Transition.SUSPENDED: ObligationEnding.SUSPENDED,
    Transition.WITHDRAWN: ObligationEnding.WITHDRAWN,
    Transition.SUPERSEDED: ObligationEnding.SUPERSEDED,
}


def ending_of(
    was: Owed, rule: Rule | None, facts: FactBook, standing: Standing, now: int, *, retracted: bool
) -> Ending:
    """The first line that fits names the ending of an obligation that is no longer owed after the moment `now`.

    rule: as in force after the moment, None when the policy no longer has it. retracted: a retraction not seen
    before is part of the moment.
    """
    if rule is None:
        return Ending(Transition.WITHDRAWN)
    if standing is not UNDISTURBED and standing.silences(rule.while_paused, rule.when_closed, now):
        return Ending(Transition.SUSPENDED)
    if rule.applies_when and facts.held_since(rule.applies_when) is None:
        return Ending(Transition.WITHDRAWN)
    s = satisfied_at(rule, was, facts)
    if s is not None:
        return Ending(Transition.CLEARED if s <= was.d else Transition.RESOLVED, s)
    return Ending(Transition.WITHDRAWN if retracted else Transition.SUPERSEDED)


def explain(rule: Rule, owed: Owed, facts: FactBook) -> Explanation:
    """What a sentence about this obligation is made of, as known now."""
    answers = answering_facts(rule.kind)
    last_done = _latest_named(answers, facts)
    contact = facts.latest(("contact",))
    attempts = facts.later_than(("attempt_failed",), contact[0] if contact else -(1 << 62))
    since = _counts_from(rule, owed, facts)
    return Explanation(
        rule.title,
        last_done[1] if last_done else None,
        last_done[0] if last_done else None,
        since,
        owed.basis.start if since else None,
        len(attempts),
        answers,
    )


def _latest_named(names: tuple[str, ...], facts: FactBook) -> tuple[int, str] | None:
    newest = [(known[-1][0], name) for name in names if (known := facts.facts.get(name))]
    return max(newest, default=None)


def _counts_from(rule: Rule, owed: Owed, facts: FactBook) -> str:
    """Name of the fact that the obligation counts from."""
    match rule.kind:
        case Cadence() | Milestone() as kind:
            return kind.anchor
        case Response() as kind:
            at = facts.entries.get(owed.basis.event)
            stated = [name for name in kind.trigger if at and at[2].moved & FACT_BIT[name]]
            return stated[0] if stated else kind.trigger[0]
        case Streak() as kind:
            return kind.counts[0]
