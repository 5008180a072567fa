from __future__ import annotations

import random
from dataclasses import replace

import pytest

from services.alerting.domain.alert_record import ActionKind
from services.alerting.domain.inbox import Inbox, Which
from services.casework.domain.canaries import CANARY_ORGANISATION
from services.casework.domain.control import PolicyChanged
from services.casework.domain.instants import DAY, HOUR
from services.casework.domain.policy import Policy
from services.casework.domain.transitions import Transition
from tests.unit.services.alerting.alerting_builders import (
    ANOTHER_CASE,
    ANOTHER_CASEWORKER,
    CASEWORKER,
    MAR_10,
    ORGANISATION,
    acknowledged,
    ended,
    escalated,
    event,
    opened,
    raised,
    raised_again,
    reassigned,
    snoozed,
)

POLICY = Policy(version="3f2a9c", settle=0, hold=3 * DAY, rules=())
ALERT = raised()


def inbox_with(*transitions, actions=()) -> Inbox:
    """actions: (event, recorded_at)"""
    inbox = Inbox()
    inbox.take_policy(PolicyChanged("", POLICY), 0, partition=0)
    for transition in transitions:
        inbox.take_transition(transition)
    for offset, (action, recorded_at) in enumerate(actions):
        inbox.take_event(action, recorded_at, 0, offset)
    return inbox


def ids(inbox: Inbox, which: Which = Which.OPEN, organisation: str = ORGANISATION) -> set[str]:
    return {alert.latest.alert_id for ranked in inbox.cases_of(organisation, which) for alert in ranked.alerts}


def test_a_raised_alert_is_open_until_a_transition_ends_it():
    inbox = inbox_with(ALERT)
    assert ids(inbox) == {ALERT.alert_id}
    inbox.take_transition(ended(ALERT))
    assert ids(inbox) == set()
    assert ids(inbox, Which.ENDED) == ids(inbox, Which.ALL) == {ALERT.alert_id}


def test_an_alert_raised_again_is_open_again_and_keeps_its_history():
    over = ended(ALERT)
    inbox = inbox_with(ALERT, over, raised_again(over))
    assert ids(inbox) == {ALERT.alert_id}
    assert ids(inbox, Which.ENDED) == set()
    assert [known.revision for known in inbox.alert(ALERT.alert_id).transitions] == [1, 2, 3]


def test_a_transition_that_comes_twice_says_nothing_new_and_the_first_stands():
    inbox = inbox_with(ALERT)
    assert not inbox.take_transition(replace(ALERT, level=3))
    assert inbox.alert(ALERT.alert_id).latest.level == 1


def test_the_canaries_of_the_detector_are_kept_from_everybody():
    inbox = inbox_with(replace(ALERT, organisation=CANARY_ORGANISATION))
    assert len(inbox) == 0


def test_an_acknowledgement_holds_as_long_as_the_policy_says():
    inbox = inbox_with(ALERT, actions=[(acknowledged(ALERT), MAR_10 + HOUR)])
    alert = inbox.alert(ALERT.alert_id)
    assert alert.held_until() == MAR_10 + HOUR + 3 * DAY
    assert alert.standing_hold(ActionKind.ACKNOWLEDGED, MAR_10 + 2 * DAY).action.by == acknowledged(ALERT).recorded_by
    assert alert.standing_hold(ActionKind.ACKNOWLEDGED, MAR_10 + 4 * DAY) is None


def test_a_snooze_holds_no_longer_than_fourteen_days_after_the_level_was_reached():
    inbox = inbox_with(ALERT, actions=[(snoozed(ALERT, MAR_10 + 90 * DAY), MAR_10 + HOUR)])
    assert inbox.alert(ALERT.alert_id).held_until() == MAR_10 + 14 * DAY


@pytest.mark.parametrize("recorded_at", [MAR_10 + HOUR, MAR_10 + 4 * DAY])
def test_holds_recorded_before_a_level_was_reached_or_at_that_moment_do_not_hold_it(recorded_at):
    up = escalated(ALERT, after=4 * DAY)
    inbox = inbox_with(ALERT, up, actions=[(acknowledged(ALERT), recorded_at)])
    assert inbox.alert(ALERT.alert_id).held_until() is None


