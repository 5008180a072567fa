"""How an alert ends: the first line that fits names it. Section 5 of what neglect means."""

from __future__ import annotations

import pytest

from services.casework.domain.transitions import ObligationEnding
from tests.case_builder import (
    DAY,
    FEB_1,
    HOUR,
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

WEEKLY = a_rule(every(7 * DAY))
RAISED = a_case(WEEKLY).settled_on(MAR_1, known_as=event_id(500))
"""Raised on 8 March: c is 1 March, d is 8 March."""
MAR_8 = at("2026-03-08")
CALL = event_id(77)


def test_the_alert_of_these_stories_is_open() -> None:
    assert RAISED.story(MAR_8) == ["2026-03-08 raised rule"]


# --- the lines, one by one --------------------------------------------------------------------------------------------


def test_suspended_while_paused() -> None:
    assert RAISED.paused_on(MAR_10 - DAY, until=MAR_15).endings(MAR_10) == [("suspended", None)]


@pytest.mark.parametrize("reason", ["self_reliant", "died"])
def test_suspended_when_closed(reason: str) -> None:
    assert RAISED.closed_on(MAR_10 - DAY, reason).endings(MAR_10) == [("suspended", None)]


def test_withdrawn_when_the_policy_no_longer_has_the_rule() -> None:
    story = RAISED.under(a_rule(every(DAY), "other"), since=MAR_10)
    ended = [t for t in story.transitions(MAR_10) if t.transition.is_ending]
    assert [(t.transition.value, t.rule_id, t.explanation) for t in ended] == [("withdrawn", "rule", None)]


def test_withdrawn_when_its_condition_no_longer_holds() -> None:
    rule = a_rule(every(7 * DAY), applies_when={"pathway": "family"})
    story = a_case(rule).settled_on(MAR_1).has("case_updated", MAR_10 - HOUR, pathway="independent")
    assert story.endings(MAR_10) == [("withdrawn", None)]


def test_cleared_when_the_work_had_been_done_in_time() -> None:
    assert RAISED.called_on(MAR_3, recorded=MAR_10).endings(MAR_10) == [("cleared", "2026-03-03")]
    assert RAISED.called_on(MAR_8, recorded=MAR_10).endings(MAR_10) == [("cleared", "2026-03-08")]


def test_resolved_when_it_was_done_late() -> None:
    assert RAISED.called_on(MAR_10 - DAY).endings(MAR_10) == [("resolved", "2026-03-09")]
    assert RAISED.called_on(MAR_8 + 1, recorded=MAR_10).endings(MAR_10) == [("resolved", "2026-03-08T00:00:00.001Z")]


def test_withdrawn_when_a_retraction_takes_its_ground_away() -> None:
    assert RAISED.retracting(event_id(500), MAR_10).endings(MAR_10) == [("withdrawn", None)]


def test_superseded_when_c_or_d_moved_for_another_reason() -> None:
    assert RAISED.settled_on(MAR_10).endings(MAR_10) == [("superseded", None)]
    rule = a_rule(within(DAY, "safety_incident", "contact"))
    later = a_case(rule).has("safety_incident", MAR_3, kind="threat", severity="low")
    earlier = later.has("safety_incident", MAR_1, recorded=MAR_10, kind="threat", severity="low")
    assert earlier.endings(MAR_10) == [("superseded", None)]


def test_superseded_when_a_policy_moves_what_is_due() -> None:
    assert RAISED.under(a_rule(every(8 * DAY)), since=MAR_10).endings(MAR_10) == [("superseded", None)]


def test_superseded_by_what_ends_the_rule() -> None:
    rule = a_rule(every(7 * DAY, anchor="opened", ends=("settled",)))
    assert a_case(rule).opened_on(MAR_1).settled_on(MAR_10).endings(MAR_10) == [("superseded", None)]


def test_a_restart_by_reopening_a_case_that_was_never_known_closed_supersedes() -> None:
    story = RAISED.closed_on(MAR_2, recorded=MAR_10).reopened_on(MAR_3, recorded=MAR_10)
    assert story.endings(MAR_10) == [("superseded", None)]


# --- which line comes first -------------------------------------------------------------------------------------------


def test_a_pause_comes_before_work_done() -> None:
    story = RAISED.called_on(MAR_3, recorded=MAR_10).paused_on(MAR_10, until=MAR_15)
    assert story.endings(MAR_10) == [("suspended", None)]


def test_a_closing_comes_before_a_condition_that_fails() -> None:
    rule = a_rule(every(7 * DAY), applies_when={"pathway": "family"})
    story = a_case(rule).settled_on(MAR_1).closed_on(MAR_10).has("case_updated", MAR_10, pathway="independent")
    assert story.endings(MAR_10) == [("suspended", None)]


def test_a_rule_that_is_gone_is_withdrawn_even_from_a_paused_case() -> None:
    story = RAISED.under(a_rule(every(DAY), "other"), since=MAR_10).paused_on(MAR_10, until=MAR_15)
    assert story.endings(MAR_10) == [("withdrawn", None)]


def test_a_condition_that_fails_comes_before_work_done() -> None:
    rule = a_rule(every(7 * DAY), applies_when={"pathway": "family"})
    story = a_case(rule).settled_on(MAR_1).has("case_updated", MAR_10, pathway="independent").called_on(MAR_10)
    assert story.endings(MAR_10) == [("withdrawn", None)]


def test_work_done_comes_before_a_retraction() -> None:
    story = RAISED.called_on(MAR_10).retracting(event_id(999), MAR_10)
    assert story.endings(MAR_10) == [("resolved", "2026-03-10")]


def test_a_retraction_of_something_else_still_names_the_ending_of_its_moment() -> None:
    story = RAISED.settled_on(MAR_10).retracting(event_id(999), MAR_10)
    assert story.endings(MAR_10) == [("withdrawn", None)]


def test_a_retraction_seen_before_names_nothing() -> None:
    story = RAISED.retracting(event_id(999), MAR_2, known_as=CALL)
    doubled = story.retracting(event_id(999), MAR_10, known_as=CALL).settled_on(MAR_10)
    assert doubled.endings(MAR_10) == [("superseded", None)]


# --- s: when the work was done ----------------------------------------------------------------------------------------


def test_of_several_contacts_reported_together_the_earliest_counts() -> None:
    story = RAISED.called_on(MAR_10, recorded=MAR_10).called_on(MAR_3, recorded=MAR_10)
    assert story.endings(MAR_10) == [("cleared", "2026-03-03")]


def test_of_a_cadence_only_what_came_later_than_c_counts() -> None:
    assert RAISED.called_on(MAR_1, recorded=MAR_10).endings(MAR_10) == []


def test_of_a_cadence_the_contact_it_counts_from_does_not_end_it() -> None:
    story = a_case(WEEKLY).settled_on(MAR_1).called_on(MAR_3)
    assert story.called_on(MAR_15).endings(MAR_15) == [("resolved", "2026-03-15")]
    both = RAISED.called_on(MAR_1, recorded=MAR_10).called_on(MAR_10)
    assert both.endings(MAR_10) == [("resolved", "2026-03-10")]


def test_the_basis_is_the_one_it_had_just_before_though_c_and_d_stayed() -> None:
    """A pause sets c; behind it an earlier trigger comes to be known, and with it what answers the earliest."""
    rule = a_rule(within(DAY, "safety_incident", "contact"))
    incident = {"kind": "threat", "severity": "low"}
    story = a_case(rule).has("safety_incident", MAR_1, **incident).paused_on(MAR_2, until=MAR_10)
    earlier = story.has("safety_incident", FEB_1, recorded=MAR_15, **incident)
    answered = earlier.called_on(FEB_1 + DAY, recorded=MAR_20).called_on(MAR_20)
    assert answered.endings(MAR_20) == [("cleared", "2026-02-02")]
    assert story.called_on(FEB_1 + DAY, recorded=MAR_20).called_on(MAR_20).endings(MAR_20) == [
        ("resolved", "2026-03-20")
    ]


def test_of_a_response_what_satisfies_the_trigger_counts_early_ones_too() -> None:
    rule = a_rule(within(7 * DAY, "job_ended", ("contact", "job_started"), early=3 * DAY))
    lost = a_case(rule).has("job_placement", MAR_3, status="ended")
    assert lost.called_on(MAR_1, recorded=MAR_15).endings(MAR_15) == [("cleared", "2026-03-01")]
    assert lost.called_on(MAR_1 - 2 * DAY, recorded=MAR_15).endings(MAR_15) == []
    assert lost.has("job_placement", MAR_15, status="started").endings(MAR_15) == [("resolved", "2026-03-15")]


def test_of_a_response_an_answer_that_is_a_trigger_too_counts_when_it_is_later() -> None:
    rule = a_rule(within(DAY, "safety_concern", "contact"))
    afraid = a_case(rule).called_on(MAR_3, wellbeing=1)
    assert afraid.called_on(MAR_10, wellbeing=1).endings(MAR_10) == [("resolved", "2026-03-10")]


def test_of_a_response_an_answer_that_is_a_trigger_at_the_same_time_does_not_count() -> None:
    rule = a_rule(within(DAY, "safety_concern", "contact"))
    twice = a_case(rule).called_on(MAR_3, wellbeing=1).called_on(MAR_3, wellbeing=1, recorded=MAR_10)
    assert twice.called_on(MAR_10).endings(MAR_10) == [("resolved", "2026-03-10")]


def test_of_a_response_a_repeat_that_is_no_answer_does_not_end_it() -> None:
    rule = a_rule(within(DAY, "help_request", "contact", repeat_answers=False))
    story = a_case(rule).she_called_on(MAR_1, missed=True).she_called_on(MAR_3, for_help=True)
    assert story.endings(MAR_10) == []
    assert story.called_on(MAR_10).endings(MAR_10) == [("resolved", "2026-03-10")]


def test_of_a_streak_what_breaks_it_later_than_its_first_failure_counts() -> None:
    rule = a_rule(after_failures(3, 7 * DAY))
    story = a_case(rule)
    for day in (MAR_1, MAR_2, MAR_3):
        story = story.called_on(day, reached=False)
    assert story.story(MAR_10) == ["2026-03-10 raised rule"]
    assert story.called_on(MAR_1 + HOUR, recorded=MAR_15).endings(MAR_15) == [("cleared", "2026-03-01 01:00")]
    assert story.called_on(MAR_15).endings(MAR_15) == [("resolved", "2026-03-15")]
    at_the_first = story.called_on(MAR_1, recorded=MAR_15)
    assert at_the_first.endings(MAR_15) == [("superseded", None)]


def test_of_a_milestone_what_was_done_early_enough_counts() -> None:
    rule = a_rule(by_day(7, early=2))
    story = a_case(rule).settled_on(MAR_1)
    done = {"instrument": "who5", "version": "1", "scores": {"calm": 0.5}}
    assert story.has("wellbeing_assessment", MAR_8 - 2 * DAY, recorded=MAR_10, **done).endings(MAR_10) == [
        ("cleared", "2026-03-06")
    ]
    assert story.has("wellbeing_assessment", MAR_10, **done).endings(MAR_10) == [("resolved", "2026-03-10")]


# --- what an ending carries -------------------------------------------------------------------------------------------


def test_an_ending_prints_the_obligation_that_was_raised_and_the_level_reached() -> None:
    ended = RAISED.called_on(MAR_15).transitions(MAR_15)[-1]
    assert (ended.at, ended.c, ended.d, ended.r, ended.level) == (MAR_15, MAR_1, MAR_8, MAR_8, 3)


def test_after_an_ending_the_next_obligation_is_owed_at_once() -> None:
    assert RAISED.called_on(MAR_10).story(MAR_20) == [
        "2026-03-08 raised rule",
        "2026-03-10 resolved rule",
        "2026-03-17 raised rule",
        "2026-03-19 escalated rule",
    ]


@pytest.mark.parametrize(
    ("story", "ending", "s"),
    [
        (RAISED.called_on(MAR_3, recorded=MAR_10), ObligationEnding.SATISFIED_IN_TIME, MAR_3),
        (RAISED.called_on(MAR_10), ObligationEnding.SATISFIED_LATE, MAR_10),
        (RAISED.paused_on(MAR_10, until=MAR_15), ObligationEnding.SUSPENDED, None),
        (RAISED.settled_on(MAR_10), ObligationEnding.SUPERSEDED, None),
        (RAISED.retracting(event_id(500), MAR_10), ObligationEnding.WITHDRAWN, None),
    ],
)
def test_what_ended_is_told_of_obligations_as_well(story: CaseBuilder, ending: ObligationEnding, s: int | None) -> None:
    ended = [(c.c, c.d, c.k, c.ending, c.s) for at_, c in story.told(MAR_10).changes if at_ == MAR_10 and c.ending]
    assert ended == [(MAR_1, MAR_8, MAR_1, ending, s)]


def test_an_obligation_that_was_never_raised_ends_without_a_transition() -> None:
    told = a_case(WEEKLY).settled_on(MAR_1).called_on(MAR_3).told(MAR_3)
    assert told.transitions == []
    assert [(c.ending, c.s) for _, c in told.changes][1] == (ObligationEnding.SATISFIED_IN_TIME, MAR_3)
