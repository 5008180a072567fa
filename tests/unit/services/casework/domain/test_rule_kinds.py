"""What each kind of rule owes a case: (c, d), at most one at a time. Section 3 of what neglect means."""

from __future__ import annotations

import pytest

from services.casework.domain.policy import Cadence, Milestone, Step
from tests.case_builder import (
    APR_1,
    DAY,
    HOUR,
    JAN_1,
    JUN_1,
    MAR_1,
    MAR_2,
    MAR_3,
    MAR_10,
    MAR_15,
    MAR_20,
    CaseBuilder,
    a_case,
    a_rule,
    after_failures,
    at,
    by_day,
    event_id,
    every,
    within,
)

STEPS = (Step(30 * DAY, 7 * DAY), Step(90 * DAY, 14 * DAY), Step(None, 180 * DAY))
GROWING = a_rule(Cadence("settled", ("contact",), STEPS))
LOW, HIGH = event_id(1), event_id(999)


def reported(story: CaseBuilder, happened: int) -> CaseBuilder:
    return story.has("safety_incident", happened, kind="threat", severity="low")


# --- cadence ----------------------------------------------------------------------------------------------------------


def test_without_its_anchor_a_cadence_owes_nothing() -> None:
    assert a_case(GROWING).opened_on(MAR_1).called_on(MAR_3).owed_once(MAR_10) is None


def test_a_cadence_counts_from_its_anchor_until_the_first_contact() -> None:
    assert a_case(GROWING).called_on(JAN_1).settled_on(MAR_3).owed_once(MAR_3) == ("2026-03-03", "2026-03-10")


def test_a_cadence_counts_from_the_latest_contact_after_it() -> None:
    story = a_case(GROWING).settled_on(MAR_3).called_on(MAR_10).called_on(MAR_10 - DAY, recorded=MAR_15)
    assert story.owed_once(MAR_15) == ("2026-03-10", "2026-03-17")


def test_an_attempt_is_no_contact() -> None:
    story = a_case(GROWING).settled_on(MAR_3).called_on(MAR_10 - DAY, reached=False)
    assert story.owed_once(MAR_10) == ("2026-03-03", "2026-03-10")


@pytest.mark.parametrize(
    ("age", "every_days"),
    [(0, 7), (30 * DAY - 1, 7), (30 * DAY, 14), (90 * DAY - 1, 14), (90 * DAY, 180), (2000 * DAY, 180)],
)
def test_a_step_holds_while_the_age_at_the_start_is_below_its_until(age: int, every_days: int) -> None:
    case = a_case(GROWING).settled_on(JAN_1).called_on(JAN_1 + age).told(JAN_1 + age).case
    (owed,) = case.owed_now()
    assert owed.d - owed.c == every_days * DAY


def test_a_cadence_with_a_last_until_ends_there() -> None:
    rule = a_rule(Cadence("settled", ("contact",), (Step(30 * DAY, 7 * DAY),)))
    assert a_case(rule).settled_on(JAN_1).called_on(JAN_1 + 30 * DAY).owed_once(APR_1) is None
    assert a_case(rule).settled_on(JAN_1).called_on(JAN_1 + 30 * DAY - 1).owed_once(APR_1) is not None


def test_the_latest_anchor_counts() -> None:
    story = a_case(GROWING).settled_on(JAN_1).called_on(MAR_1).settled_on(MAR_10)
    assert story.owed_once(MAR_10) == ("2026-03-10", "2026-03-17")


def test_a_cadence_ends_with_a_fact_at_its_anchor_or_later() -> None:
    rule = a_rule(every(14 * DAY, anchor="opened", ends=("settled",)))
    opened = a_case(rule).opened_on(MAR_3)
    assert opened.settled_on(MAR_3 - 1, recorded=MAR_10).owed_once(MAR_10) is not None
    assert opened.settled_on(MAR_3, recorded=MAR_10).owed_once(MAR_10) is None
    assert opened.settled_on(MAR_10).owed_once(MAR_10) is None
    assert opened.settled_on(MAR_10).opened_on(MAR_15).owed_once(MAR_15) == ("2026-03-15", "2026-03-29")


# --- response ---------------------------------------------------------------------------------------------------------

INCIDENT = a_rule(within(DAY, "safety_incident", "contact"))


def test_a_response_is_owed_from_the_earliest_unsatisfied_trigger() -> None:
    story = reported(reported(a_case(INCIDENT), MAR_3), MAR_1 + HOUR)
    assert story.owed_once(MAR_3) == ("2026-03-01 01:00", "2026-03-02 01:00")
    assert story.called_on(MAR_2).owed_once(MAR_3) == ("2026-03-03", "2026-03-04")
    assert story.called_on(MAR_3).owed_once(MAR_3) is None


def test_an_answer_at_the_very_time_of_the_trigger_satisfies_it() -> None:
    assert reported(a_case(INCIDENT), MAR_3).called_on(MAR_3).owed_once(MAR_10) is None
    assert reported(a_case(INCIDENT), MAR_3).called_on(MAR_3 - 1).owed_once(MAR_10) is not None


