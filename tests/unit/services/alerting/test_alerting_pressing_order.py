"""The kept order of the inbox is that of sorting everything anew, whatever came and went in between."""

from __future__ import annotations

import random
import uuid

import pytest

from services.alerting.application.listing import groups_for
from services.alerting.domain.case_groups import Wanted, counted
from services.alerting.domain.inbox import Inbox, Which
from services.casework.domain.instants import DAY, HOUR
from services.casework.domain.policy import Severity
from services.casework.domain.transitions import AlertTransition
from tests.tokens import principal_of
from tests.unit.services.alerting.alerting_builders import (
    MAR_1,
    MAR_10,
    ORGANISATION,
    SUPERVISOR,
    ended,
    escalated,
    raised,
    raised_again,
)

EVERYTHING = principal_of("supervisor", ORGANISATION, SUPERVISOR)
RULES = ("contact", "job-check", "first-visit")


def sorted_anew(inbox: Inbox, latest: dict[str, AlertTransition], which: Which) -> list[list[str]]:
    """The alert ids of each case as the README says they are ordered, by plain sorting."""
    ranks = [Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW]
    cases: dict[str, list[AlertTransition]] = {}
    for transition in latest.values():
        is_open = not transition.transition.is_ending
        if which is Which.ALL or (which is Which.OPEN) is is_open:
            cases.setdefault(transition.case_id, []).append(transition)
    for found in cases.values():
        found.sort(key=lambda t: (ranks.index(t.severity), -t.level, t.d, t.alert_id))
    pressing = sorted(
        cases.values(),
        key=lambda found: (
            ranks.index(found[0].severity),
            -max(t.level for t in found),
            min(t.d for t in found),
            found[0].case_id,
        ),
    )
    return [[t.alert_id for t in found] for found in pressing]


def a_step(draw: random.Random, latest: dict[str, AlertTransition], case_ids: list[str]) -> AlertTransition:
    known = draw.choice(list(latest.values())) if latest and draw.random() < 0.7 else None
    if known is None:
        at = MAR_1 + draw.randrange(9 * DAY)
        return raised(draw.choice(case_ids), draw.choice(RULES), at, severity=draw.choice(list(Severity)))
    if known.transition.is_ending:
        return raised_again(known)
    return escalated(known) if known.level < 3 and draw.random() < 0.5 else ended(known, after=HOUR)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_kept_step_by_step_is_that_of_sorting_anew(seed: int) -> None:
    draw, inbox, latest = random.Random(seed), Inbox(), dict[str, AlertTransition]()
    case_ids = [str(uuid.UUID(int=draw.getrandbits(128), version=4)) for _ in range(60)]
    for _ in range(120):
        # A few at a time are moved, many at once are sorted anew.
        for _ in range(draw.choice((1, 2, 40))):
            step = a_step(draw, latest, case_ids)
            if inbox.take_transition(step):
                latest[step.alert_id] = step
        which = draw.choice(list(Which))
        groups = groups_for(inbox, EVERYTHING, which, Wanted())
        assert [[alert.latest.alert_id for alert in group.alerts] for group in groups] == sorted_anew(
            inbox, latest, which
        )


def test_counts_are_of_the_whole_list() -> None:
    draw, inbox = random.Random(7), Inbox()
    for number in range(95):
        case_id = str(uuid.UUID(int=draw.getrandbits(128), version=4))
        inbox.take_transition(raised(case_id, at=MAR_10 - number * HOUR, severity=draw.choice(list(Severity))))
    groups = groups_for(inbox, EVERYTHING, Which.OPEN, Wanted())
    counts = counted(groups)
    assert (counts.cases, counts.alerts, counts.by_level) == (95, 95, {1: 95, 2: 0, 3: 0})
    assert sum(counts.by_severity.values()) == 95


def test_narrowed_by_alerts_a_case_presses_by_those_that_are_left() -> None:
    inbox = Inbox()
    first, second = (str(uuid.UUID(int=number, version=4)) for number in (1, 2))
    inbox.take_transition(raised(first, "contact", severity=Severity.CRITICAL))
    inbox.take_transition(raised(first, "job-check", severity=Severity.LOW, d=MAR_10 - DAY))
    inbox.take_transition(raised(second, "job-check", severity=Severity.LOW, d=MAR_10 - 9 * DAY))
    groups = groups_for(inbox, EVERYTHING, Which.OPEN, Wanted(rule_id="job-check"))
    assert [group.charge.case_id for group in groups] == [second, first]
    assert [len(group.alerts) for group in groups] == [1, 1]
