"""What a supervisor has beside her alerts: paused, unopened and unowned cases, and how much everybody has."""

from __future__ import annotations

import random
from typing import Any

import pytest

from services.casework.application import overseeing
from services.casework.domain.case_code import case_code
from services.casework.domain.instants import DAY, HOUR, format_instant, parse_instant
from tests.unit.services.casework.application.casework_in_memory import (
    ANNA,
    BILKIS,
    MARCH,
    House,
    an_id,
    called,
    event_json,
    opened,
)


def settled(number: int, case: int, at: int) -> dict[str, object]:
    return event_json(number, case, "settled", at, {"pathway": "family", "district": "jashore"})


def paused(number: int, case: int, at: int, days: int, reason: str = "her_wish") -> dict[str, object]:
    return event_json(number, case, "contact_paused", at, {"until": format_instant(at + days * DAY), "reason": reason})


def closed(number: int, case: int, at: int) -> dict[str, object]:
    return event_json(number, case, "case_closed", at, {"reason": "self_reliant"})


async def tell(house: House, *events: dict[str, object], by: str = "supervisor") -> None:
    """Each event is recorded when it occurred, and reaches the tables."""
    for event in events:
        house.clock.at = max(house.clock.at, parse_instant(str(event["occurred_at"])))
        answer = await house.send(event, by)
        assert answer.status_code == 201, answer.text
    house.flow()
    house.clock.at += 1
    house.history.until = house.clock.at


async def asked(house: House, query: str, by: str = "supervisor") -> dict[str, Any]:
    answer = await house.get(f"/v1/cases?{query}", by)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def listed(house: House, which: str, by: str = "supervisor") -> list[str]:
    return [item["case_id"] for item in (await asked(house, f"which={which}", by))["items"]]


async def test_paused_cases_say_since_when_until_when_why_and_by_whom_what_ends_first_first(house: House) -> None:
    await tell(house, opened(1, 100, MARCH), opened(2, 101, MARCH), opened(3, 102, MARCH), by="anna")
    await tell(house, paused(4, 100, MARCH, 60, "import"))
    await tell(house, paused(5, 101, MARCH, 2), by="anna")
    found = await asked(house, "which=paused")
    short, imported = found["items"]
    assert short["case_id"] == an_id(101) and short["code"] == case_code(an_id(101))
    assert short["pause"] == {
        "since": format_instant(MARCH),
        "until": format_instant(MARCH + 2 * DAY),
        "reason": "her_wish",
        "recorded_by": ANNA.account_id,
        "short": True,
        "ends_soon": True,
    }
    assert (imported["pause"]["short"], imported["pause"]["ends_soon"]) == (False, False)
    assert found["counts"] == {"cases": 2, "by_reason": {"her_wish": 1, "import": 1}, "unread": 0, "imported": 1}
    assert await listed(house, "short_pauses") == [an_id(101)]


async def test_a_pause_that_is_over_or_was_ended_or_taken_back_is_on_no_list(house: House) -> None:
    await tell(house, opened(1, 100, MARCH), opened(2, 101, MARCH), opened(3, 102, MARCH))
    await tell(house, paused(4, 100, MARCH, 2), paused(5, 101, MARCH, 30), paused(6, 102, MARCH, 30))
    await tell(house, event_json(7, 101, "contact_resumed", MARCH + HOUR))
    await tell(house, event_json(8, 102, "retraction", MARCH + HOUR, {"retracts": an_id(6), "reason": "wrong_case"}))
    assert await listed(house, "paused") == [an_id(100)]
    house.clock.at = MARCH + 2 * DAY
    assert await listed(house, "paused") == []


async def test_a_case_without_an_opening_is_listed_since_its_first_event_until_it_is_opened(house: House) -> None:
    await tell(house, called(1, 100, MARCH + HOUR), called(2, 100, MARCH + 2 * HOUR), opened(3, 101, MARCH + HOUR))
    [item] = (await asked(house, "which=unopened"))["items"]
    assert (item["case_id"], item["state"]) == (an_id(100), "unopened")
    assert item["since"] == format_instant(MARCH + HOUR)
    await tell(house, opened(4, 100, MARCH))
    assert await listed(house, "unopened") == []


async def test_a_case_is_nobodys_from_when_its_last_caseworker_lost_it_and_a_closed_one_is_nobodys_concern(
    house: House,
) -> None:
    await tell(house, opened(1, 100, MARCH), opened(2, 101, MARCH), opened(3, 102, MARCH))
    lost = event_json(4, 100, "case_unassigned", MARCH + HOUR, {"reason": "left"})
    await tell(house, lost, event_json(5, 101, "case_unassigned", MARCH + HOUR, {"reason": "left"}), by="system")
    await tell(house, closed(6, 101, MARCH + 2 * HOUR))
    [item] = (await asked(house, "which=unowned"))["items"]
    assert (item["case_id"], item["caseworker_id"]) == (an_id(100), None)
    assert item["since"] == format_instant(MARCH + HOUR)
    taken = event_json(7, 100, "case_assigned", MARCH + 3 * HOUR, {"caseworker_id": BILKIS.account_id})
    await tell(house, taken)
    assert await listed(house, "unowned") == []


async def test_what_the_tables_do_not_have_yet_is_counted_as_not_known(house: House) -> None:
    await house.send(opened(1, 100, MARCH))
    found = await asked(house, "which=paused")
    assert (found["items"], found["counts"]["unread"]) == ([], 1)


