"""One alert as the log tells it: its transitions, and what supervisors did about it.

Transitions and actions come from two topics and may arrive in any order between them; what is said here depends on
what was recorded and when, never on what was read first.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.alerting.domain.packed_steps import PackedSteps
from services.casework.domain.neglect import LONGEST_HOLD
from services.casework.domain.policy import Severity
from services.casework.domain.transitions import AlertTransition, Explanation, Transition


class ActionKind(StrEnum):
    """What a supervisor did, by the word of its event type after `alert_`."""

    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    REASSIGNED = "reassigned"


@dataclass(frozen=True, slots=True)
class AlertAction:
    """An action as recorded. at: its recorded_at; until: how long it holds if it does (an acknowledgement: by the
    policy of its organisation), None for a reassignment; by: the account that recorded it."""

    at: int
    event_id: str
    kind: ActionKind
    alert_id: str
    case_id: str
    organisation: str
    by: str
    until: int | None = None
    reason: str = ""
    caseworker_id: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """An action that keeps an open alert from going up a level. until: no longer than neglect.md lets it."""

    action: AlertAction
    until: int


class AlertRecord:
    """Begins with any of its transitions. `actions` are in the order of (recorded_at, event_id).

    Of an alert that has ended the transitions are kept packed, and unpacked for whoever asks.
    """

    __slots__ = ("_steps", "actions", "is_open")

    def __init__(self, transition: AlertTransition, actions: Iterable[AlertAction] = ()) -> None:
        self.actions = tuple(actions)
        self._keep([transition])

    def _keep(self, steps: list[AlertTransition]) -> None:
        self.is_open = not steps[-1].transition.is_ending
        self._steps: list[AlertTransition] | PackedSteps = steps if self.is_open else PackedSteps.of(steps)

    @property
    def transitions(self) -> Sequence[AlertTransition]:
        """In the order of their revisions, never empty."""
        return self._steps.unpacked() if isinstance(self._steps, PackedSteps) else self._steps

    @property
    def latest(self) -> AlertTransition:
        return self._steps.latest() if isinstance(self._steps, PackedSteps) else self._steps[-1]

    @property
    def standing(self) -> tuple[Severity, int]:
        """Severity and level of the latest transition."""
        if isinstance(self._steps, PackedSteps):
            return self._steps.standing()
        return self._steps[-1].severity, self._steps[-1].level

    def knows(self, revision: int) -> bool:
        return any(known.revision == revision for known in reversed(self.transitions))

    def add(self, transition: AlertTransition) -> None:
        steps = list(self.transitions)
        insort(steps, transition, key=lambda known: known.revision)
        self._keep(steps)

    def take(self, action: AlertAction) -> None:
        """Take an action once, whatever a client sent twice."""
        self.actions = with_action(self.actions, action)

    @property
    def explanation(self) -> Explanation | None:
        """The newest there is: the last transition has none when the policy no longer has the rule."""
        return next((known.explanation for known in reversed(self.transitions) if known.explanation), None)

    def holds(self) -> list[Hold]:
        """Those recorded since the open alert reached its level (neglect.md, 6); none of an alert that has ended."""
        if not self.is_open:
            return []
        reached = self.latest.at
        longest = reached + LONGEST_HOLD
        return [
            Hold(action, min(action.until, longest))
            for action in self.actions
            if action.until is not None and action.at > reached
        ]

    def held_until(self) -> int | None:
        """Until when the open alert does not go up a level, as far as actions say."""
        return max((hold.until for hold in self.holds()), default=None)

    def standing_hold(self, kind: ActionKind, now: int) -> Hold | None:
        """Of the holds of one kind that still hold, the one that holds longest."""
        standing = [hold for hold in self.holds() if hold.action.kind is kind and hold.until > now]
        return max(standing, key=lambda hold: hold.until, default=None)

    def counted(self, action: AlertAction) -> bool:
        """Whether the action came while the alert was open: any other has no effect on it."""
        open_since: int | None = None
        for transition in self.transitions:
            if transition.transition is Transition.RAISED:
                open_since = transition.at
            elif transition.transition.is_ending:
                if open_since is not None and open_since < action.at < transition.at:
                    return True
                open_since = None
        return open_since is not None and open_since < action.at


def with_action(actions: tuple[AlertAction, ...], action: AlertAction) -> tuple[AlertAction, ...]:
    """Each event_id once, in the order of (recorded_at, event_id)."""
    if any(known.event_id == action.event_id for known in actions):
        return actions
    return tuple(sorted((*actions, action), key=lambda known: (known.at, known.event_id)))


def of_this_alert(actions: Iterable[AlertAction], transition: AlertTransition) -> list[AlertAction]:
    """Those recorded in the alert's own case by its own organisation: any other names it without right."""
    return [
        action
        for action in actions
        if action.case_id == transition.case_id and action.organisation == transition.organisation
    ]