def test_an_answer_may_be_early_by_so_much_and_no_more() -> None:
    rule = a_rule(within(7 * DAY, "job_ended", "contact", early=3 * DAY))
    lost = a_case(rule).has("job_placement", MAR_10, status="ended")
    assert lost.called_on(MAR_10 - 3 * DAY).owed_once(MAR_10) is None
    assert lost.called_on(MAR_10 - 3 * DAY - 1).owed_once(MAR_10) == ("2026-03-10", "2026-03-17")


def test_with_a_negative_within_it_is_due_before_the_trigger() -> None:
    rule = a_rule(within(-2 * DAY, "hearing", "contact", early=7 * DAY))
    named = a_case(rule).has("legal_step", MAR_1, step="charge_sheet", next_date=MAR_20)
    assert named.owed_once(MAR_1) == ("2026-03-20", "2026-03-18")
    assert named.called_on(at("2026-03-12")).owed_once(MAR_20) is not None
    assert named.called_on(at("2026-03-13")).owed_once(MAR_20) is None
    assert named.story(MAR_20) == ["2026-03-18 raised rule", "2026-03-20 escalated rule"]


def test_a_hearing_that_moved_is_one_whose_old_date_was_retracted() -> None:
    rule = a_rule(within(-2 * DAY, "hearing", "contact", early=7 * DAY))
    story = a_case(rule).has("legal_step", MAR_1, known_as=HIGH, step="hearing", next_date=MAR_20)
    moved = story.retracting(HIGH, MAR_2).has("legal_step", MAR_2, step="hearing", next_date=APR_1)
    assert moved.owed_once(MAR_2) == ("2026-04-01", "2026-03-30")


def test_an_event_does_not_answer_the_trigger_it_states_itself() -> None:
    rule = a_rule(within(3 * DAY, "safety_concern", "contact"))
    afraid = a_case(rule).called_on(MAR_3, wellbeing=1)
    assert afraid.owed_once(MAR_3) == ("2026-03-03", "2026-03-06")
    assert afraid.called_on(MAR_3).owed_once(MAR_3) is None


def test_an_answer_that_is_a_trigger_too_satisfies_only_strictly_earlier_ones() -> None:
    rule = a_rule(within(3 * DAY, "safety_concern", "contact"))
    again = a_case(rule).called_on(MAR_1, wellbeing=1).called_on(MAR_3, wellbeing=1)
    assert again.owed_once(MAR_3) == ("2026-03-03", "2026-03-06")
    at_once = a_case(rule).called_on(MAR_3, wellbeing=1).called_on(MAR_3, wellbeing=1, recorded=MAR_10)
    assert at_once.owed_once(MAR_10) == ("2026-03-03", "2026-03-06")


def test_an_answer_that_is_a_trigger_too_is_never_early() -> None:
    rule = a_rule(within(3 * DAY, "safety_concern", "contact", early=30 * DAY))
    story = a_case(rule).called_on(MAR_1, wellbeing=1)
    reports = story.has("community_report", MAR_3, concern="safety")
    assert reports.owed_once(MAR_3) == ("2026-03-01", "2026-03-04")
    assert story.called_on(MAR_2).has("community_report", MAR_3, concern="safety").owed_once(MAR_3) is None


def test_where_a_repeat_is_no_answer_her_second_call_leaves_the_first_unanswered() -> None:
    strict = a_rule(within(DAY, "help_request", "contact", repeat_answers=False))
    lenient = a_rule(within(DAY, "help_request", "contact"))
    for rule, start in ((strict, "2026-03-01"), (lenient, "2026-03-03")):
        story = a_case(rule).she_called_on(MAR_1, missed=True).she_called_on(MAR_3, for_help=True)
        owed = story.owed_once(MAR_3)
        assert owed is not None and owed[0] == start


def test_her_own_call_that_asks_for_nothing_answers_what_she_asked_before() -> None:
    strict = a_rule(within(DAY, "help_request", "contact", repeat_answers=False))
    assert a_case(strict).she_called_on(MAR_1, missed=True).she_called_on(MAR_2).owed_once(MAR_3) is None


def test_a_trigger_reported_late_that_was_answered_in_the_meantime_owes_nothing() -> None:
    story = (
        a_case(INCIDENT).called_on(MAR_3).has("safety_incident", MAR_1, recorded=MAR_10, kind="threat", severity="low")
    )
    assert story.owed_once(MAR_10) is None


def test_any_of_several_facts_answers() -> None:
    rule = a_rule(within(30 * DAY, "opened", ("assessed", "settled")))
    assert a_case(rule).opened_on(MAR_1).settled_on(MAR_2).owed_once(MAR_3) is None
    assert a_case(rule).opened_on(MAR_1).has("assessment", MAR_2, decision="undecided").owed_once(MAR_3) is None
    assert a_case(rule).opened_on(MAR_1).called_on(MAR_2).owed_once(MAR_3) is not None


# --- streak -----------------------------------------------------------------------------------------------------------

