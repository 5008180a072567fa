"""Time, moments, doubles, retractions and attributes: sections 1 and 2 of what neglect means."""

from __future__ import annotations

import pytest

from tests.case_builder import (
    AYESHA,
    BILKIS,
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
    event_id,
    every,
    within,
)

WEEKLY = a_rule(every(7 * DAY))
ANSWERED = a_rule(within(DAY, "help_request", "contact"), while_paused=True)
A, B, C = event_id(0xA), event_id(0xB), event_id(0xC)


def test_what_happened_after_it_was_recorded_counts_as_recorded() -> None:
    story = a_case(WEEKLY).settled_on(MAR_1).called_on(MAR_3 + 5 * MINUTE, recorded=MAR_3)
    assert story.owed_once(MAR_10) == ("2026-03-03", "2026-03-10")


def test_what_is_reported_late_counts_from_when_it_happened() -> None:
    story = a_case(WEEKLY).settled_on(MAR_1, recorded=MAR_2).called_on(MAR_2, recorded=MAR_3)
    assert story.owed_once(MAR_3) == ("2026-03-02", "2026-03-09")


def test_nothing_is_worked_out_before_the_moment_is_over() -> None:
    case = a_case(WEEKLY).settled_on(MAR_1).told(until=MAR_1 - 1).case
    assert case.owed_now() == []
    assert case.next_due() == MAR_1
    assert case.advance(MAR_1).obligations == []
    assert len(case.advance(MAR_1 + 1).obligations) == 1


def test_all_that_is_recorded_at_one_instant_is_one_moment() -> None:
    """Between two lines of one moment nothing is owed, so nothing begins that ends in it."""
    told = (
        a_case(WEEKLY)
        .settled_on(MAR_1, recorded=MAR_3)
        .called_on(MAR_2, recorded=MAR_3)
        .called_on(MAR_3, recorded=MAR_3)
        .told(until=MAR_3)
    )
    assert [(at_, change.c, change.ending) for at_, change in told.changes] == [(MAR_3, MAR_3, None)]


def test_a_millisecond_apart_are_two_moments() -> None:
    told = a_case(WEEKLY).settled_on(MAR_1).called_on(MAR_1 + 1).told(until=MAR_2)
    assert [(at_, change.c) for at_, change in told.changes] == [
        (MAR_1, MAR_1),
        (MAR_1 + 1, MAR_1),
        (MAR_1 + 1, MAR_1 + 1),
    ]


def test_a_recorded_at_that_runs_backwards_is_lifted_to_the_latest() -> None:
    story = a_case(WEEKLY).settled_on(MAR_3)
    case = story.told(until=MAR_3).case
    event, _ = story.settled_on(MAR_2).called_on(MAR_3).records[-1]
    case.fold(event, MAR_2)
    assert case.pending is not None and case.pending.time == MAR_3
    case.advance(MAR_3 + 1)
    assert case.moment == MAR_3
    assert case.facts.times("contact") == [MAR_3]


def test_the_same_event_id_a_second_time_changes_nothing_whatever_it_says() -> None:
    once = a_case(WEEKLY).settled_on(MAR_1).called_on(MAR_2, known_as=A)
    for twice in (
        once.called_on(MAR_2, known_as=A),
        once.called_on(MAR_3, known_as=A),
        once.closed_on(MAR_3).has("settled", MAR_3, known_as=A, pathway="family", district="khulna"),
    ):
        assert twice.told(MAR_3).case.facts.times("contact") == [MAR_2]
    assert once.has("case_closed", MAR_3, known_as=A, reason="died").owed_once(MAR_3) == ("2026-03-02", "2026-03-09")


def test_a_double_of_something_retracted_stays_retracted() -> None:
    story = a_case(WEEKLY).settled_on(MAR_1).called_on(MAR_2, known_as=A).retracting(A, MAR_3)
    assert story.called_on(MAR_2, recorded=MAR_10, known_as=A).owed_once(MAR_10 - 1) == ("2026-03-01", "2026-03-08")
    assert story.called_on(MAR_2, recorded=MAR_10, known_as=A).told(MAR_10).case.facts.times("contact") == []


def test_a_retraction_takes_back_facts_from_its_recording_on() -> None:
    story = a_case(WEEKLY).settled_on(MAR_1).called_on(MAR_2, known_as=A).retracting(A, MAR_3)
    assert story.owed_once(MAR_3 - 1) == ("2026-03-02", "2026-03-09")
    assert story.owed_once(MAR_3) == ("2026-03-01", "2026-03-08")


def test_a_retraction_takes_back_attributes() -> None:
    story = a_case(WEEKLY).opened_on(MAR_1, risk="low").has("case_updated", MAR_2, known_as=A, risk="high")
    assert story.told(MAR_2).case.attributes["risk"] == "high"
    assert story.retracting(A, MAR_3).told(MAR_3).case.attributes["risk"] == "low"


