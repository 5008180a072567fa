from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from services.alerting.application.listing import groups_for
from services.alerting.domain.case_groups import Wanted, counted
from services.alerting.domain.inbox import Inbox, Which
from services.casework.domain.instants import DAY
from services.casework.domain.policy import Severity
from tests.tokens import principal_of
from tests.unit.services.alerting.alerting_builders import (
    ANOTHER_CASE,
    ANOTHER_CASEWORKER,
    CASE,
    CASEWORKER,
    MAR_10,
    ORGANISATION,
    SUPERVISOR,
    ended,
    escalated,
    raised,
)

EVERYTHING = principal_of("supervisor", ORGANISATION, SUPERVISOR)


def groups_of(*transitions, principal=EVERYTHING, which=Which.OPEN, wanted=None):
    inbox = Inbox()
    for transition in transitions:
        inbox.take_transition(transition)
    return groups_for(inbox, principal, which, wanted or Wanted())


def cases(groups) -> list[str]:
    return [group.charge.case_id for group in groups]


def test_one_silent_woman_is_one_line_with_all_that_is_owed():
    (group,) = groups_of(raised(), escalated(raised(rule_id="job-check", severity=Severity.MEDIUM)))
    assert [alert.latest.rule_id for alert in group.alerts] == ["contact", "job-check"]
    assert (group.worst, group.level) == (Severity.HIGH, 2)
    assert group.overdue_since == MAR_10 - DAY


def test_the_worst_comes_first_then_the_highest_level_then_the_longest_overdue():
    low = raised("00000000-0000-4000-8000-00000000000a", severity=Severity.LOW, d=MAR_10 - 90 * DAY)
    newer = raised("00000000-0000-4000-8000-00000000000b")
    older = raised("00000000-0000-4000-8000-00000000000c", d=MAR_10 - 2 * DAY)
    higher = raised("00000000-0000-4000-8000-00000000000d")
    critical = raised("00000000-0000-4000-8000-00000000000e", severity=Severity.CRITICAL)
    groups = groups_of(low, newer, older, higher, escalated(higher), critical)
    assert cases(groups) == [one.case_id for one in (critical, higher, older, newer, low)]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(caseworker_id=CASEWORKER), [CASE]),
        (Wanted(caseworker_id=""), [ANOTHER_CASE]),
        (Wanted(district="khulna"), [ANOTHER_CASE]),
        (Wanted(district="khulna", upazila="dumuria"), [ANOTHER_CASE]),
        (Wanted(upazila="benapole"), []),
        (Wanted(severity=Severity.HIGH), [CASE]),
        (Wanted(rule_id="job-check"), [ANOTHER_CASE]),
        (Wanted(level=2), [ANOTHER_CASE]),
        (Wanted(level=2, severity=Severity.HIGH), []),
    ],
)
def test_the_list_can_be_narrowed(wanted, found):
    there = raised(ANOTHER_CASE, "job-check", severity=Severity.LOW, district="khulna", caseworker_id="")
    other = replace(there, upazila="dumuria")
    assert cases(groups_of(raised(), other, escalated(other), wanted=wanted)) == found


def test_ended_alerts_are_shown_when_they_are_asked_for():
    other = raised(ANOTHER_CASE)
    told = [raised(), other, ended(other)]
    assert cases(groups_of(*told)) == [CASE]
    assert cases(groups_of(*told, which=Which.ENDED)) == [ANOTHER_CASE]
    assert len(groups_of(*told, which=Which.ALL)) == 2


@pytest.mark.parametrize(
    ("principal", "found"),
    [
        (principal_of("supervisor", ORGANISATION, SUPERVISOR), {CASE, ANOTHER_CASE}),
        (principal_of("supervisor", ORGANISATION, SUPERVISOR, ["khulna"]), {ANOTHER_CASE}),
        (principal_of("supervisor", "khulna-network", SUPERVISOR), set()),
        (principal_of("caseworker", ORGANISATION, CASEWORKER), {CASE}),
        (principal_of("caseworker", ORGANISATION, ANOTHER_CASEWORKER), {ANOTHER_CASE}),
        (principal_of("evaluator", ORGANISATION, CASEWORKER), set()),
        (principal_of("administrator", ORGANISATION, CASEWORKER), set()),
    ],
)
def test_each_sees_what_is_in_her_care(principal, found):
    other = raised(ANOTHER_CASE, district="khulna", caseworker_id=ANOTHER_CASEWORKER)
    elsewhere = replace(raised(str(uuid.UUID(int=9))), organisation="sylhet-network")
    assert set(cases(groups_of(raised(), other, elsewhere, principal=principal))) == found


def test_counts_are_of_everything_and_say_who_is_overdue_how_often():
    other = raised(ANOTHER_CASE, caseworker_id=ANOTHER_CASEWORKER)
    counts = counted(groups_of(raised(), raised(rule_id="job-check", severity=Severity.LOW), other, escalated(other)))
    assert (counts.cases, counts.alerts) == (2, 3)
    assert counts.by_severity == {"critical": 0, "high": 2, "medium": 0, "low": 1}
    assert counts.by_level == {1: 2, 2: 1, 3: 0}
    assert counts.by_caseworker == ((CASEWORKER, 1, 2), (ANOTHER_CASEWORKER, 1, 1))


def test_counts_say_where_the_cases_are():
    nowhere, there = raised(ANOTHER_CASE, district=""), raised(str(uuid.UUID(int=7)), district="khulna")
    counts = counted(groups_of(raised(), raised(rule_id="job-check"), nowhere, replace(there, upazila="dumuria")))
    assert counts.by_area == (("", "", 1, 1), ("jashore", "", 1, 2), ("khulna", "dumuria", 1, 1))
