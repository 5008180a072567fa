"""Nobody is left out between two pages of the worklist, whatever is recorded and however late it gets meanwhile."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from services.casework.domain.instants import DAY, HOUR, format_instant
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

Meanwhile = Callable[[], Awaitable[None]]


class Office:
    """What people do; the tables follow as far as they are let."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._number = 0

    async def tell(self, event: Callable[[int], dict[str, object]], by: str = "anna") -> None:
        self._number += 1
        self.house.clock.at += 1
        answer = await self.house.send(event(self._number), by)
        assert answer.status_code == 201, answer.text

    def let_the_tables_follow(self) -> None:
        """To the end of the log, where time has gone on since the last event."""
        self.house.flow()
        self.house.clock.at += 1
        self.house.history.until = self.house.clock.at

    async def open(self, case: int, settles: bool = True) -> None:
        at = self.house.clock.at
        await self.tell(lambda number: opened(number, case, at))
        if settles:
            settled = {"pathway": "family", "district": "jashore"}
            await self.tell(lambda number: event_json(number, case, "settled", at, settled))

    async def call(self, case: int, outcome: str = "reached") -> None:
        at = self.house.clock.at
        await self.tell(lambda number: called(number, case, at, outcome), "supervisor")

    async def ask_for_help(self, case: int) -> None:
        help_wanted = {"direction": "incoming", "outcome": "no_answer"}
        at = self.house.clock.at
        await self.tell(lambda number: event_json(number, case, "call", at, help_wanted), "supervisor")

    async def hand_over(self, case: int, to: str) -> None:
        at = self.house.clock.at
        await self.tell(
            lambda number: event_json(number, case, "case_updated", at, {"caseworker_id": to}), "supervisor"
        )

    async def pages(self, limit: int, meanwhile: Meanwhile, by: str = "anna") -> list[list[str]]:
        found, cursor = [], ""
        while True:
            answer = await self.house.get(f"/v1/worklist?limit={limit}{cursor}", by)
            assert answer.status_code == 200, answer.text
            page: dict[str, Any] = answer.json()
            found.append([item["case_id"] for item in page["items"]])
            assert len(found) < 100, "reading does not end"
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"
            await meanwhile()

    async def listed(self, by: str = "anna") -> set[str]:
        answer = await self.house.get("/v1/worklist?limit=500", by)
        return {item["case_id"] for item in answer.json()["items"]}


@pytest.fixture
def office(house: House) -> Office:
    return Office(house)


def together(pages: list[list[str]]) -> list[str]:
    return [case_id for page in pages for case_id in page]


def once(do: Meanwhile) -> Meanwhile:
    left = [do]

    async def now() -> None:
        if left:
            await left.pop()()

    return now


async def five_cases(office: Office) -> None:
    """Opened a day apart: the first is the one that waits longest."""
    for case in range(100, 105):
        await office.open(case)
        office.house.clock.at += DAY
    office.let_the_tables_follow()


async def test_a_case_that_comes_to_press_more_between_two_pages_is_on_a_later_one(office: Office) -> None:
    await five_cases(office)

    async def she_asks_for_help() -> None:
        await office.ask_for_help(104)
        office.let_the_tables_follow()

    pages = await office.pages(2, once(she_asks_for_help))
    assert together(pages) == [an_id(case) for case in (100, 101, 102, 103, 104)]


async def test_the_order_stays_that_of_the_first_page_while_time_goes_by(office: Office) -> None:
    await five_cases(office)
    before = together(await office.pages(500, once(office.call)))

    async def days_go_by() -> None:
        office.house.clock.at += 3 * DAY

    assert together(await office.pages(1, days_go_by)) == before


async def test_a_line_of_a_later_page_says_how_the_case_stands_now(office: Office) -> None:
    await five_cases(office)
    first = (await office.house.get("/v1/worklist?limit=4")).json()
    office.house.clock.at = MARCH + 30 * DAY
    later = (await office.house.get(f"/v1/worklist?limit=4&cursor={first['next_cursor']}")).json()
    [alone] = [item for item in (await office.house.get("/v1/worklist")).json()["items"] if item == later["items"][0]]
    assert alone["group"] == "call_now"
    assert alone["overdue_since"] is not None


