"""What supervisors did about alerts: they acknowledge, snooze and reassign what the detector really raised."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

from infra.demo.organisations import Organisation
from infra.demo.scribe import Row, Scribe
from services.casework.domain.instants import DAY, HOUR, MINUTE, format_instant
from services.casework.domain.policy import Policy, Severity
from services.casework.domain.transitions import AlertTransition, Transition
from streams.replay import transitions_of

_SNOOZE_REASONS: Final = ("visit-planned", "festival", "flood", "travelling", "family-asked")
_PRESSING: Final = (Severity.HIGH, Severity.CRITICAL)


def reactions_to(rng: Random, organisation: Organisation, rows: Sequence[Row], policy: Policy, until: int) -> list[Row]:
    """Events of supervisors. What is pressing and open now, nobody has looked at yet."""
    scribes: dict[str, Scribe] = {}
    transitions = transitions_of(policy, rows, until)
    open_now = {t.alert_id for t in {t.alert_id: t for t in transitions}.values() if not t.transition.is_ending}
    for raised, next_at in _raised(transitions):
        acts_at = raised.at + int(rng.uniform(0.5, 16) * HOUR)
        is_left = raised.alert_id in open_now and raised.severity in _PRESSING
        if is_left or rng.random() > 0.5 or acts_at >= (next_at or until) - 45 * MINUTE:
            continue
        scribe = scribes.setdefault(raised.case_id, _scribe(rng, organisation, raised.case_id))
        _react(rng, scribe, organisation, raised, acts_at)
    return [row for scribe in scribes.values() for row in scribe.rows]


def _raised(transitions: Sequence[AlertTransition]) -> list[tuple[AlertTransition, int | None]]:
    """First raisings, each with the instant of the alert's next step, None when there is none yet."""
    following: dict[tuple[str, int], int] = {(t.alert_id, t.revision): t.at for t in transitions}
    firsts = (t for t in transitions if t.transition is Transition.RAISED and t.revision == 1)
    return [(first, following.get((first.alert_id, 2))) for first in firsts]


def _scribe(rng: Random, organisation: Organisation, case_id: str) -> Scribe:
    return Scribe(rng, case_id, organisation.slug, organisation.supervisor_id, organisation.supervisor_id)


def _react(rng: Random, scribe: Scribe, organisation: Organisation, raised: AlertTransition, at: int) -> None:
    about = {"alert_id": raised.alert_id}
    chance = rng.random()
    if chance < 0.75:
        scribe.record(at, "alert_acknowledged", about)
    elif chance < 0.97 or raised.caseworker_id == "":
        until = format_instant(at + rng.randint(1, 9) * DAY)
        scribe.record(at, "alert_snoozed", {**about, "until": until, "reason": rng.choice(_SNOOZE_REASONS)})
    else:
        others = [one for one in organisation.caseworker_ids if one != raised.caseworker_id]
        scribe.record(at, "alert_reassigned", {**about, "caseworker_id": rng.choice(others)})
