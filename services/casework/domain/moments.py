"""A moment of a case: what was recorded at one instant, and what came of it once it was over."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.casework.domain.transitions import AlertTransition, ObligationChanges


@dataclass(slots=True)
class Moves:
    """What came of letting time pass, in order."""

    transitions: list[AlertTransition] = field(default_factory=list)
    obligations: list[ObligationChanges] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Hold:
    """An acknowledgement (until None: the policy's hold from its recorded_at) or a snooze."""

    alert_id: str
    until: int | None


@dataclass(slots=True)
class PendingMoment:
    """What was recorded at one instant and is not worked out yet."""

    time: int
    moved: int = 0
    attributes_moved: bool = False
    retracted: bool = False
    holds: list[Hold] = field(default_factory=list)
