"""When an obligation becomes an alert, and what the alert carries. Section 4 of what neglect means."""

from __future__ import annotations

from services.casework.domain.neglect import alert_id_of
from services.casework.domain.policy import Severity
from services.casework.domain.policy_version import policy_version
from tests.case_builder import (
    AYESHA,
    CASE,
    DAY,
    HOUR,
    JAN_1,
    MAR_1,
    MAR_2,
    MAR_3,
    MAR_10,
    MAR_15,
    MINUTE,
    CaseBuilder,
    a_case,
    a_rule,
    at,
    by_day,
    event_id,
    every,
    within,
)

WEEKLY = a_rule(every(7 * DAY), grace=24 * HOUR)
MAR_8, MAR_9 = at("2026-03-08"), at("2026-03-09")
CALL = event_id(77)


def test_neglect_is_raised_when_grace_is_over_and_not_a_millisecond_before() -> None:
    story = a_case(WEEKLY).settled_on(MAR_1)
    assert story.story(until=MAR_9 - 1) == []
    assert story.story(until=MAR_9) == ["2026-03-09 raised rule"]


def test_an_alert_carries_case_rule_severity_times_policy_and_who_is_in_charge() -> None:
    rule = a_rule(every(7 * DAY), grace=24 * HOUR, severity=Severity.CRITICAL)
    told = CaseBuilder(organisation="shurjo").under(rule).opened_on(JAN_1, upazila="sharsha").settled_on(MAR_1)
    (alert,) = told.transitions(MAR_9)

    assert (alert.at, alert.c, alert.d, alert.r, alert.s) == (MAR_9, MAR_1, MAR_8, MAR_9, None)
    assert (alert.case_id, alert.rule_id, alert.organisation) == (CASE, "rule", "shurjo")
    assert (alert.severity, alert.level, alert.revision) == (Severity.CRITICAL, 1, 1)
    assert (alert.district, alert.upazila, alert.caseworker_id) == ("jashore", "sharsha", AYESHA)
    assert alert.policy_version == policy_version(15 * MINUTE, 3 * DAY, (rule,))


def test_an_alert_says_what_was_last_done_and_what_was_tried_since() -> None:
    story = a_case(WEEKLY).settled_on(MAR_1).called_on(MAR_2).called_on(MAR_3, reached=False)
    (alert,) = story.called_on(MAR_8, reached=False).transitions(MAR_10)
    said = alert.explanation

    assert said is not None
    assert (said.last_done, said.last_done_at) == ("contact", MAR_2)
    assert (said.owed_since, said.attempts, said.ends_with) == ("settled", 2, ("contact",))
    assert said.title == WEEKLY.title


def test_the_alert_id_is_the_same_wherever_it_is_worked_out() -> None:
    """Reckoned once by hand, with SHA-1 over the namespace and `case_id|rule_id|c`."""
    assert alert_id_of(CASE, "contact", MAR_1) == "977b80e2-cbc4-5fac-a8ff-84ba1635ba85"


def test_what_was_owed_long_ago_is_raised_only_after_it_has_settled() -> None:
    """A phone comes back with weeks of work: its own next line answers what its first line owes."""
    story = a_case(WEEKLY).settled_on(JAN_1, recorded=MAR_1)
    assert story.story(until=MAR_2) == ["2026-03-01 00:15 raised rule"]
    quarter = MAR_1 + 15 * MINUTE
    assert story.called_on(MAR_1, recorded=quarter - 1).story(until=MAR_2) == []


def test_the_moment_at_r_is_folded_before_it_is_raised() -> None:
    story = a_case(WEEKLY).settled_on(MAR_1)
    assert story.called_on(MAR_9).story(until=MAR_10) == []
    assert story.called_on(MAR_9 + 1).story(until=MAR_9 + 1) == [
        "2026-03-09 raised rule",
        "2026-03-09T00:00:00.001Z resolved rule",
    ]


