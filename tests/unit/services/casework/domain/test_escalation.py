"""Levels, holds and actions of supervisors. Section 6 of what neglect means."""

from __future__ import annotations

import pytest

from tests.case_builder import (
    BILKIS,
    CASE,
    DAY,
    HOUR,
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
    event_id,
    every,
    shown,
)

WEEKLY = a_rule(every(7 * DAY), escalate_after=2 * DAY)
RAISED = a_case(WEEKLY).settled_on(MAR_1)
"""Raised on 8 March at level 1; left alone it goes up on 10 and 12 March."""
R = at("2026-03-08")
LATE = at("2026-06-01")


def ups(story: CaseBuilder, until: int = LATE) -> list[str]:
    return [shown(t.at) for t in story.transitions(until) if t.transition.value == "escalated"]


def held(*until: int) -> CaseBuilder:
    story = RAISED
    for number, each in enumerate(until):
        story = story.snoozed_on(R + HOUR + number, MAR_1, each)
    return story


def test_an_alert_nobody_takes_goes_up_twice_and_not_beyond_level_3() -> None:
    told = RAISED.transitions(LATE)
    assert [(shown(t.at), t.transition.value, t.level) for t in told] == [
        ("2026-03-08", "raised", 1),
        ("2026-03-10", "escalated", 2),
        ("2026-03-12", "escalated", 3),
    ]


def test_an_acknowledgement_holds_three_days_from_its_recording() -> None:
    assert ups(RAISED.acknowledged_on(R + HOUR, MAR_1)) == ["2026-03-11 01:00", "2026-03-13 01:00"]


def test_the_hold_of_an_acknowledgement_is_the_policys() -> None:
    story = CaseBuilder().under(WEEKLY, hold=5 * DAY).settled_on(MAR_1).acknowledged_on(R + HOUR, MAR_1)
    assert ups(story)[0] == "2026-03-13 01:00"


def test_a_hold_that_is_over_before_it_would_go_up_changes_nothing() -> None:
    assert ups(held(at("2026-03-09"))) == ["2026-03-10", "2026-03-12"]


def test_a_snooze_holds_until_its_instant() -> None:
    assert ups(held(at("2026-03-20 06:00")))[0] == "2026-03-20 06:00"


def test_the_latest_of_several_holds_counts() -> None:
    assert ups(held(at("2026-03-15"), at("2026-03-12")))[0] == "2026-03-15"
    assert ups(held(at("2026-03-12")).acknowledged_on(at("2026-03-09 12:00"), MAR_1))[0] == "2026-03-12 12:00"


def test_no_hold_is_longer_than_14_days_after_the_level_was_reached() -> None:
    assert ups(held(at("2026-05-01")))[0] == "2026-03-22"
    forgotten = RAISED
    for day in range(1, 60):
        forgotten = forgotten.acknowledged_on(R + day * DAY - HOUR, MAR_1)
    assert ups(forgotten) == ["2026-03-22", "2026-04-05"]


def test_holds_of_a_level_do_not_count_on_the_next() -> None:
    assert ups(held(at("2026-03-15"))) == ["2026-03-15", "2026-03-17"]


def test_a_hold_before_it_was_raised_does_nothing() -> None:
    assert ups(RAISED.acknowledged_on(R - 1, MAR_1)) == ["2026-03-10", "2026-03-12"]


def test_a_hold_in_the_moment_at_r_does_nothing_for_it_is_not_raised_yet() -> None:
    """The moment at r is folded first; then it is raised."""
    assert ups(RAISED.acknowledged_on(R, MAR_1)) == ["2026-03-10", "2026-03-12"]
    assert ups(RAISED.acknowledged_on(R + 1, MAR_1))[0] == "2026-03-11T00:00:00.001Z"


def test_the_moment_at_which_it_would_go_up_is_folded_first() -> None:
    up = at("2026-03-10")
    assert ups(RAISED.acknowledged_on(up, MAR_1)) == ["2026-03-13", "2026-03-15"]
    assert ups(RAISED.called_on(up), until=up) == []
    assert ups(RAISED.acknowledged_on(up + 1, MAR_1)) == ["2026-03-10", "2026-03-13T00:00:00.001Z"]


