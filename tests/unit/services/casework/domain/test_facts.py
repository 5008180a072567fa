"""What each event states: domain.md's table of facts, line by line."""

from __future__ import annotations

import pytest

from services.casework.domain import facts
from services.casework.domain.event_types import EVENT_TYPES, Value
from services.casework.domain.events import Event
from services.casework.domain.facts import FACT_NAMES, Fact, fact_mask, facts_of
from services.casework.domain.instants import parse_day
from tests.case_builder import BILKIS, CASE, DAY, MAR_1, MAR_3, event_id

ALERT = "0b8f7a3e-6c1d-4e52-9a47-5d2f3c9e8b10"
OPENING = {"source": "police", "pathway": "family", "district": "jashore", "caseworker_id": BILKIS}


def call(direction: str, outcome: str, **more: Value) -> tuple[str, dict[str, Value]]:
    return "call", {"direction": direction, "outcome": outcome, **more}


def check_in(mode: str, met: bool, family: bool, **more: Value) -> tuple[str, dict[str, Value]]:
    return "family_check_in", {"mode": mode, "survivor_met": met, "family_met": family, **more}


TABLE: list[tuple[tuple[str, dict[str, Value]], set[str]]] = [
    (("case_opened", dict(OPENING)), {"opened"}),
    (("case_updated", {"risk": "high"}), set()),
    (("settled", {"pathway": "family", "district": "jashore"}), {"settled"}),
    (("assessment", {"decision": "undecided"}), {"assessed", "contact"}),
    (("assessment", {"decision": "return_to_family"}), {"assessed", "contact", "return_chosen"}),
    (("assessment", {"decision": "live_independently"}), {"assessed", "contact", "independent_chosen"}),
    (call("outgoing", "reached"), {"contact"}),
    (call("outgoing", "reached", help_requested=True), {"contact"}),
    (call("outgoing", "reached", wellbeing=1), {"contact", "safety_concern"}),
    (call("outgoing", "reached", wellbeing=2), {"contact"}),
    (call("outgoing", "refused"), {"refused"}),
    (call("outgoing", "no_answer"), {"attempt_failed"}),
    (call("outgoing", "switched_off"), {"attempt_failed"}),
    (call("outgoing", "wrong_number"), {"attempt_failed"}),
    (call("outgoing", "unsafe_to_talk"), {"attempt_failed"}),
    (call("outgoing", "no_answer", help_requested=True), {"attempt_failed"}),
    (call("incoming", "reached"), {"contact", "called_in"}),
    (call("incoming", "reached", help_requested=False), {"contact", "called_in"}),
    (call("incoming", "reached", help_requested=True), {"contact", "called_in", "help_request"}),
    (call("incoming", "no_answer"), {"called_in", "help_request"}),
    (check_in("visit", True, True), {"contact", "family_check_in"}),
    (check_in("visit", True, False), {"contact"}),
    (check_in("visit", False, True), set()),
    (check_in("visit", False, False), {"attempt_failed"}),
    (check_in("phone", True, True), {"contact"}),
    (check_in("phone", False, False), {"attempt_failed"}),
    (check_in("phone", False, True, safety_concern=True), {"safety_concern"}),
    (check_in("visit", True, True, safety_concern=False), {"contact", "family_check_in"}),
    (("job_placement", {"status": "offered"}), set()),
    (("job_placement", {"status": "started"}), {"job_started"}),
    (("job_placement", {"status": "ended"}), {"job_ended"}),
    (("training", {"kind": "business", "status": "enrolled"}), set()),
    (("training", {"kind": "business", "status": "attended"}), {"contact", "training_attended"}),
    (("training", {"kind": "business", "status": "completed"}), {"contact", "training_attended"}),
    (("training", {"kind": "business", "status": "dropped"}), {"training_dropped"}),
    (("counselling", {"attended": True}), {"contact", "counselling"}),
    (("counselling", {"attended": False}), set()),
    (("livelihood_support", {"kind": "grant"}), set()),
    (("family_prepared", {"activity": "workshop"}), {"family_prepared"}),
    (("referral", {"service": "health", "status": "made"}), {"referral_made"}),
    (("referral", {"service": "health", "status": "received"}), {"referral_done"}),
    (("referral", {"service": "health", "status": "completed"}), {"referral_done"}),
    (("referral", {"service": "health", "status": "refused"}), {"referral_done"}),
    (("legal_step", {"step": "statement"}), set()),
    (("safety_incident", {"kind": "threat", "severity": "low"}), {"safety_incident"}),
    (("community_report", {"concern": "stigma"}), set()),
    (("community_report", {"concern": "safety"}), {"safety_concern"}),
    (("community_report", {"concern": "family", "help_requested": True}), {"called_in", "help_request"}),
    (
        ("community_report", {"concern": "safety", "help_requested": True}),
        {"called_in", "help_request", "safety_concern"},
    ),
    (("wellbeing_assessment", {"instrument": "who5", "version": "1", "scores": {}}), {"contact", "wellbeing_assessed"}),
    (("contact_paused", {"until": MAR_3, "reason": "her_wish"}), {"paused"}),
    (("contact_resumed", {}), {"resumed"}),
    (("case_closed", {"reason": "self_reliant"}), {"closed"}),
    (("case_closed", {"reason": "her_wish"}), {"closed"}),
    (("case_closed", {"reason": "moved_abroad"}), {"closed"}),
    (("case_closed", {"reason": "died"}), {"closed", "ended"}),
    (("case_closed", {"reason": "duplicate"}), {"closed", "ended"}),
    (("case_reopened", {}), {"reopened"}),
    (("case_assigned", {"caseworker_id": BILKIS}), {"assigned"}),
    (("case_unassigned", {"reason": "left"}), {"unassigned"}),
    (("alert_reassigned", {"alert_id": ALERT, "caseworker_id": BILKIS}), {"assigned"}),
    (("alert_acknowledged", {"alert_id": ALERT}), set()),
    (("alert_snoozed", {"alert_id": ALERT, "until": MAR_3, "reason": "away"}), set()),
    (("survivor_erased", {}), {"closed", "ended"}),
    (("retraction", {"retracts": event_id(9), "reason": "other"}), set()),
]


