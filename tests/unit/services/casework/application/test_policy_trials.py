"""Trying a policy and switching it on, over the service's own routes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from services.casework.application.errors import LogAway
from services.casework.domain.control import PolicyChanged
from services.casework.domain.instants import DAY, format_instant
from services.casework.domain.policy_document import policy_document
from tests.unit.services.casework.application.casework_in_memory import (
    MARCH,
    POLICY,
    STRANGER,
    SUPERVISOR,
    House,
    an_id,
    called,
    opened,
)

TRIAL = "/v1/policy/trial"


def a_draft(**of_unreachable: object) -> dict[str, Any]:
    """The rules that hold, but for the one about attempts."""
    document = policy_document(POLICY)
    rules = [rule | (of_unreachable if rule["id"] == "unreachable" else {}) for rule in document["rule"]]
    return document | {"rule": rules}


def asked(**of_unreachable: object) -> dict[str, Any]:
    return {"instead_of": POLICY.version, "policy": a_draft(**(of_unreachable or {"count": 2, "grace": "0s"}))}


async def eventually(holds: Callable[[], bool]) -> None:
    for _ in range(3000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to that")


async def a_finished_trial(house: House) -> dict[str, Any]:
    house.replaying.gate.set()
    answer = await house.post(TRIAL, asked())
    assert answer.status_code == 202, answer.text
    await eventually(lambda: house.casework.trials.latest("shurjo").ended_at is not None)
    told: dict[str, Any] = (await house.get(TRIAL, by="supervisor")).json()
    assert told["state"] == "finished"
    return told


async def two_attempts_failed(house: House) -> None:
    """Recorded 20 days ago, as the log has it, and nothing since; and the same in another organisation."""
    for by, number in (("anna", 0), ("stranger", 500)):
        house.clock.at = MARCH
        assert (await house.send(opened(number + 1, number + 100, MARCH), by)).status_code == 201
        for day in (1, 2):
            house.clock.at = MARCH + day * DAY
            failed = called(number + 1 + day, number + 100, house.clock.at, "no_answer")
            assert (await house.send(failed, by)).status_code == 201
    house.clock.at = MARCH + 20 * DAY


@pytest.mark.parametrize("who", ["anna", "far-supervisor", "evaluator", "system"])
async def test_only_who_answers_for_the_whole_organisation_may_try_or_switch_on(house: House, who: str) -> None:
    answers = [
        await house.get("/v1/policy/document", who),
        await house.get(TRIAL, who),
        await house.post(TRIAL, asked(), who),
        await house.post(f"{TRIAL}:cancel", {}, who),
        await house.post(f"{TRIAL}:switch-on", {"trial_id": an_id(1)}, who),
    ]
    assert {answer.status_code for answer in answers} == {403}


async def test_a_trial_says_how_far_it_is_and_then_what_it_foretold_of_the_own_cases_alone(house: House) -> None:
    await two_attempts_failed(house)
    assert (await house.get(TRIAL, "supervisor")).status_code == 404
    begun = (await house.post(TRIAL, asked())).json()
    assert (begun["state"], begun["started_by"], begun["foretold"]) == ("running", SUPERVISOR.account_id, None)
    await eventually(lambda: house.casework.trials.latest("shurjo").of > 0)
    half_way = (await house.get(TRIAL, "supervisor")).json()
    assert (half_way["done"], half_way["of"]) == (1, 2)

    told = await a_finished_trial_of(house)
    foretold = told["foretold"]
    assert (foretold["cases"], foretold["events"]) == (1, 3)
    # Three attempts were never made; after two she would have had to be found by the ninth day.
    assert foretold["verdicts"]["only_with_draft"] == 1
    (only,) = [one for one in foretold["differences"] if one["verdict"] == "only_with_draft"]
    assert (only["case_id"], only["rule_id"]) == (an_id(100), "unreachable")
    assert (only["as_it_was"], only["with_draft"]) == (None, format_instant(MARCH + 9 * DAY))
    assert STRANGER.organisation not in str(told) and an_id(600) not in str(told)
    (change,) = told["changes"]
    assert change["rule_id"] == "unreachable" and change["before"] != change["after"]


async def a_finished_trial_of(house: House) -> dict[str, Any]:
    house.replaying.gate.set()
    await eventually(lambda: house.casework.trials.latest("shurjo").ended_at is not None)
    told: dict[str, Any] = (await house.get(TRIAL, by="supervisor")).json()
    return told


async def test_another_organisations_trial_does_not_exist(house: House) -> None:
    await a_finished_trial(house)
    assert (await house.get(TRIAL, "stranger")).status_code == 404
    mine = house.casework.trials.latest("shurjo").trial_id
    assert (await house.post(f"{TRIAL}:switch-on", {"trial_id": mine}, "stranger")).status_code == 404
    assert (await house.post(f"{TRIAL}:cancel", {}, "stranger")).status_code == 404


async def test_one_trial_at_a_time_for_an_organisation_and_others_wait_for_their_turn(house: House) -> None:
    assert (await house.post(TRIAL, asked())).status_code == 202
    again = await house.post(TRIAL, asked(count=4))
    assert again.status_code == 409 and again.json()["type"].endswith("trial_goes_on")
    assert (await house.post(TRIAL, asked(), "stranger")).json()["of"] == 0
    await asyncio.sleep(0)
    assert (await house.get(TRIAL, "stranger")).json()["state"] == "running"
    house.replaying.gate.set()
    for organisation in ("shurjo", "other-ngo"):
        await eventually(lambda at=organisation: house.casework.trials.latest(at).state == "finished")  # type: ignore[misc]
    assert (await house.post(TRIAL, asked(count=4))).status_code == 202


async def test_a_cancelled_or_failed_trial_foretells_nothing_and_cannot_be_switched_on(house: House) -> None:
    begun = (await house.post(TRIAL, asked())).json()
    await eventually(lambda: house.casework.trials.latest("shurjo").of > 0)
    cancelled = (await house.post(f"{TRIAL}:cancel", {})).json()
    assert (cancelled["state"], cancelled["foretold"], house.replaying.cancelled) == ("cancelled", None, 1)
    refused = await house.post(f"{TRIAL}:switch-on", {"trial_id": begun["trial_id"]})
    assert refused.status_code == 409 and refused.json()["type"].endswith("not_tried")
    assert (await house.post(f"{TRIAL}:cancel", {})).json()["state"] == "cancelled"

    house.replaying.fails = True
    house.replaying.gate.set()
    assert (await house.post(TRIAL, asked())).status_code == 202
    await eventually(lambda: house.casework.trials.latest("shurjo").ended_at is not None)
    failed = (await house.get(TRIAL, "supervisor")).json()
    assert (failed["state"], failed["foretold"]) == ("failed", None)


async def test_switched_on_it_stands_in_every_partition_with_who_did_it_and_for_nobody_else(house: House) -> None:
    trial = await a_finished_trial(house)
    house.clock.at += DAY
    switched = await house.post(f"{TRIAL}:switch-on", {"trial_id": trial["trial_id"]})
    assert switched.status_code == 200 and switched.json()["switched_on_at"] == format_instant(MARCH + DAY)

    changes = [read for read in house.log.records if isinstance(read.record, PolicyChanged)][12:]
    assert [(read.partition, read.recorded_at) for read in changes] == [(p, MARCH + DAY) for p in range(12)]
    assert {(read.record.organisation, read.record.changed_by) for read in changes} == {  # type: ignore[union-attr]
        ("shurjo", SUPERVISOR.account_id)
    }
    shown = (await house.get("/v1/policy", "anna")).json()
    assert (shown["version"], shown["changed_by"]) == (trial["version"], SUPERVISOR.account_id)
    assert shown["since"] == format_instant(MARCH + DAY)
    theirs = (await house.get("/v1/policy", "stranger")).json()
    assert (theirs["version"], theirs["changed_by"]) == (POLICY.version, None)


async def test_a_draft_of_rules_that_were_replaced_meanwhile_is_neither_tried_nor_switched_on(house: House) -> None:
    first = await a_finished_trial(house)
    assert (await house.post(TRIAL, asked(count=4))).status_code == 202
    await eventually(lambda: house.casework.trials.latest("shurjo").ended_at is not None)
    second = (await house.get(TRIAL, "supervisor")).json()
    assert (await house.post(f"{TRIAL}:switch-on", {"trial_id": first["trial_id"]})).status_code == 409
    assert (await house.post(f"{TRIAL}:switch-on", {"trial_id": second["trial_id"]})).status_code == 200
    late = await house.post(TRIAL, asked())
    assert late.status_code == 409 and late.json()["type"].endswith("policy_moved_on")
    same = await house.post(TRIAL, {"instead_of": second["version"], "policy": a_draft(count=4)})
    assert same.json()["type"].endswith("nothing_changed")


async def test_where_the_log_breaks_off_the_rest_is_switched_on_later_and_nothing_twice(house: House) -> None:
    trial = await a_finished_trial(house)
    house.clock.at += DAY
    house.log.away_after = 5
    broken_off = await house.post(f"{TRIAL}:switch-on", {"trial_id": trial["trial_id"]})
    assert broken_off.status_code == 503
    assert (await house.get("/v1/policy")).json()["since"] is None
    with pytest.raises(LogAway):
        await house.casework.switching.finish()
    house.log.away = False
    house.clock.at += DAY

    assert await house.casework.switching.finish() == 7
    assert await house.casework.switching.finish() == 0
    assert (await house.get("/v1/policy")).json()["since"] == format_instant(MARCH + 2 * DAY)
    again = await house.post(f"{TRIAL}:switch-on", {"trial_id": trial["trial_id"]})
    assert again.status_code == 200


async def test_the_document_names_the_rules_that_were_switched_off(house: House) -> None:
    known = (await house.get("/v1/policy/document", "supervisor")).json()
    assert known == {"version": POLICY.version, "policy": policy_document(POLICY), "off": []}
    without = [rule for rule in known["policy"]["rule"] if rule["id"] != "wellbeing"]
    house.replaying.gate.set()
    body = {"instead_of": POLICY.version, "policy": {**known["policy"], "rule": without}}
    trial = (await house.post(TRIAL, body)).json()
    await eventually(lambda: house.casework.trials.latest("shurjo").ended_at is not None)
    assert (await house.post(f"{TRIAL}:switch-on", {"trial_id": trial["trial_id"]})).status_code == 200
    then = (await house.get("/v1/policy/document", "supervisor")).json()
    assert [rule["id"] for rule in then["off"]] == ["wellbeing"]
    assert then["off"] == [rule for rule in known["policy"]["rule"] if rule["id"] == "wellbeing"]


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        (a_draft(grace="soon"), "policy.rule.5.grace"),
        (a_draft(count=0), "policy.rule.5.count"),
        (a_draft(escalate_after="0h"), "policy.rule.5.escalate_after"),
        (a_draft() | {"settle": "-1h"}, "policy.settle"),
        (a_draft() | {"rule": ["contact"]}, "policy.rule.0"),
        (a_draft() | {"rule": []}, "policy"),
        (a_draft() | {"extends": "/etc/hostname"}, "policy.extends"),
        ({"settle": "1m", "hold": "1h", "rule": a_draft()["rule"][1:]}, "policy"),
        (a_draft() | {"rule": a_draft()["rule"] * 6}, "policy.rule"),
    ],
)
async def test_what_is_no_policy_is_refused_with_the_field(house: House, policy: dict[str, Any], field: str) -> None:
    refused = await house.post(TRIAL, {"instead_of": POLICY.version, "policy": policy})
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json()["errors"]] == [field]
    assert (await house.get(TRIAL, "supervisor")).status_code == 404