def test_a_snooze_until_the_very_time_it_would_go_up_does_not_delay_it() -> None:
    assert ups(held(at("2026-03-10"))) == ["2026-03-10", "2026-03-12"]
    assert ups(held(at("2026-03-10") + 1))[0] == "2026-03-10T00:00:00.001Z"


def test_nothing_ends_an_alert_but_the_end_of_the_neglect() -> None:
    story = held(at("2026-03-20")).acknowledged_on(R + 2 * HOUR, MAR_1)
    story = story.has("alert_reassigned", R + 3 * HOUR, alert_id=event_id(1), caseworker_id=BILKIS)
    assert story.endings(MAR_15) == []
    assert [alert.alert_id for alert in story.told(MAR_15).case.open_alerts()]


def test_reassigning_changes_the_owner_and_holds_nothing() -> None:
    alert_id = RAISED.transitions(R)[0].alert_id
    story = RAISED.has("alert_reassigned", R + HOUR, alert_id=alert_id, caseworker_id=BILKIS)
    assert ups(story) == ["2026-03-10", "2026-03-12"]
    assert story.told(MAR_10).case.attributes["caseworker_id"] == BILKIS
    assert [t.caseworker_id for t in story.transitions(MAR_10)] == ["", BILKIS]


def test_reassigning_counts_even_when_the_alert_is_not_open() -> None:
    story = RAISED.has("alert_reassigned", MAR_2, alert_id=event_id(1), caseworker_id=BILKIS)
    assert story.told(MAR_3).case.attributes["caseworker_id"] == BILKIS
    assert story.told(MAR_3).case.facts.times("assigned") == [MAR_2]


def test_an_action_on_an_alert_that_its_own_moment_ends_has_no_effect() -> None:
    call = event_id(77)
    story = RAISED.called_on(MAR_10 - HOUR, known_as=call).snoozed_on(MAR_10 - HOUR, MAR_1, at("2026-03-20"))
    again = story.retracting(call, MAR_10)
    raised_again = MAR_10 + 15 * MINUTE
    assert ups(again)[-2:] == [shown(raised_again + 2 * DAY), shown(raised_again + 4 * DAY)]


def test_an_alert_raised_again_starts_at_level_1_without_holds() -> None:
    call = event_id(77)
    story = held(at("2026-03-20")).called_on(at("2026-03-09"), known_as=call).retracting(call, MAR_10)
    levels = [(t.transition.value, t.level) for t in story.transitions(LATE)]
    assert levels == [("raised", 1), ("resolved", 1), ("raised", 1), ("escalated", 2), ("escalated", 3)]
    assert ups(story)[0] == shown(MAR_10 + 15 * MINUTE + 2 * DAY)


def test_an_action_on_another_alert_does_nothing_here() -> None:
    assert ups(RAISED.acknowledged_on(R + HOUR, MAR_2)) == ["2026-03-10", "2026-03-12"]


def test_a_retracted_hold_holds_all_the_same() -> None:
    act = event_id(77)
    story = RAISED.acknowledged_on(R + HOUR, MAR_1, known_as=act).retracting(act, R + 2 * HOUR)
    assert ups(story)[0] == "2026-03-11 01:00"


def test_the_same_acknowledgement_twice_holds_once() -> None:
    act = event_id(77)
    once = RAISED.acknowledged_on(R + HOUR, MAR_1, known_as=act)
    assert once.acknowledged_on(R + 40 * HOUR, MAR_1, known_as=act).transitions(LATE) == once.transitions(LATE)


@pytest.mark.parametrize("level", [1, 2])
def test_an_ending_says_the_level_it_had_reached(level: int) -> None:
    ended = RAISED.called_on(R + (level - 1) * 2 * DAY + HOUR).transitions(MAR_15)
    assert [t.level for t in ended if t.transition.is_ending and t.case_id == CASE][:1] == [level]