def stated(type_name: str, data: dict[str, Value], happened: int = MAR_1, recorded: int = MAR_1) -> tuple[Fact, ...]:
    return facts_of(Event(event_id(1), CASE, type_name, happened, data), recorded)


@pytest.mark.parametrize(("event", "names"), TABLE, ids=lambda value: str(value) if isinstance(value, tuple) else None)
def test_an_event_states_exactly_these_facts(event: tuple[str, dict[str, Value]], names: set[str]) -> None:
    found = stated(*event)

    assert {fact.name for fact in found} == names
    assert all(fact.time == MAR_1 for fact in found)


def test_every_event_type_and_every_fact_is_in_the_table() -> None:
    assert {event[0] for event, _ in TABLE} == set(EVENT_TYPES)
    assert set[str]().union(*(names for _, names in TABLE)) | {"hearing"} == set(FACT_NAMES)


def test_what_an_event_states_is_known_for_every_type_and_no_other() -> None:
    assert set(facts._STATED) == set(EVENT_TYPES)


def test_a_hearing_stands_at_midnight_of_its_next_date_even_in_the_future() -> None:
    april = parse_day("2026-04-20")
    assert stated("legal_step", {"step": "charge_sheet", "next_date": april}) == (Fact("hearing", april),)


def test_what_is_said_to_have_happened_after_it_was_recorded_happened_when_it_was_recorded() -> None:
    assert stated("settled", {"pathway": "family", "district": "jashore"}, happened=MAR_3, recorded=MAR_1) == (
        Fact("settled", MAR_1),
    )
    assert stated("contact_resumed", {}, happened=MAR_1, recorded=MAR_3) == (Fact("resumed", MAR_1),)


def test_a_hearing_keeps_its_date_when_the_device_ran_ahead() -> None:
    april = MAR_3 + 40 * DAY
    found = stated("legal_step", {"step": "hearing", "next_date": april}, happened=MAR_3, recorded=MAR_1)
    assert found == (Fact("hearing", april),)


def test_a_name_that_is_no_fact_has_no_place_in_kept_state() -> None:
    with pytest.raises(KeyError):
        fact_mask(["contact", "phoned"])


def test_facts_keep_their_place_in_kept_state_for_ever() -> None:
    """The order is written into every state that detectors have kept: names are only ever added at the end."""
    assert FACT_NAMES[:5] == ("opened", "settled", "assessed", "contact", "refused")
    assert fact_mask(["opened"]) == 1
    assert fact_mask(["contact"]) == 1 << 3
    assert fact_mask(["ended"]) == 1 << 29
