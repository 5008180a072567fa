"""Pauses, closings and conditions: what silences a rule, and from when it counts again. Section 3, restarts."""

from __future__ import annotations

import pytest

from tests.case_builder import (
    APR_1,
    DAY,
    HOUR,
    JAN_1,
    MAR_1,
    MAR_2,
    MAR_3,
    MAR_10,
    MAR_15,
    MAR_20,
    CaseBuilder,
    a_case,
    a_rule,
    at,
    event_id,
    every,
    within,
)

WEEKLY = a_rule(every(7 * DAY))
EVEN_PAUSED = a_rule(every(7 * DAY), while_paused=True)
EVEN_CLOSED = a_rule(every(7 * DAY), when_closed=True)
SETTLED = a_case(WEEKLY).settled_on(MAR_1)

# --- pauses -----------------------------------------------------------------------------------------------------------


def test_while_paused_nothing_is_owed_and_the_end_of_the_pause_is_a_restart() -> None:
    story = SETTLED.paused_on(MAR_3, until=MAR_10)
    assert story.owed_once(MAR_10 - 1) is None
    assert story.owed_once(MAR_10) == ("2026-03-10", "2026-03-17")


def test_a_rule_that_holds_while_paused_knows_no_pause() -> None:
    story = a_case(EVEN_PAUSED).settled_on(MAR_1).paused_on(MAR_3, until=MAR_10)
    assert story.owed_once(MAR_3) == story.owed_once(MAR_15) == ("2026-03-01", "2026-03-08")


def test_a_pause_that_ends_when_it_begins_is_none() -> None:
    assert SETTLED.paused_on(MAR_3, until=MAR_3).owed_once(MAR_3) == ("2026-03-01", "2026-03-08")
    assert SETTLED.paused_on(MAR_3, until=MAR_2).owed_once(MAR_3) == ("2026-03-01", "2026-03-08")


def test_a_pause_that_is_none_does_not_stand_before_an_earlier_one() -> None:
    story = SETTLED.paused_on(MAR_2, until=MAR_10).paused_on(MAR_3, until=MAR_3)
    assert story.owed_once(MAR_3) is None
    assert story.owed_once(MAR_10) == ("2026-03-10", "2026-03-17")


def test_the_latest_pause_alone_counts_even_when_it_is_shorter() -> None:
    story = SETTLED.paused_on(MAR_2, until=MAR_20).paused_on(MAR_3, until=MAR_10)
    assert story.owed_once(MAR_10) == ("2026-03-10", "2026-03-17")


def test_a_resumption_ends_a_pause_early() -> None:
    story = SETTLED.paused_on(MAR_2, until=MAR_20).resumed_on(MAR_3)
    assert story.owed_once(MAR_3) == ("2026-03-03", "2026-03-10")


def test_the_earliest_resumption_after_the_pause_counts() -> None:
    story = SETTLED.paused_on(MAR_2, until=MAR_20).resumed_on(MAR_10).resumed_on(MAR_3, recorded=MAR_15)
    assert story.owed_once(MAR_15) == ("2026-03-03", "2026-03-10")


def test_a_resumption_at_the_very_time_of_the_pause_does_not_end_it() -> None:
    assert SETTLED.paused_on(MAR_2, until=MAR_10).resumed_on(MAR_2).owed_once(MAR_3) is None


def test_a_resumption_after_the_end_of_a_pause_does_nothing() -> None:
    story = SETTLED.paused_on(MAR_2, until=MAR_3).resumed_on(MAR_10)
    assert story.owed_once(MAR_10) == ("2026-03-03", "2026-03-10")


def test_a_resumption_without_a_pause_does_nothing() -> None:
    assert SETTLED.resumed_on(MAR_3).owed_once(MAR_3) == ("2026-03-01", "2026-03-08")


def test_a_pause_reported_after_it_was_over_is_a_restart_all_the_same() -> None:
    story = SETTLED.paused_on(MAR_2, until=MAR_3, recorded=MAR_10)
    assert story.owed_once(MAR_10) == ("2026-03-03", "2026-03-10")


def test_a_contact_during_a_pause_does_not_bring_the_due_day_forward() -> None:
    story = SETTLED.paused_on(MAR_2, until=MAR_10).called_on(MAR_3)
    assert story.owed_once(MAR_10) == ("2026-03-10", "2026-03-17")