def test_a_retraction_may_come_before_the_event_it_names() -> None:
    story = (
        a_case(WEEKLY)
        .settled_on(MAR_1)
        .retracting(A, MAR_2)
        .called_on(MAR_1, recorded=MAR_3, known_as=A)
        .has("case_updated", MAR_1, recorded=MAR_3, known_as=B, risk="high")
        .retracting(B, MAR_1)
    )
    case = story.told(MAR_3).case
    assert case.facts.times("contact") == []
    assert "risk" not in case.attributes


def test_retracting_twice_is_retracting_once() -> None:
    story = a_case(WEEKLY).settled_on(MAR_1).called_on(MAR_2, known_as=A).retracting(A, MAR_3).retracting(A, MAR_3)
    assert story.owed_once(MAR_3) == ("2026-03-01", "2026-03-08")


def test_a_retraction_cannot_be_retracted() -> None:
    story = a_case(WEEKLY).settled_on(MAR_1).called_on(MAR_2, known_as=A).retracting(A, MAR_3, known_as=B)
    assert story.retracting(B, MAR_10).told(MAR_10).case.facts.times("contact") == []


@pytest.mark.parametrize("retraction_first", [True, False])
def test_supervisors_actions_and_an_erasure_cannot_be_retracted(retraction_first: bool) -> None:
    when = MAR_1 if retraction_first else MAR_10
    case = (
        a_case(WEEKLY)
        .opened_on(JAN_1)
        .has("alert_reassigned", MAR_2, known_as=A, alert_id=C, caseworker_id=BILKIS)
        .has("survivor_erased", MAR_3, known_as=B)
        .retracting(A, when)
        .retracting(B, when)
        .told(MAR_10)
        .case
    )
    assert case.attributes["caseworker_id"] == BILKIS
    assert case.facts.times("assigned") == [MAR_2]
    assert case.standing.is_ended


def test_attributes_are_those_last_written_in_order_of_time_not_of_arrival() -> None:
    late = a_case(WEEKLY).opened_on(MAR_1, risk="low").has("case_updated", MAR_10, risk="high")
    story = late.has("case_updated", MAR_3, recorded=MAR_15, risk="medium", upazila="sharsha")
    attributes = story.told(MAR_15).case.attributes
    assert (attributes["risk"], attributes["upazila"]) == ("high", "sharsha")


def test_attributes_written_at_one_time_stand_in_order_of_event_ids() -> None:
    one = a_case(WEEKLY).has("case_updated", MAR_1, known_as=B, risk="high")
    assert one.has("case_updated", MAR_1, known_as=A, risk="low").told(MAR_1).case.attributes == {"risk": "high"}
    assert one.has("case_updated", MAR_1, known_as=C, risk="low").told(MAR_1).case.attributes == {"risk": "low"}


@pytest.mark.parametrize(
    ("type_name", "data", "attributes"),
    [
        ("settled", {"pathway": "independent", "district": "khulna"}, {"pathway": "independent", "district": "khulna"}),
        ("assessment", {"decision": "undecided", "risk": "high"}, {"risk": "high"}),
        ("case_assigned", {"caseworker_id": BILKIS}, {"caseworker_id": BILKIS}),
        ("alert_reassigned", {"alert_id": C, "caseworker_id": AYESHA}, {"caseworker_id": AYESHA}),
        ("case_opened", {"source": "police"}, {}),
        ("safety_incident", {"kind": "threat", "severity": "low"}, {}),
    ],
)
def test_any_event_that_has_an_attribute_writes_it(
    type_name: str, data: dict[str, str], attributes: dict[str, str]
) -> None:
    assert CaseBuilder().has(type_name, MAR_1, **data).told(MAR_1).case.attributes == attributes


def test_the_organisation_of_a_case_is_that_of_its_first_event() -> None:
    case = CaseBuilder(organisation="shurjo").opened_on(MAR_1).told(MAR_1).case
    assert case.organisation == "shurjo"


def test_a_case_without_an_opening_is_followed_all_the_same() -> None:
    story = a_case(ANSWERED).she_called_on(MAR_1, missed=True)
    assert story.story(MAR_3) == ["2026-03-02 raised rule"]


def test_order_of_arrival_within_a_moment_does_not_matter() -> None:
    settled = a_case(WEEKLY).settled_on(MAR_1, recorded=MAR_10, known_as=A)
    called = settled.called_on(MAR_3, recorded=MAR_10, known_as=B)
    backwards = (
        a_case(WEEKLY).called_on(MAR_3, recorded=MAR_10, known_as=B).settled_on(MAR_1, recorded=MAR_10, known_as=A)
    )
    assert called.transitions(at("2026-05-01")) == backwards.transitions(at("2026-05-01"))


def test_time_may_pass_in_any_steps() -> None:
    story = a_case(WEEKLY).settled_on(MAR_1)
    whole = story.told(MAR_15 + 3 * DAY).transitions
    case = story.told(MAR_1).case
    stepped = [t for hour in range(17 * 24) for t in case.advance(MAR_1 + hour * HOUR + 1).transitions]
    assert stepped == whole
    assert [t.transition.value for t in whole] == ["raised", "escalated", "escalated"]