async def test_each_sees_her_own_area_and_who_oversees_nobody_sees_nothing(house: House) -> None:
    await tell(house, opened(1, 100, MARCH), paused(2, 100, MARCH, 30))
    assert await listed(house, "paused") == [an_id(100)]
    assert await listed(house, "paused", "far-supervisor") == []
    assert await listed(house, "paused", "stranger") == []
    for path in ("/v1/cases", "/v1/worklist/loads"):
        for by in ("anna", "evaluator"):
            assert (await house.get(path, by)).status_code == 403


async def test_a_list_is_narrowed_to_one_caseworker(house: House) -> None:
    await tell(house, opened(1, 100, MARCH), opened(2, 101, MARCH, BILKIS))
    await tell(house, paused(3, 100, MARCH, 30), paused(4, 101, MARCH, 30))
    found = await asked(house, f"which=paused&caseworker_id={BILKIS.account_id}")
    assert [item["case_id"] for item in found["items"]] == [an_id(101)]


@pytest.mark.parametrize("seed", range(8))
async def test_whoever_was_and_is_paused_was_on_a_page(house: House, seed: int) -> None:
    draw, number = random.Random(seed), iter(range(1, 1000))
    cases = range(100, 112)
    for case in cases:
        await tell(house, opened(next(number), case, house.clock.at))
        await tell(house, paused(next(number), case, house.clock.at, draw.randrange(20, 80)))
    before, seen, cursor = set(await listed(house, "paused")), set[str](), ""
    while True:
        page = await asked(house, f"which=paused&limit={draw.choice((1, 2, 5))}{cursor}")
        seen |= {item["case_id"] for item in page["items"]}
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
        case = draw.choice(cases)
        if draw.random() < 0.5:
            await tell(house, paused(next(number), case, house.clock.at, draw.randrange(1, 80)))
        else:
            await tell(house, event_json(next(number), case, "contact_resumed", house.clock.at))
    assert (before & set(await listed(house, "paused"))) - seen == set()


async def test_a_cursor_of_another_list_is_refused(house: House) -> None:
    await tell(house, opened(1, 100, MARCH), opened(2, 101, MARCH), paused(3, 100, MARCH, 3), paused(4, 101, MARCH, 3))
    cursor = (await asked(house, "which=paused&limit=1"))["next_cursor"]
    for which in ("short_pauses", "unowned"):
        answer = await house.get(f"/v1/cases?which={which}&cursor={cursor}", "supervisor")
        assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == "cursor"


async def test_loads_tell_many_cases_from_much_neglect(house: House) -> None:
    await tell(
        house, opened(1, 100, MARCH), settled(2, 100, MARCH), opened(3, 101, MARCH), opened(4, 102, MARCH, BILKIS)
    )
    await tell(house, paused(5, 101, MARCH, 60), opened(6, 103, MARCH, BILKIS), closed(7, 103, MARCH))
    await tell(house, opened(8, 104, MARCH))
    await tell(house, event_json(9, 104, "case_unassigned", MARCH, {"reason": "left"}), by="system")
    house.clock.at = MARCH + 8 * DAY
    answer = (await house.get("/v1/worklist/loads", "supervisor")).json()
    loads = {load["caseworker_id"]: load for load in answer["items"]}
    assert loads[ANNA.account_id] | {"caseworker_id": ""} == {
        "caseworker_id": "",
        "open": 1,
        "paused": 1,
        "overdue": 1,
        "unknown": 0,
    }
    assert (loads[BILKIS.account_id]["open"], loads[BILKIS.account_id]["overdue"]) == (1, 0)
    assert (loads[None]["open"], loads[None]["overdue"]) == (1, 1)
    assert not answer["incomplete"]


async def test_what_was_not_looked_at_makes_lists_and_loads_incomplete(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tell(house, opened(1, 100, MARCH), opened(2, 101, MARCH))
    monkeypatch.setattr(overseeing, "MOST_CASES", 1)
    assert (await asked(house, "which=unowned"))["incomplete"]
    assert (await house.get("/v1/worklist/loads", "supervisor")).json()["incomplete"]


async def test_who_waits_for_the_start_of_her_follow_up_is_counted_also_where_nobody_looked(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tell(house, opened(1, 100, MARCH), opened(2, 101, MARCH), opened(3, 102, MARCH))
    await tell(house, *(paused(number, 96 + number, MARCH, 90, "import") for number in (4, 5)))
    await tell(house, paused(6, 102, MARCH, 90))
    monkeypatch.setattr(overseeing, "MOST_CASES", 1)
    found = await asked(house, "which=paused")
    assert (found["incomplete"], found["counts"]["cases"], found["counts"]["imported"]) == (True, 1, 2)
    await tell(house, event_json(7, 101, "contact_resumed", MARCH + HOUR))
    assert (await asked(house, "which=paused"))["counts"]["imported"] == 1
    assert (await asked(house, "which=unowned"))["counts"]["imported"] == 0


@pytest.mark.parametrize("path", ["/v1/cases?which=unowned", "/v1/worklist/loads"])
async def test_while_the_tables_are_away_it_says_so_and_shows_no_empty_list(house: House, path: str) -> None:
    house.history.away = True
    answer = await house.get(path, "supervisor")
    assert answer.status_code == 503
    assert "cannot be shown now" in answer.json()["detail"]
