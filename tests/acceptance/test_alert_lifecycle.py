"""An alert from its raising to its end, all of it through the public origin."""

from __future__ import annotations

from uuid import uuid4

import pytest

from services.access.domain.permissions import Area
from services.casework.domain.instants import DAY, SECOND, format_instant
from services.casework.domain.neglect import alert_id_of
from tests.acceptance.survivor_cases import Json, SurvivorCase, instant, now, steps, wait_for
from tests.system_fixture import OURS, SHARSHA, THEIRS, System


@pytest.fixture
def case(system: System) -> SurvivorCase:
    return SurvivorCase(system, system.anna).opened()


def _escalate_after(system: System, rule_id: str) -> int:
    return next(rule.escalate_after for rule in system.policy.rules if rule.id == rule_id)


def _levels_reached(alert: Json) -> dict[int, int]:
    return {step["level"]: instant(step["at"]) for step in steps(alert, "raised", "escalated")}


def test_an_alert_nobody_takes_goes_up_all_three_levels_each_at_its_time(case: SurvivorCase, system: System) -> None:
    case.hearing()
    alert_id = case.alert("hearing")["alert_id"]
    alert = case.alert_again(alert_id, lambda found: found["level"] == 3, "level 3")
    reached, after = _levels_reached(alert), _escalate_after(system, "hearing")
    assert reached == {level: instant(alert["r"]) + (level - 1) * after for level in (1, 2, 3)}
    assert alert["revision"] == 3


def test_an_alert_says_what_it_rests_on(case: SurvivorCase) -> None:
    incident = case.incident()
    alert = case.alert("safety-incident")
    c = instant(incident["event"]["occurred_at"])
    assert (instant(alert["c"]), instant(alert["d"])) == (c, c + SECOND)
    assert alert["alert_id"] == alert_id_of(case.case_id, "safety-incident", c)
    assert alert["severity"] == "critical"
    assert alert["sentence"]
    assert alert["what_would_end_it"]


def test_work_done_late_resolves_it_from_d_to_s(case: SurvivorCase) -> None:
    case.incident()
    case.alert("safety-incident")
    called = case.called()
    ended = case.alert("safety-incident", "resolved")
    assert instant(ended["s"]) == instant(called["event"]["occurred_at"]) > instant(ended["d"])
    assert ended["ended_at"] == called["recorded_at"]


def test_work_done_in_time_and_told_late_clears_it(case: SurvivorCase) -> None:
    occurred_at = now() - 3 * SECOND
    case.incident(occurred_at)
    case.alert("safety-incident")
    case.called(occurred_at + SECOND)
    ended = case.alert("safety-incident", "cleared")
    assert instant(ended["s"]) == instant(ended["d"]) == occurred_at + SECOND


def test_a_pause_suspends_it(case: SurvivorCase) -> None:
    case.hearing()
    case.alert("hearing")
    paused = case.record("contact_paused", until=format_instant(now() + 3600 * SECOND), reason="her_wish")
    ended = case.alert("hearing", "suspended")
    assert ended["s"] is None
    assert ended["ended_at"] == paused["recorded_at"]


def test_closing_the_case_suspends_it_and_a_help_request_opens_the_case_again(
    case: SurvivorCase, system: System
) -> None:
    case.hearing()
    case.alert("hearing")
    case.record("case_closed", None, system.head, reason="self_reliant")
    case.alert("hearing", "suspended")
    wait_for(lambda: _state(case) == "closed" or None, "the case is closed")
    case.record("call", direction="incoming", outcome="no_answer")
    wait_for(lambda: _state(case) == "open" or None, "the case is open again")
    assert case.alert("help-request")["severity"] == "critical"


def _state(case: SurvivorCase) -> str:
    answer = case.system.get(f"/v1/cases/{case.case_id}", case.who)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["state"])


def test_a_retraction_of_what_it_rests_on_withdraws_it(case: SurvivorCase) -> None:
    mistake = case.hearing()
    case.alert("hearing")
    case.record("retraction", retracts=mistake["event_id"], reason="wrong_case")
    assert case.alert("hearing", "withdrawn")["s"] is None


def test_an_attribute_that_no_longer_holds_withdraws_it(case: SurvivorCase) -> None:
    case.record("case_updated", pathway="family")
    case.record("settled", now() - 40 * SECOND, pathway="family", district="jashore", upazila="sharsha")
    case.alert("family-check-in")
    case.record("case_updated", pathway="independent")
    case.alert("family-check-in", "withdrawn")


def test_an_earlier_trigger_that_comes_late_supersedes_it_with_one_that_is_older(case: SurvivorCase) -> None:
    case.hearing()
    later = case.alert("hearing")
    case.hearing(days_ago=1)
    superseded = case.alert("hearing", "superseded")
    older = case.alert("hearing", "open")
    assert superseded["alert_id"] == later["alert_id"] != older["alert_id"]
    assert instant(older["c"]) == instant(later["c"]) - DAY