def test_the_end_of_a_pause_comes_before_anything_recorded_at_that_instant() -> None:
    """So (c, d) of the restart is owed for the moment at u, and what is recorded at u ends it."""
    told = SETTLED.paused_on(MAR_2, until=MAR_10).called_on(MAR_10).told(until=MAR_10)
    begun_and_ended = [(at_, c.c, c.ending and c.ending.value) for at_, c in told.changes][2:]
    assert begun_and_ended == [(MAR_10, MAR_10, None)]

    closing = SETTLED.paused_on(MAR_2, until=MAR_10).closed_on(MAR_10).told(until=MAR_10)
    assert [(c.c, c.ending and c.ending.value) for _, c in closing.changes][2:] == [
        (MAR_10, None),
        (MAR_10, "suspended"),
    ]


def test_a_pause_prolonged_at_its_very_end_ends_and_begins_again() -> None:
    told = SETTLED.paused_on(MAR_2, until=MAR_10).paused_on(MAR_10, until=MAR_20).told(until=MAR_15)
    assert [(c.c, c.ending and c.ending.value) for _, c in told.changes][2:] == [(MAR_10, None), (MAR_10, "suspended")]


def test_retracting_a_pause_undoes_it() -> None:
    pause = event_id(77)
    story = SETTLED.paused_on(MAR_2, until=MAR_20, known_as=pause).retracting(pause, MAR_3)
    assert story.owed_once(MAR_3) == ("2026-03-01", "2026-03-08")


# --- closings ---------------------------------------------------------------------------------------------------------


def test_while_closed_nothing_is_owed_and_reopening_is_a_restart() -> None:
    closed = SETTLED.closed_on(MAR_3)
    assert closed.owed_once(APR_1) is None
    assert closed.reopened_on(MAR_10).owed_once(MAR_10) == ("2026-03-10", "2026-03-17")


@pytest.mark.parametrize("missed", [True, False])
def test_her_call_opens_a_closed_case_again(missed: bool) -> None:
    story = SETTLED.closed_on(MAR_3).she_called_on(MAR_10, missed=missed)
    assert story.owed_once(MAR_10) == ("2026-03-10", "2026-03-17")


def test_a_request_through_the_community_opens_a_closed_case_again() -> None:
    story = SETTLED.closed_on(MAR_3).has("community_report", MAR_10, concern="family", help_requested=True)
    assert story.owed_once(MAR_10) == ("2026-03-10", "2026-03-17")


def test_our_own_call_does_not_open_a_closed_case() -> None:
    assert SETTLED.closed_on(MAR_3).called_on(MAR_10).owed_once(MAR_10) is None


def test_the_earliest_opening_after_the_latest_closing_counts() -> None:
    story = SETTLED.closed_on(MAR_2).reopened_on(MAR_3).closed_on(MAR_10)
    assert story.owed_once(MAR_10) is None
    again = story.she_called_on(MAR_20).reopened_on(MAR_15, recorded=MAR_20)
    owed = again.owed_once(MAR_20)
    assert owed == ("2026-03-20", "2026-03-27")
    assert a_case(WEEKLY).settled_on(MAR_1).closed_on(MAR_10).reopened_on(MAR_15).reopened_on(MAR_20).owed_once(
        MAR_20
    ) == ("2026-03-15", "2026-03-22")


def test_an_opening_at_the_very_time_of_the_closing_does_not_count() -> None:
    assert SETTLED.closed_on(MAR_3).reopened_on(MAR_3).owed_once(MAR_10) is None


def test_a_rule_that_holds_when_closed_knows_no_closing() -> None:
    story = a_case(EVEN_CLOSED).settled_on(MAR_1).closed_on(MAR_3)
    assert story.owed_once(MAR_3) == ("2026-03-01", "2026-03-08")
    assert story.reopened_on(MAR_10).owed_once(MAR_10) == ("2026-03-01", "2026-03-08")


@pytest.mark.parametrize("reason", ["died", "duplicate"])
def test_an_end_silences_every_rule_and_opening_it_again_restarts_them_all(reason: str) -> None:
    ended = a_case(EVEN_CLOSED).settled_on(MAR_1).closed_on(MAR_3, reason)
    assert ended.owed_once(APR_1) is None
    assert ended.reopened_on(MAR_10).owed_once(MAR_10) == ("2026-03-10", "2026-03-17")


def test_an_erased_survivor_is_owed_nothing_any_more() -> None:
    story = a_case(EVEN_CLOSED).settled_on(MAR_1).has("survivor_erased", MAR_3)
    assert story.owed_once(APR_1) is None