def test_settling_begins_anew_when_c_and_d_change() -> None:
    story = a_case(WEEKLY).settled_on(JAN_1, recorded=MAR_1).called_on(JAN_1 + DAY, recorded=MAR_1 + 10 * MINUTE)
    assert story.story(until=MAR_2) == ["2026-03-01 00:25 raised rule"]


def test_settling_goes_on_while_c_and_d_stay_the_same() -> None:
    story = a_case(WEEKLY).settled_on(JAN_1, recorded=MAR_1).called_on(JAN_1, reached=False, recorded=MAR_1 + MINUTE)
    assert story.story(until=MAR_2) == ["2026-03-01 00:15 raised rule"]


def test_a_break_of_one_moment_begins_the_settling_anew() -> None:
    story = (
        a_case(WEEKLY)
        .settled_on(JAN_1, recorded=MAR_1)
        .called_on(MAR_1 - DAY, recorded=MAR_1 + 10 * MINUTE, known_as=CALL)
    )
    undone = story.retracting(CALL, MAR_1 + 11 * MINUTE)
    assert undone.story(until=MAR_2) == ["2026-03-01 00:26 raised rule"]


def test_without_settling_time_it_is_raised_in_the_very_moment_it_is_known() -> None:
    story = CaseBuilder().under(WEEKLY, settle=0).settled_on(JAN_1, recorded=MAR_1)
    assert story.story(until=MAR_1) == ["2026-03-01 raised rule"]


def test_every_neglect_of_a_case_is_an_alert_of_its_own() -> None:
    rules = (a_rule(every(7 * DAY), "b-weekly"), a_rule(by_day(7), "a-visit"), a_rule(every(9 * DAY), "later"))
    assert a_case(*rules).settled_on(MAR_1).story(until=MAR_10 - 1) == [
        "2026-03-08 raised a-visit",
        "2026-03-08 raised b-weekly",
    ]


def test_an_alert_raised_again_goes_on_counting_its_revisions() -> None:
    story = a_case(WEEKLY).settled_on(MAR_1).called_on(MAR_10, known_as=CALL).retracting(CALL, MAR_15)
    told = story.transitions(until=MAR_15 + 15 * MINUTE)

    assert [(t.transition.value, t.revision) for t in told] == [("raised", 1), ("resolved", 2), ("raised", 3)]
    assert len({t.alert_id for t in told}) == 1
    assert told[-1].at == told[-1].r == MAR_15 + 15 * MINUTE


def test_revisions_count_over_all_raisings_even_when_other_alerts_lie_between() -> None:
    story = a_case(WEEKLY).settled_on(MAR_1).called_on(MAR_10, known_as=CALL)
    undone = story.retracting(CALL, at("2026-03-19")).called_on(at("2026-03-21"))
    told = undone.transitions(until=at("2026-03-21"))
    assert [(t.c == MAR_1, t.transition.value, t.revision) for t in told] == [
        (True, "raised", 1),
        (True, "resolved", 2),
        (False, "raised", 1),
        (False, "withdrawn", 2),
        (True, "raised", 3),
        (True, "resolved", 4),
    ]


def test_escalations_are_numbered_with_all_other_transitions() -> None:
    told = a_case(WEEKLY).settled_on(MAR_1).called_on(MAR_15).transitions(until=MAR_15)
    assert [(t.transition.value, t.revision, t.level) for t in told] == [
        ("raised", 1, 1),
        ("escalated", 2, 2),
        ("escalated", 3, 3),
        ("resolved", 4, 3),
    ]


def test_work_done_in_time_raises_nothing() -> None:
    story = a_case(WEEKLY).settled_on(MAR_1)
    for week in range(8):
        story = story.called_on(MAR_1 + (week + 1) * 7 * DAY)
    assert story.story(until=MAR_1 + 56 * DAY) == []


def test_a_request_for_help_is_raised_without_grace() -> None:
    rule = a_rule(within(DAY, "help_request", "contact", repeat_answers=False), while_paused=True, when_closed=True)
    story = a_case(rule).closed_on(MAR_1).she_called_on(MAR_2, missed=True)
    assert story.story(until=MAR_3) == ["2026-03-03 raised rule"]
