"""What was sent before and is sent again, by phones whose answer was lost."""

from __future__ import annotations

import pytest

from services.casework.domain.instants import DAY, HOUR, format_instant
from tests.unit.services.casework.application.casework_in_memory import (
    BILKIS,
    MARCH,
    House,
    an_id,
    called,
    event_json,
    opened,
)


async def test_the_same_event_again_gets_200_and_the_first_receipt_and_is_not_appended_again(house: House) -> None:
    await house.send(opened(1, 100, MARCH))
    house.clock.at += HOUR
    answer = await house.send(opened(1, 100, MARCH))

    assert answer.status_code == 200
    assert answer.json() == {"event_id": an_id(1), "recorded_at": format_instant(MARCH), "duplicate": True}
    assert len(house.events) == 1


async def test_other_content_under_a_known_id_goes_into_the_log_so_that_people_see_the_conflict(house: House) -> None:
    await house.send(opened(1, 100, MARCH))
    await house.send(called(2, 100, MARCH))
    answer = await house.send(called(2, 100, MARCH, outcome="no_answer"))

    assert answer.json()["duplicate"] is True
    assert len(house.events) == 3


@pytest.mark.parametrize("outcome", ["reached", "no_answer"])
async def test_what_was_recorded_is_recorded_for_who_sends_it_again_when_the_case_is_no_longer_hers(
    house: House, outcome: str
) -> None:
    await house.send(opened(1, 100, MARCH - 200 * DAY))
    for said in ("reached", "no_answer"):
        await house.send(called(2, 100, MARCH, outcome=said))
    house.clock.at += HOUR
    handed_over = event_json(3, 100, "case_assigned", MARCH - 100 * DAY, {"caseworker_id": BILKIS.account_id})
    assert (await house.send(handed_over, by="supervisor")).status_code == 201
    assert (await house.send(called(4, 100, MARCH + HOUR))).status_code == 403

    answer = await house.send(called(2, 100, MARCH, outcome=outcome))

    assert answer.json() == {"event_id": an_id(2), "recorded_at": format_instant(MARCH), "duplicate": True}
    assert len(house.events) == 4
