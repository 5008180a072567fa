"""A policy: what is owed to a survivor, and by when. Values only; `policy_file` reads and checks them.

All durations are whole milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from services.casework.domain.event_types import Value


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Title:
    """What a rule is called, in English and Bangla."""

    en: str
    bn: str


@dataclass(frozen=True, slots=True)
class Step:
    """Of a cadence: every so often, until so long after the anchor (None: for ever)."""

    until: int | None
    every: int


@dataclass(frozen=True, slots=True)
class Cadence:
    """Contacted at least every n."""

    anchor: str
    satisfied_by: tuple[str, ...]
    steps: tuple[Step, ...]
    ends_with: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Response:
    """After X, Y within n (or before it, when `within` is negative)."""

    trigger: tuple[str, ...]
    satisfied_by: tuple[str, ...]
    within: int
    early: int = 0
    repeat_answers: bool = True


@dataclass(frozen=True, slots=True)
class Streak:
    """n failures in a row call for Y."""

    counts: tuple[str, ...]
    count: int
    broken_by: tuple[str, ...]
    within: int


@dataclass(frozen=True, slots=True)
class Milestone:
    """Y is done by day n after the anchor."""

    anchor: str
    at: tuple[int, ...]
    early: int
    satisfied_by: tuple[str, ...]
    ends_with: tuple[str, ...] = ()


RuleKind = Cadence | Response | Streak | Milestone


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a policy. applies_when: attributes of the case, all of which must hold."""

    id: str
    title: Title
    severity: Severity
    grace: int
    escalate_after: int
    kind: RuleKind
    applies_when: Mapping[str, Value] = field(default_factory=dict)
    while_paused: bool = False
    when_closed: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """version: a hash of settle, hold and the rules without their titles."""

    version: str
    settle: int
    hold: int
    rules: tuple[Rule, ...]

    def __hash__(self) -> int:
        return hash(self.version)


NO_POLICY: Final = Policy(version="", settle=0, hold=0, rules=())