THREE = a_rule(after_failures(3, 7 * DAY))


def failing(story: CaseBuilder, *days: int) -> CaseBuilder:
    for day in days:
        story = story.called_on(day, reached=False)
    return story


def test_a_run_shorter_than_the_count_owes_nothing() -> None:
    assert failing(a_case(THREE), MAR_1, MAR_2).owed_once(MAR_3) is None


def test_a_streak_counts_from_the_nth_failure_and_further_ones_do_not_move_it() -> None:
    story = failing(a_case(THREE), MAR_1, MAR_2, MAR_3)
    assert story.owed_once(MAR_3) == ("2026-03-03", "2026-03-10")
    assert failing(story, MAR_10 - HOUR, MAR_10 - 1).owed_once(MAR_10) == ("2026-03-03", "2026-03-10")


def test_a_failure_reported_late_makes_the_nth_an_earlier_one() -> None:
    story = failing(a_case(THREE), MAR_1, MAR_3, MAR_10).called_on(MAR_2, reached=False, recorded=MAR_15)
    assert story.owed_once(MAR_15) == ("2026-03-03", "2026-03-10")


@pytest.mark.parametrize("outcome", ["reached", "refused"])
def test_a_streak_is_broken_by_reaching_her_and_by_her_refusal(outcome: str) -> None:
    story = failing(a_case(THREE), MAR_1, MAR_2).has("call", MAR_2, direction="outgoing", outcome=outcome)
    assert failing(story, MAR_3, MAR_3 + HOUR).owed_once(MAR_10) is None
    assert failing(story, MAR_3, MAR_3 + 1, MAR_3 + 2).owed_once(MAR_10) is not None


def test_failures_at_the_very_time_of_what_breaks_them_are_not_of_the_run() -> None:
    story = failing(a_case(THREE), MAR_1, MAR_1, MAR_1).called_on(MAR_1)
    assert story.owed_once(MAR_10) is None
    assert failing(story, MAR_2, MAR_2, MAR_2).owed_once(MAR_10) == ("2026-03-02", "2026-03-09")


# --- milestone --------------------------------------------------------------------------------------------------------

CHECKS = a_rule(by_day(30, 180, early=30))


def assessed(story: CaseBuilder, *days: int) -> CaseBuilder:
    for day in days:
        story = story.has("wellbeing_assessment", day, instrument="who5", version="1", scores={"calm": 0.5})
    return story


def test_a_milestone_is_due_on_its_day() -> None:
    assert a_case(CHECKS).settled_on(JAN_1).owed_once(JAN_1) == ("2026-01-31", "2026-01-31")


def test_a_milestone_is_satisfied_from_so_early_on() -> None:
    settled = a_case(CHECKS).settled_on(JAN_1)
    assert assessed(settled, JAN_1).owed_once(APR_1) == ("2026-06-30", "2026-06-30")
    before = a_case(CHECKS).settled_on(JAN_1, recorded=MAR_1)
    assert assessed(before, JAN_1 - 1).owed_once(APR_1) == ("2026-01-31", "2026-01-31")


def test_a_later_milestone_done_covers_those_before_it() -> None:
    story = assessed(a_case(CHECKS).settled_on(JAN_1), JUN_1)
    assert story.owed_once(JUN_1) is None


def test_when_all_milestones_are_done_nothing_is_owed() -> None:
    assert assessed(a_case(CHECKS).settled_on(JAN_1), JAN_1, at("2026-06-01")).owed_once(at("2027-01-01")) is None


def test_a_milestone_may_lie_before_its_anchor() -> None:
    story = a_case(a_rule(by_day(-7))).settled_on(MAR_10)
    assert story.owed_once(MAR_10) == ("2026-03-03", "2026-03-03")
    assert assessed(story, MAR_3).owed_once(MAR_10) is None


def test_the_first_unsatisfied_of_the_list_is_owed_in_the_order_of_the_list() -> None:
    rule = a_rule(Milestone("settled", (90 * DAY, 14 * DAY), 0, ("contact",)))
    settled = a_case(rule).settled_on(JAN_1)
    assert settled.owed_once(JAN_1) == ("2026-04-01", "2026-04-01")
    assert settled.called_on(MAR_1).owed_once(MAR_1) == ("2026-04-01", "2026-04-01")


def test_milestones_end_with_a_fact_at_the_anchor_or_later() -> None:
    rule = a_rule(Milestone("job_started", (7 * DAY, 30 * DAY), 3 * DAY, ("contact",), ("job_ended",)))
    job = a_case(rule).has("job_placement", MAR_1, status="started")
    assert job.owed_once(MAR_1) == ("2026-03-08", "2026-03-08")
    assert job.has("job_placement", MAR_2, status="ended").owed_once(MAR_2) is None


def test_settling_anew_starts_the_milestones_anew() -> None:
    story = assessed(a_case(CHECKS).settled_on(JAN_1), JAN_1 + DAY).settled_on(MAR_10)
    assert story.owed_once(MAR_10) == ("2026-04-09", "2026-04-09")