def test_one_that_ended_by_mistake_is_raised_again_under_its_id_with_the_next_revision(case: SurvivorCase) -> None:
    case.hearing()
    alert_id = case.alert("hearing")["alert_id"]
    mistake = case.called()
    ended = case.alert("hearing", "resolved")
    case.record("retraction", retracts=mistake["event_id"], reason="typed_wrong")
    again = case.alert_again(alert_id, lambda alert: alert["state"] == "open", "open again")
    assert instant(again["r"]) > instant(ended["ended_at"])
    said = [step["revision"] for step in again["history"] if "revision" in step]
    assert said == list(range(1, len(said) + 1))


def _dropped_training(case: SurvivorCase) -> Json:
    """An alert that has just come and goes up five seconds after."""
    case.record("training", now() - 60 * SECOND, kind="vocational", status="dropped")
    return case.alert("training-dropped")


def _is_at_level_two(alert: Json) -> bool:
    return bool(alert["level"] == 2)


def test_acknowledging_holds_the_escalation_until_the_hold_is_over(case: SurvivorCase, system: System) -> None:
    alert_id = _dropped_training(case)["alert_id"]
    answer = system.post(f"/v1/alerts/{alert_id}:acknowledge", system.head, {})
    assert answer.status_code == 201, answer.text
    held_until = instant(answer.json()["recorded_at"]) + system.policy.hold
    shown = case.alert_again(alert_id, lambda alert: alert["acknowledged"] is not None, "acknowledged")
    assert shown["acknowledged"]["by"] == system.head.account_id
    assert (instant(shown["held_until"]), shown["level"]) == (held_until, 1)
    up = case.alert_again(alert_id, _is_at_level_two, "level 2")
    assert _levels_reached(up)[2] == held_until > instant(up["r"]) + _escalate_after(system, "training-dropped")


def test_a_snooze_holds_it_until_its_instant(case: SurvivorCase, system: System) -> None:
    alert_id = _dropped_training(case)["alert_id"]
    until = now() + 9 * SECOND
    body = {"until": format_instant(until), "reason": "visit_planned"}
    assert system.post(f"/v1/alerts/{alert_id}:snooze", system.head, body).status_code == 201
    snoozed = case.alert_again(alert_id, lambda alert: alert["snoozed"] is not None, "snoozed")
    assert snoozed["snoozed"]["reason"] == "visit_planned"
    assert _levels_reached(case.alert_again(alert_id, _is_at_level_two, "level 2"))[2] == until


def test_reassigning_changes_whose_case_it_is_and_ends_nothing(case: SurvivorCase, system: System) -> None:
    alert_id = _dropped_training(case)["alert_id"]
    assert system.get(f"/v1/cases/{case.case_id}", system.bela).status_code == 403
    body = {"caseworker_id": system.bela.account_id}
    assert system.post(f"/v1/alerts/{alert_id}:reassign", system.head, body).status_code == 201
    path = f"/v1/cases/{case.case_id}"
    wait_for(lambda: system.get(path, system.bela).status_code == 200 or None, "it is hers now")
    assert system.get(path, system.anna).status_code == 403
    alert = system.get(f"/v1/alerts/{alert_id}", system.bela).json()
    assert (alert["state"], alert["caseworker_id"]) == ("open", system.bela.account_id)


def test_the_same_action_again_is_answered_with_the_first_receipt(case: SurvivorCase, system: System) -> None:
    alert_id = _dropped_training(case)["alert_id"]
    body = {"event_id": str(uuid4())}
    first = system.post(f"/v1/alerts/{alert_id}:acknowledge", system.head, body)
    case.alert_again(alert_id, lambda alert: alert["acknowledged"] is not None, "acknowledged")
    again = system.post(f"/v1/alerts/{alert_id}:acknowledge", system.head, body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == {**first.json(), "duplicate": True}


def test_an_alert_that_has_ended_takes_no_more_actions(case: SurvivorCase, system: System) -> None:
    case.hearing()
    alert_id = case.alert("hearing")["alert_id"]
    case.called()
    case.alert("hearing", "resolved")
    answer = system.post(f"/v1/alerts/{alert_id}:acknowledge", system.head, {})
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_alert_is_seen_by_the_supervisors_of_its_area_district_and_organisation_and_by_no_others(
    case: SurvivorCase, system: System
) -> None:
    case.hearing()
    alert_id = case.alert("hearing")["alert_id"]
    seen = {
        (person.organisation, person.areas): system.get(f"/v1/alerts/{alert_id}", person).status_code
        for person in system.people
        if person.role == "supervisor"
    }
    hers = {(OURS, ()), (OURS, (SHARSHA,)), (OURS, (Area("jashore"),))}
    assert {who for who, status in seen.items() if status == 200} == hers
    assert {status for (organisation, _), status in seen.items() if organisation == THEIRS} == {404}
    assert {status for who, status in seen.items() if who[0] == OURS and who not in hers} == {403}