async def test_what_the_tables_did_not_have_yet_at_the_first_page_counts_as_recorded_since(office: Office) -> None:
    await five_cases(office)
    await office.ask_for_help(104)

    async def the_tables_follow() -> None:
        office.let_the_tables_follow()

    assert together(await office.pages(2, once(the_tables_follow)))[-1] == an_id(104)


async def test_a_case_that_was_handed_to_her_between_two_pages_comes_at_the_end(office: Office) -> None:
    await five_cases(office)
    await office.hand_over(100, BILKIS.account_id)
    office.let_the_tables_follow()

    async def it_comes_back() -> None:
        await office.hand_over(100, ANNA.account_id)
        office.let_the_tables_follow()

    assert together(await office.pages(2, once(it_comes_back))) == [an_id(case) for case in (101, 102, 103, 104, 100)]


async def test_a_case_that_was_opened_between_two_pages_is_listed_before_the_tables_have_it(office: Office) -> None:
    await five_cases(office)
    pages = await office.pages(2, once(lambda: office.open(99)))
    assert together(pages) == [an_id(case) for case in (100, 101, 102, 103, 104, 99)]


async def test_while_it_is_not_known_how_far_the_tables_are_every_case_comes_once_more(office: Office) -> None:
    await five_cases(office)
    office.house.history.until = None

    async def she_asks_for_help() -> None:
        await office.ask_for_help(104)
        office.house.flow()

    pages = together(await office.pages(2, once(she_asks_for_help)))
    assert pages == [an_id(case) for case in (100, 101, 100, 101, 102, 103, 104)]


@pytest.mark.parametrize("seed", range(12))
async def test_whoever_was_and_is_on_the_list_was_on_a_page(office: Office, seed: int) -> None:
    draw = random.Random(seed)
    for case in range(100, 112):
        await office.open(case, draw.random() < 0.7)
        office.house.clock.at += draw.randrange(3 * DAY)
        if draw.random() < 0.5:
            await office.call(case)
    office.let_the_tables_follow()
    by = draw.choice(("anna", "supervisor"))
    before = await office.listed(by)

    async def a_day_in_the_office() -> None:
        for _ in range(draw.randrange(6)):
            case = draw.randrange(100, 112)
            match draw.randrange(5):
                case 0:
                    await office.ask_for_help(case)
                case 1:
                    await office.call(case, draw.choice(("reached", "no_answer")))
                case 2:
                    await office.hand_over(case, draw.choice((ANNA, BILKIS)).account_id)
                case 3:
                    office.let_the_tables_follow()
                case 4:
                    office.house.clock.at += draw.randrange(DAY)

    seen = set(together(await office.pages(draw.choice((1, 2, 4)), a_day_in_the_office, by)))
    stayed = before & await office.listed(by)
    assert stayed - seen == set()


def word(*place: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        word(),
        word(3, 0, 0, MARCH, an_id(100)),
        word(MARCH, MARCH, 2, an_id(100)),
        word(MARCH, MARCH, 1, 7),
        word("x", MARCH, 1, an_id(100)),
        word(MARCH, MARCH, 0, 1, 2, 3, "4", an_id(100)),
        "W1" * 200,
    ],
)
async def test_what_is_no_cursor_of_the_worklist_is_refused(office: Office, cursor: str) -> None:
    await five_cases(office)
    answer = await office.house.get(f"/v1/worklist?cursor={cursor}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "cursor"


async def test_a_cursor_from_the_far_future_costs_no_more_than_another(office: Office) -> None:
    await five_cases(office)
    far = word(10**18, MARCH, 1, an_id(1))
    answer = await office.house.get(f"/v1/worklist?cursor={far}")
    assert len(answer.json()["items"]) == 5
    assert answer.json()["items"][0]["due_by"] < format_instant(MARCH + 60 * DAY + HOUR)