def test_an_end_followed_by_a_plain_closing_is_a_plain_closing() -> None:
    story = a_case(EVEN_CLOSED).settled_on(MAR_1).closed_on(MAR_2, "died").closed_on(MAR_3)
    assert story.owed_once(MAR_3) == ("2026-03-01", "2026-03-08")


# --- applies_when -----------------------------------------------------------------------------------------------------

FAMILY = a_rule(every(7 * DAY, anchor="opened"), applies_when={"pathway": "family"})


def updated(story: CaseBuilder, happened: int, **data: str | bool | tuple[str, ...]) -> CaseBuilder:
    return story.has("case_updated", happened, **data)


def test_a_rule_applies_only_while_its_conditions_hold() -> None:
    assert a_case(FAMILY).opened_on(MAR_1, pathway="independent").owed_once(MAR_1) is None
    opened = a_case(FAMILY).opened_on(MAR_1)
    assert opened.owed_once(MAR_1) == ("2026-03-01", "2026-03-08")
    assert updated(opened, MAR_3, pathway="independent").owed_once(MAR_3) is None


def test_the_time_since_which_a_condition_holds_is_a_restart() -> None:
    story = updated(a_case(FAMILY).opened_on(MAR_1, pathway="undecided"), MAR_10, pathway="family")
    assert story.owed_once(MAR_10) == ("2026-03-10", "2026-03-17")


def test_writing_the_same_again_breaks_nothing() -> None:
    story = updated(a_case(FAMILY).opened_on(MAR_1), MAR_3, pathway="family")
    assert updated(story, MAR_3, risk="high").owed_once(MAR_3) == ("2026-03-01", "2026-03-08")


def test_a_break_in_between_restarts_it_even_when_reported_late() -> None:
    story = updated(a_case(FAMILY).opened_on(MAR_1), MAR_10, pathway="family")
    late = story.has("case_updated", MAR_3, recorded=MAR_15, pathway="independent")
    assert late.owed_once(MAR_15) == ("2026-03-10", "2026-03-17")


def test_all_conditions_must_hold_and_the_last_to_come_restarts() -> None:
    rule = a_rule(every(7 * DAY, anchor="opened"), applies_when={"pathway": "family", "has_skill": True})
    opened = a_case(rule).opened_on(MAR_1)
    assert opened.owed_once(MAR_1) is None
    assert updated(opened, MAR_3, has_skill=True).owed_once(MAR_3) == ("2026-03-03", "2026-03-10")


def test_a_condition_on_programmes_asks_whether_one_is_among_them() -> None:
    rule = a_rule(every(7 * DAY, anchor="opened"), applies_when={"programmes": "livelihood"})
    opened = a_case(rule).opened_on(MAR_1)
    assert updated(opened, MAR_3, programmes=("legal-aid",)).owed_once(MAR_3) is None
    assert updated(opened, MAR_3, programmes=("legal-aid", "livelihood")).owed_once(MAR_3) == (
        "2026-03-03",
        "2026-03-10",
    )


def test_retracting_what_broke_a_condition_mends_it() -> None:
    story = a_case(FAMILY).opened_on(MAR_1).has("case_updated", MAR_2, known_as=event_id(77), pathway="independent")
    assert story.retracting(event_id(77), MAR_3).owed_once(MAR_3) == ("2026-03-01", "2026-03-08")


def test_the_latest_of_all_restarts_counts() -> None:
    rule = a_rule(every(7 * DAY, anchor="opened"), applies_when={"pathway": "family"})
    story = updated(a_case(rule).opened_on(JAN_1, pathway="undecided"), MAR_1, pathway="family")
    story = story.closed_on(MAR_2).reopened_on(MAR_3).paused_on(MAR_10, until=MAR_15)
    assert story.owed_once(MAR_15) == ("2026-03-15", "2026-03-22")


def test_a_response_restarts_too_and_its_due_day_with_it() -> None:
    rule = a_rule(within(DAY, "opened", "assessed"))
    story = a_case(rule).opened_on(MAR_1).paused_on(MAR_1 + HOUR, until=MAR_10)
    assert story.owed_once(MAR_10) == ("2026-03-10", "2026-03-11")


def test_a_visit_never_makes_a_due_day_come_earlier() -> None:
    for day in range(1, 20):
        happened = MAR_1 + day * DAY
        without, visited = SETTLED.owed_once(happened), SETTLED.called_on(happened).owed_once(happened)
        assert without is not None and visited is not None
        assert at(visited[1]) >= at(without[1])