@pytest.mark.parametrize("recorded_at", [MAR_10 - HOUR, MAR_10, MAR_10 + HOUR, MAR_10 + 2 * HOUR])
def test_an_action_while_the_alert_is_not_open_is_in_the_history_without_effect(recorded_at):
    inbox = inbox_with(ALERT, ended(ALERT, after=HOUR), actions=[(acknowledged(ALERT), recorded_at)])
    alert = inbox.alert(ALERT.alert_id)
    assert [alert.counted(action) for action in alert.actions] == [False]


def test_an_action_between_raising_and_ending_counts_also_after_the_ending():
    inbox = inbox_with(ALERT, ended(ALERT, after=DAY), actions=[(acknowledged(ALERT), MAR_10 + HOUR)])
    alert = inbox.alert(ALERT.alert_id)
    assert [alert.counted(action) for action in alert.actions] == [True]
    assert alert.held_until() is None


def test_an_alert_raised_again_begins_without_the_holds_of_its_first_time():
    over = ended(ALERT)
    inbox = inbox_with(ALERT, over, raised_again(over), actions=[(snoozed(ALERT, MAR_10 + 9 * DAY), MAR_10 + 1)])
    assert inbox.alert(ALERT.alert_id).held_until() is None


@pytest.mark.parametrize("wrong", [{"organisation": "khulna-network"}, {"case_id": ANOTHER_CASE}])
@pytest.mark.parametrize("comes_first", ["alert", "action"])
def test_an_action_from_another_organisation_or_case_is_not_this_alerts(wrong, comes_first):
    action = event("alert_acknowledged", MAR_10, alert_id=ALERT.alert_id, **wrong)
    inbox = inbox_with(ALERT) if comes_first == "alert" else inbox_with()
    inbox.take_event(action, MAR_10 + HOUR, 0, 0)
    inbox.take_transition(ALERT)
    assert inbox.alert(ALERT.alert_id).actions == ()


def test_an_action_sent_twice_is_one():
    action = acknowledged(ALERT)
    inbox = inbox_with(ALERT, actions=[(action, MAR_10 + HOUR), (action, MAR_10 + 9 * HOUR)])
    assert [known.at for known in inbox.alert(ALERT.alert_id).actions] == [MAR_10 + HOUR]


def test_reassigning_moves_the_case_to_its_new_caseworker():
    inbox = inbox_with(ALERT, actions=[(opened(), MAR_10), (reassigned(ALERT, ANOTHER_CASEWORKER), MAR_10 + 1)])
    assert inbox.charge_of(ALERT).caseworker_id == ANOTHER_CASEWORKER


def test_a_case_of_which_no_event_was_read_is_where_the_detector_says():
    charge = inbox_with(ALERT).charge_of(ALERT)
    assert (charge.district, charge.caseworker_id) == ("jashore", CASEWORKER)


def test_where_an_event_moved_the_case_counts_more_than_where_it_was_when_the_alert_was_raised():
    moved = event("case_updated", MAR_10, district="khulna")
    inbox = inbox_with(ALERT, actions=[(opened(), MAR_10 - DAY), (moved, MAR_10)])
    assert inbox.charge_of(ALERT).district == "khulna"


def test_in_whatever_order_the_two_topics_are_read_the_inbox_is_the_same():
    over = ended(ALERT, Transition.SUPERSEDED, after=5 * DAY)
    transitions = [ALERT, escalated(ALERT), replace(over, revision=3), raised_again(replace(over, revision=3))]
    again_at = transitions[-1].at
    events = [
        (opened(), MAR_10 - DAY),
        (acknowledged(ALERT), MAR_10 + HOUR),
        (snoozed(ALERT, again_at + 9 * DAY), again_at + HOUR),
        (reassigned(ALERT, ANOTHER_CASEWORKER), again_at + 2 * HOUR),
    ]
    random.seed(1)
    seen = []
    for _ in range(40):
        left = {"alerts": list(transitions), "events": list(enumerate(events))}
        inbox = inbox_with()
        while left["alerts"] or left["events"]:
            topic = random.choice([name for name, rest in left.items() if rest])
            if topic == "alerts":
                inbox.take_transition(left["alerts"].pop(0))
            else:
                offset, (one, recorded_at) = left["events"].pop(0)
                inbox.take_event(one, recorded_at, 0, offset)
        alert = inbox.alert(ALERT.alert_id)
        counted = [alert.counted(action) for action in alert.actions]
        seen.append((alert.transitions, alert.actions, counted, alert.held_until(), inbox.charge_of(ALERT)))
    assert all(one == seen[0] for one in seen)
    assert seen[0][2] == [True, True, True]
