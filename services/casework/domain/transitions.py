"""What the heart says: transitions of alerts, and obligations that began or ended. Instants in milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from services.casework.domain.policy import Severity, Title


class Transition(StrEnum):
    """What happened to an alert. All but the first two are endings."""

    RAISED = "raised"
    ESCALATED = "escalated"
    RESOLVED = "resolved"
    CLEARED = "cleared"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"

    # An enumeration's own is a function in Python; these are looked up with every event.
    __hash__ = str.__hash__

    @property
    def is_ending(self) -> bool:
        return self not in (Transition.RAISED, Transition.ESCALATED)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a sentence for people is made of; `wording` puts words to it.

    last_done: the latest fact that answers the rule (name, instant), None if there is none.
    owed_since: the fact the obligation counts from (name, instant): anchor, trigger, n-th of the streak.
    attempts: failed attempts to reach her later than the latest contact.
    ends_with: facts that would end the alert.
    """

    title: Title
    last_done: str | None
    last_done_at: int | None
    owed_since: str | None
    owed_since_at: int | None
    attempts: int
    ends_with: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlertTransition:
    """One numbered step of one alert; (alert_id, revision) names it for ever.

    c, d: start and due time of the obligation that was raised; r: when it was raised; s: the satisfying fact, only
    when resolved or cleared. policy_version: by which it was raised. district, upazila, caseworker_id: as known at
    this moment, "" when unknown. explanation: None when the policy no longer
    has the rule.
    """

    at: int
    transition: Transition
    alert_id: str
    revision: int
    case_id: str
    rule_id: str
    severity: Severity
    level: int
    c: int
    d: int
    s: int | None
    r: int
    policy_version: str
    organisation: str
    district: str
    upazila: str
    caseworker_id: str
    explanation: Explanation | None


class ObligationEnding(StrEnum):
    SATISFIED_IN_TIME = "satisfied_in_time"
    SATISFIED_LATE = "satisfied_late"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"

    __hash__ = str.__hash__


class ObligationChange(NamedTuple):
    """(c, d) became the rule's obligation at k (ending None), or is no longer (ending, and s if satisfied)."""

    rule_id: str
    c: int
    d: int
    k: int
    ending: ObligationEnding | None
    s: int | None


class ObligationChanges(NamedTuple):
    """What one moment of one case began and ended."""

    case_id: str
    organisation: str
    at: int
    changes: tuple[ObligationChange, ...]


class LogPosition(NamedTuple):
    """A record of the case-events log."""

    partition: int
    offset: int
