"""The list, a case, its timeline and the policy, as they are shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.casework.application.case_history import Conflict, Unreadable
from services.casework.domain.case_code import case_code
from services.casework.domain.instants import DAY, HOUR, format_instant
from tests.unit.services.casework.application.casework_in_memory import (
    ANNA,
    BILKIS,
    MARCH,
    POLICY,
    House,
    an_id,
    called,
    event_json,
    opened,
)


def settled(number: int, case: int, at: int) -> dict[str, object]:
    return event_json(number, case, "settled", at, {"pathway": "family", "district": "jashore"})


async def tell(house: House, *events: dict[str, object], by: str = "anna") -> None:
    """Each event is recorded when it occurred, and reaches the tables."""
    for event in events:
        from services.casework.domain.instants import parse_instant

        house.clock.at = max(house.clock.at, parse_instant(str(event["occurred_at"])))
        answer = await house.send(event, by)
        assert answer.status_code == 201, answer.text
    house.flow()


async def listed(house: House, query: str = "", by: str = "anna") -> list[dict[str, Any]]:
    answer = await house.get(f"/v1/worklist{query}", by)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_who_is_silent_for_too_long_is_to_be_called_now_with_the_reason_in_words(house: House) -> None:
    await tell(house, opened(1, 100, MARCH), settled(2, 100, MARCH), called(3, 100, MARCH))
    house.clock.at = MARCH + 12 * DAY

    [item] = await listed(house)
    assert item["case_id"] == an_id(100)
    assert item["code"] == case_code(an_id(100))
    assert (item["group"], item["state"], item["risk"]) == ("call_now", "open", "high")
    assert item["overdue_since"] == item["due_by"] == format_instant(MARCH + 7 * DAY)
    assert item["last_contact_at"] == format_instant(MARCH)
    assert item["attempts_since_contact"] == 0
    assert item["rule_ids"][0] == "contact"
    assert len(item["open_alerts"]) == 1
    assert item["reason"].startswith("Keeping in touch: was due by 2026-03-08, overdue for 5 days.")
    assert item["reason"].endswith("High risk.")
    [bangla] = await listed(house, "?lang=bn")
    assert bangla["reason"].startswith("নিয়মিত যোগাযোগ")


async def test_the_neediest_come_first(house: House) -> None:
    await tell(house, opened(1, 100, MARCH), settled(2, 100, MARCH))
    await tell(house, opened(3, 101, MARCH), settled(4, 101, MARCH), called(5, 101, MARCH + 6 * DAY))
    await tell(house, opened(6, 102, MARCH), settled(7, 102, MARCH))
    help_wanted = {"direction": "incoming", "outcome": "no_answer"}
    await tell(house, event_json(8, 102, "call", MARCH + 7 * DAY, help_wanted))
    await tell(house, opened(9, 103, MARCH), settled(10, 103, MARCH), called(11, 103, MARCH + HOUR))
    house.clock.at = MARCH + 7 * DAY + 30 * 60_000

    items = await listed(house)
    assert [(item["case_id"], item["group"]) for item in items] == [
        (an_id(102), "call_now"),
        (an_id(100), "call_now"),
        (an_id(103), "call_today"),
        (an_id(101), "visit"),
    ]


async def test_who_was_tried_again_and_again_is_unreachable(house: House) -> None:
    await tell(house, opened(1, 100, MARCH), settled(2, 100, MARCH), called(3, 100, MARCH))
    await tell(house, *(called(4 + n, 100, MARCH + n * HOUR, "no_answer") for n in (1, 2, 3)))

    [item] = await listed(house)
    assert (item["group"], item["attempts_since_contact"]) == ("unreachable", 3)
    assert "Attempts since then: 3." in item["reason"]


async def test_a_paused_case_waits_and_says_until_when_and_a_closed_one_is_not_listed(house: House) -> None:
    await tell(house, opened(1, 100, MARCH), opened(2, 101, MARCH))
    until = format_instant(MARCH + 14 * DAY)
    await tell(house, event_json(3, 100, "contact_paused", MARCH, {"until": until, "reason": "her_wish"}))
    await tell(house, event_json(4, 101, "case_closed", MARCH, {"reason": "self_reliant"}), by="supervisor")

    [item] = await listed(house)
    assert (item["case_id"], item["state"], item["group"]) == (an_id(100), "paused", "waiting")
    assert item["paused_until"] == until


async def test_a_case_the_tables_do_not_have_yet_is_listed_all_the_same(house: House) -> None:
    await tell(house, opened(1, 100, MARCH))
    await house.send(opened(2, 101, MARCH))

    items = {item["case_id"]: item for item in await listed(house)}
    assert items[an_id(101)]["state"] == "unread"
    assert items[an_id(101)]["reason"] == "Recorded, but not worked out yet."


async def test_a_case_without_an_opening_is_shown_as_such(house: House) -> None:
    await tell(house, called(1, 100, MARCH))

    [item] = await listed(house, by="supervisor")
    assert item["state"] == "unopened"
    assert "never the opening" in item["reason"]


async def test_everybody_sees_the_cases_of_their_scope_only(house: House) -> None:
    await tell(house, opened(1, 100, MARCH), opened(2, 101, MARCH, BILKIS))

    assert [item["case_id"] for item in await listed(house)] == [an_id(100)]
    assert [item["case_id"] for item in await listed(house, by="bilkis")] == [an_id(101)]
    assert len(await listed(house, by="supervisor")) == 2
    assert await listed(house, by="far-supervisor") == []
    assert await listed(house, by="stranger") == []
    of_bilkis = f"?caseworker_id={BILKIS.account_id}"
    assert [item["case_id"] for item in await listed(house, of_bilkis, by="supervisor")] == [an_id(101)]
    assert await listed(house, of_bilkis) == []
    assert (await house.get("/v1/worklist", by="evaluator")).status_code == 403


async def test_pages_follow_each_other_without_gap_or_repetition(house: House) -> None:
    await tell(house, *(opened(n, 100 + n, MARCH + n) for n in range(7)))
    house.clock.at = house.history.until = MARCH + HOUR

    seen, cursor = [], ""
    while True:
        answer = (await house.get(f"/v1/worklist?limit=3{cursor}")).json()
        seen.extend(item["case_id"] for item in answer["items"])
        if answer["next_cursor"] is None:
            break
        cursor = f"&cursor={answer['next_cursor']}"
    assert sorted(seen) == sorted(an_id(100 + n) for n in range(7))
    assert (await house.get("/v1/worklist?cursor=nonsense")).status_code == 422
    assert (await house.get("/v1/worklist?limit=0")).status_code == 422


async def test_a_case_says_what_is_owed_next_and_by_when(house: House) -> None:
    await tell(house, opened(1, 100, MARCH), settled(2, 100, MARCH), called(3, 100, MARCH))
    house.clock.at = MARCH + 9 * DAY

    shown = (await house.get(f"/v1/cases/{an_id(100)}")).json()
    first = shown["owed"][0]
    assert (shown["state"], shown["caseworker_id"]) == ("open", ANNA.account_id)
    assert shown["attributes"]["district"] == "jashore"
    assert (first["rule_id"], first["title"], first["overdue"]) == ("contact", "Keeping in touch", True)
    assert first["due_by"] == format_instant(MARCH + 7 * DAY)
    assert first["alert_id"] == shown["open_alerts"][0]["alert_id"]
    assert shown["last_contact_at"] == format_instant(MARCH)
    assert shown["freshness"] == {"checked_until": None, "cases_checked": None, "lag_seconds": None}


async def test_a_case_that_is_not_in_ones_care_is_refused(house: House) -> None:
    await tell(house, opened(1, 100, MARCH))

    assert (await house.get(f"/v1/cases/{an_id(100)}", by="bilkis")).status_code == 403
    assert (await house.get(f"/v1/cases/{an_id(100)}/timeline", by="bilkis")).status_code == 403
    assert (await house.get(f"/v1/cases/{an_id(100)}/timeline", by="stranger")).status_code == 404


async def test_the_timeline_is_newest_first_and_says_what_is_late_retracted_in_conflict_or_unreadable(
    house: House,
) -> None:
    await tell(house, opened(1, 100, MARCH), called(2, 100, MARCH + 5 * DAY))
    await tell(house, called(3, 100, MARCH + DAY))
    await tell(house, event_json(4, 100, "retraction", MARCH + 6 * DAY, {"retracts": an_id(2), "reason": "wrong_case"}))
    house.history.conflicts[an_id(100)] = [Conflict(an_id(3), MARCH + 7 * DAY, BILKIS.account_id)]
    house.history.unreadable[an_id(100)] = [Unreadable(3, 17, "the bytes are no Envelope", MARCH + 7 * DAY)]

    shown = (await house.get(f"/v1/cases/{an_id(100)}/timeline")).json()
    items = shown["items"]
    assert [item["event_id"] for item in items] == [an_id(4), an_id(2), an_id(3), an_id(1)]
    assert [item["retracted"] for item in items] == [False, True, False, False]
    assert [item["late"] for item in items] == [False, False, True, False]
    assert items[2]["conflicts"] == [{"recorded_at": format_instant(MARCH + 7 * DAY), "recorded_by": BILKIS.account_id}]
    assert items[1]["data"] == {"direction": "outgoing", "outcome": "reached"}
    assert items[1]["recorded_by"] == ANNA.account_id
    assert shown["unreadable"][0]["reason"] == "the bytes are no Envelope"
    first = (await house.get(f"/v1/cases/{an_id(100)}/timeline?limit=3")).json()
    rest = (await house.get(f"/v1/cases/{an_id(100)}/timeline?limit=3&cursor={first['next_cursor']}")).json()
    assert [item["event_id"] for item in rest["items"]] == [an_id(1)]


async def test_freshness_is_told_and_null_while_it_is_unknown(house: House) -> None:
    await tell(house, opened(1, 100, MARCH))
    unknown = (await house.get("/v1/worklist")).json()["freshness"]
    house.history.until = MARCH - 2500
    known = (await house.get("/v1/worklist")).json()["freshness"]

    assert unknown == {"checked_until": None, "cases_checked": 1, "lag_seconds": None}
    assert known == {"checked_until": format_instant(MARCH - 2500), "cases_checked": 1, "lag_seconds": 2.5}


@pytest.mark.parametrize("path", ["/v1/worklist", "/v1/cases/{case}", "/v1/cases/{case}/timeline"])
async def test_while_the_tables_are_away_it_says_so_and_never_shows_an_empty_list(house: House, path: str) -> None:
    await tell(house, opened(1, 100, MARCH))
    house.history.away = True
    answer = await house.get(path.format(case=an_id(100)))

    assert answer.status_code == 503
    assert "cannot be shown now" in answer.json()["detail"]
    assert "retry-after" in answer.headers


@pytest.mark.parametrize("language", ["en", "bn"])
async def test_the_policy_is_shown_in_words(house: House, language: str) -> None:
    shown = (await house.get(f"/v1/policy?lang={language}", by="evaluator")).json()

    assert (shown["version"], shown["settle"], shown["hold"]) == (POLICY.version, "15m", "3d")
    assert [rule["rule_id"] for rule in shown["rules"]] == [rule.id for rule in POLICY.rules]
    assert all(rule["title"] and rule["in_words"] and rule["raised_in_words"] for rule in shown["rules"])
    assert len(shown["in_words"]) == 3


async def test_the_policy_says_since_when_it_holds_everywhere(house: House) -> None:
    assert (await house.get("/v1/policy")).json()["since"] == format_instant(MARCH)
    other = replace(POLICY, version="another")
    house.casework.view.policies[0].change("", MARCH + DAY, other)
    assert (await house.get("/v1/policy")).json()["since"] is None
    house.casework.view.policies[0].change("", MARCH + 2 * DAY, POLICY)
    assert (await house.get("/v1/policy")).json()["since"] == format_instant(MARCH + 2 * DAY)


async def test_an_empty_parameter_is_no_caseworker_without_cases(house: House) -> None:
    await tell(house, opened(1, 100, MARCH))
    assert [item["case_id"] for item in await listed(house, "?caseworker_id=&cursor=", "supervisor")] == [an_id(100)]
