"""What the entrance takes, and what it refuses by name."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
from collections.abc import Iterator

import pytest

from services.casework.application.errors import CaseworkError, HistoryAway, NotPermitted
from services.casework.application.recent_events import RecentEvents
from services.casework.domain.events import Event
from services.casework.domain.instants import DAY, HOUR, MINUTE, format_instant
from streams.neglect_watch.canary import canary_case_id
from tests.unit.services.casework.application.casework_in_memory import (
    ANNA,
    BILKIS,
    MARCH,
    House,
    an_id,
    bearer,
    called,
    event_json,
    opened,
)


def fields_of(problem: dict[str, object]) -> list[str]:
    return [error["field"] for error in problem["errors"]]  # type: ignore[index,attr-defined]


async def refused_field(house: House, raw: object, by: str = "anna", status: int = 422) -> str:
    answer = await house.send(raw, by)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return fields_of(answer.json())[0]


async def test_a_new_event_gets_201_and_a_receipt_with_the_time_of_the_log(house: House) -> None:
    answer = await house.send(opened(1, 100, MARCH))

    assert answer.status_code == 201
    assert answer.json() == {"event_id": an_id(1), "recorded_at": format_instant(MARCH)}
    assert [event.event_id for event in house.events] == [an_id(1)]


async def test_organisation_and_recorder_come_from_the_token(house: House) -> None:
    await house.send(opened(1, 100, MARCH))

    assert (house.events[0].organisation, house.events[0].recorded_by) == ("shurjo", ANNA.account_id)


async def test_a_case_can_be_opened_and_called_about_at_once(house: House) -> None:
    assert (await house.send(opened(1, 100, MARCH))).status_code == 201
    assert (await house.send(called(2, 100, MARCH))).status_code == 201


async def test_a_call_may_come_before_the_opening_of_its_case(house: House) -> None:
    assert (await house.send(called(2, 100, MARCH))).status_code == 201
    assert (await house.send(opened(1, 100, MARCH))).status_code == 201


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "telephone"}, "type"),
        ({"nickname": "x"}, "nickname"),
        ({"data": {"direction": "outgoing", "outcome": "reached", "mood": 1}}, "data.mood"),
        ({"data": {"direction": "outgoing", "outcome": "perhaps"}}, "data.outcome"),
        ({"data": {"direction": "outgoing"}}, "data.outcome"),
        ({"event_id": "7"}, "event_id"),
        ({"case_id": an_id(1).upper()}, "case_id"),
        ({"occurred_at": "yesterday"}, "occurred_at"),
        ({"occurred_at": "1999-12-31T23:59:59.999Z"}, "occurred_at"),
        ({"occurred_at": format_instant(MARCH + HOUR)}, "occurred_at"),
    ],
)
async def test_what_is_wrong_with_an_event_is_named(house: House, change: dict[str, object], field: str) -> None:
    assert await refused_field(house, {**called(2, 100, MARCH), **change}) == field
    assert house.events == []


async def test_a_clock_that_runs_ten_minutes_ahead_is_borne_with(house: House) -> None:
    assert (await house.send(called(2, 100, MARCH + 10 * MINUTE))).status_code == 201
    assert await refused_field(house, called(3, 100, MARCH + 10 * MINUTE + 1)) == "occurred_at"


@pytest.mark.parametrize("name", ["note", "note_id"])
async def test_text_is_refused_by_name_and_sent_to_the_vault(house: House, name: str) -> None:
    for raw in (
        {**called(2, 100, MARCH), name: "she said"},
        called(2, 100, MARCH, **{name: "she said"}),
    ):
        answer = await house.send(raw)
        assert answer.status_code == 422
        error = answer.json()["errors"][0]
        assert error["field"].endswith(name)
        assert "vault" in error["message"]
        assert "she said" not in answer.text


async def test_another_organisations_case_is_answered_like_one_that_does_not_exist(house: House) -> None:
    await house.send(opened(1, 100, MARCH))
    recorded = await house.send(called(2, 100, MARCH), by="stranger")
    read = await house.get(f"/v1/cases/{an_id(100)}", by="stranger")
    missing = await house.get(f"/v1/cases/{an_id(555)}", by="stranger")

    assert recorded.status_code == read.status_code == 404
    assert read.json() == missing.json()
    assert len(house.events) == 1


async def test_a_colleagues_case_is_refused_and_a_supervisor_may(house: House) -> None:
    await house.send(opened(1, 100, MARCH))

    assert (await house.send(called(2, 100, MARCH), by="bilkis")).status_code == 403
    assert (await house.send(called(2, 100, MARCH), by="supervisor")).status_code == 201
    assert (await house.send(called(3, 100, MARCH), by="far-supervisor")).status_code == 403


async def test_a_supervisors_type_from_a_caseworker_and_the_systems_from_a_supervisor_are_refused(house: House) -> None:
    await house.send(opened(1, 100, MARCH))
    assigned = event_json(2, 100, "case_assigned", MARCH, {"caseworker_id": BILKIS.account_id})
    unassigned = event_json(3, 100, "case_unassigned", MARCH, {"reason": "left"})

    assert await refused_field(house, assigned, status=403) == "type"
    assert (await house.send(assigned, by="supervisor")).status_code == 201
    assert await refused_field(house, unassigned, by="supervisor", status=403) == "type"
    assert (await house.send(unassigned, by="system")).status_code == 201


async def test_who_has_no_role_for_it_and_who_is_not_signed_in_cannot_record(house: House) -> None:
    assert (await house.send(opened(1, 100, MARCH), by="evaluator")).status_code == 403
    assert (await house.send(opened(1, 100, MARCH), by="nobody")).status_code == 401


async def test_a_handover_takes_effect_with_its_receipt_and_offline_work_before_it_counts(house: House) -> None:
    await house.send(opened(1, 100, MARCH - 200 * DAY))
    handover = event_json(2, 100, "case_assigned", MARCH - 100 * DAY, {"caseworker_id": BILKIS.account_id})
    await house.send(handover, by="supervisor")

    assert (await house.send(called(3, 100, MARCH), by="bilkis")).status_code == 201
    assert (await house.send(called(4, 100, MARCH - 150 * DAY))).status_code == 201
    assert (await house.send(called(5, 100, MARCH))).status_code == 403


def paused(number: int, at: int, days: int) -> dict[str, object]:
    data: dict[str, object] = {"until": format_instant(at + days * DAY), "reason": "her_wish"}
    return event_json(number, 100, "contact_paused", at, data)


async def test_a_caseworker_pauses_for_14_days_once_in_30_and_a_supervisor_for_90(house: House) -> None:
    await house.send(opened(1, 100, MARCH - 60 * DAY))

    assert await refused_field(house, paused(2, MARCH, 15), status=403) == "data.until"
    assert (await house.send(paused(3, MARCH - 31 * DAY, 14))).status_code == 201
    assert (await house.send(paused(4, MARCH, 14))).status_code == 201
    assert await refused_field(house, paused(5, MARCH - 10 * DAY, 14), status=403) == "data.until"
    assert (await house.send(paused(6, MARCH, 90), by="supervisor")).status_code == 201
    assert await refused_field(house, paused(7, MARCH, 91), by="supervisor") == "data.until"


async def test_what_was_recorded_is_not_refused_when_it_is_sent_again_although_it_would_be_now(house: House) -> None:
    await house.send(opened(1, 100, MARCH))
    taken_back = event_json(2, 100, "retraction", MARCH, {"retracts": an_id(3), "reason": "typed_wrong"})
    assert (await house.send(taken_back)).status_code == 201
    assert (await house.send(called(3, 100, MARCH), by="supervisor")).status_code == 201
    another = event_json(4, 100, "retraction", MARCH, {"retracts": an_id(3), "reason": "typed_wrong"})
    assert await refused_field(house, another, status=403) == "data.retracts"

    again = await house.send(taken_back)

    assert (again.status_code, again.json()["duplicate"]) == (200, True)


async def test_two_pauses_in_one_batch_are_one_too_many(house: House) -> None:
    await house.send(opened(1, 100, MARCH - 60 * DAY))
    answer = await house.send_batch({"events": [paused(2, MARCH, 14), paused(3, MARCH, 14)]})

    assert ["receipt" in result for result in answer.json()["results"]] == [True, False]


async def test_a_pause_that_was_taken_back_does_not_count(house: House) -> None:
    await house.send(opened(1, 100, MARCH - 60 * DAY))
    await house.send(paused(2, MARCH, 14))
    await house.send(event_json(3, 100, "retraction", MARCH, {"retracts": an_id(2), "reason": "typed_wrong"}))

    assert (await house.send(paused(4, MARCH, 14))).status_code == 201


async def test_only_who_recorded_an_event_or_a_supervisor_takes_it_back(house: House) -> None:
    await house.send(opened(1, 100, MARCH))
    await house.send(called(2, 100, MARCH), by="supervisor")
    taken_back = event_json(3, 100, "retraction", MARCH, {"retracts": an_id(2), "reason": "typed_wrong"})

    assert await refused_field(house, taken_back, status=403) == "data.retracts"
    assert (await house.send(taken_back, by="supervisor")).status_code == 201


async def test_who_recorded_an_event_of_long_ago_is_asked_of_the_tables(house: House) -> None:
    await house.send(opened(1, 100, MARCH))
    await house.send(called(2, 100, MARCH), by="supervisor")
    house.flow()
    house.casework.view.recent = RecentEvents()
    taken_back = event_json(3, 100, "retraction", MARCH, {"retracts": an_id(2), "reason": "typed_wrong"})

    assert await refused_field(house, taken_back, status=403) == "data.retracts"
    house.history.away = True
    assert (await house.send(taken_back)).status_code == 503


async def test_who_is_in_charge_may_take_back_what_nobody_knows_yet(house: House) -> None:
    await house.send(opened(1, 100, MARCH))
    taken_back = event_json(3, 100, "retraction", MARCH, {"retracts": an_id(77), "reason": "duplicate"})

    assert (await house.send(taken_back)).status_code == 201
    assert (await house.send({**taken_back, "event_id": an_id(4)}, by="bilkis")).status_code == 403


async def test_what_was_refused_leaves_nothing_behind(house: House) -> None:
    intake = house.casework.intake
    await house.send(opened(1, 100, MARCH))
    with nothing_left(Event, CaseworkError):
        await intake.record_all_json(BILKIS, [called(2, 100, MARCH), {"type": "song"}, called(3, 100, MARCH)])
        with pytest.raises(NotPermitted):
            await intake.record_json(BILKIS, called(4, 100, MARCH))
        house.history.away = True
        house.casework.view.recent = RecentEvents()
        taken_back = event_json(5, 100, "retraction", MARCH, {"retracts": an_id(1), "reason": "typed_wrong"})
        (answer,) = await intake.record_all_json(ANNA, [taken_back])
        assert isinstance(answer, HistoryAway)
        del answer


@contextlib.contextmanager
def nothing_left(*kinds: type) -> Iterator[None]:
    """Whatever of these is made meanwhile goes by itself, without a look for cycles."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield
        gc.collect()
        assert [left for left in gc.garbage if isinstance(left, kinds)] == []
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


async def test_while_the_log_is_away_the_answer_is_503_and_nothing_is_taken(house: House) -> None:
    house.log.away = True
    answer = await house.send(opened(1, 100, MARCH))
    batch = await house.send_batch([opened(1, 100, MARCH), called(2, 101, MARCH)])
    house.log.away = False

    for refused in (answer, batch):
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
    assert house.events == []
    assert (await house.send(opened(1, 100, MARCH))).status_code == 201


async def test_when_the_log_goes_away_in_the_middle_of_a_batch_each_event_says_what_became_of_it(house: House) -> None:
    house.log.away_after = 1
    bad = {**called(3, 102, MARCH), "type": "nonsense"}
    answer = await house.send_batch([opened(1, 100, MARCH), opened(2, 101, MARCH), bad])

    results = answer.json()["results"]
    assert answer.status_code == 200
    assert [result.get("problem", {}).get("status") for result in results] == [None, 503, 422]
    assert [event.event_id for event in house.events] == [an_id(1)]


async def test_the_rest_of_a_batch_goes_on_in_order(house: House) -> None:
    bad = {**called(3, 100, MARCH), "type": "nonsense"}
    answer = await house.send_batch([opened(1, 100, MARCH), bad, "not an object", called(4, 100, MARCH)])

    results = answer.json()["results"]
    assert answer.status_code == 200
    assert [result["event_id"] for result in results] == [an_id(1), an_id(3), None, an_id(4)]
    assert [result.get("problem", {}).get("status") for result in results] == [None, 422, 422, None]
    assert [event.event_id for event in house.events] == [an_id(1), an_id(4)]


async def test_a_batch_is_a_list_or_an_object_with_events_and_has_at_most_1000(house: House) -> None:
    a_thousand = [called(number, 100, MARCH) for number in range(1000)]

    assert len((await house.send_batch(a_thousand)).json()["results"]) == 1000
    assert (await house.send_batch({"events": a_thousand[:1]})).status_code == 200
    too_many = await house.send_batch({"events": a_thousand * 2})
    assert too_many.status_code == 422
    assert fields_of(too_many.json()) == ["events"]
    assert (await house.send_batch({"event": []})).status_code == 422
    assert len(house.events) == 1000


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"data": NaN}', 400),
        (b'{"event_id": "\xff\xfe"}', 400),
        (b'{"data": ' * 50 + b"1" + b"}" * 50, 400),
        (b"{", 400),
        (b"x" * (10 * 1024 * 1024), 413),
    ],
    ids=["NaN", "bad UTF-8", "50 deep", "cut off", "10 MB"],
)
@pytest.mark.parametrize("path", ["/v1/events", "/v1/events:batch"])
async def test_bodies_that_cannot_be_read_are_refused(house: House, path: str, body: bytes, status: int) -> None:
    headers = {**bearer("anna"), "Content-Type": "application/json"}
    answer = await house.client.post(path, content=body, headers=headers)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert house.events == []


async def test_many_at_once_on_one_new_case_are_taken_one_organisation_only(house: House) -> None:
    answers = await asyncio.gather(
        house.send(opened(1, 100, MARCH)), *(house.send(called(n, 100, MARCH), by="stranger") for n in range(2, 6))
    )

    assert sorted(answer.status_code for answer in answers) in ([201, 404, 404, 404, 404], [201, 201, 201, 201, 404])
    assert len({event.organisation for event in house.events}) == 1


async def test_the_document_of_the_service_names_every_event_type(house: House) -> None:
    document = (await house.client.get("/openapi.json")).json()
    body = document["paths"]["/v1/events"]["post"]["requestBody"]["content"]["application/json"]["schema"]

    assert "call" in body["discriminator"]["mapping"]
    assert "#/$defs" not in json.dumps(document)
    for reference in body["discriminator"]["mapping"].values():
        assert reference.rsplit("/", 1)[1] in document["components"]["schemas"]


async def test_an_id_of_the_detectors_own_cases_is_refused_to_everybody(house: House) -> None:
    raw = {**called(1, 100, MARCH), "case_id": canary_case_id(3, 82_900)}

    for somebody in ("anna", "supervisor"):
        assert await refused_field(house, raw, by=somebody) == "case_id"
    assert house.events == []


async def test_whoever_leaves_before_the_answer_stops_nothing_that_was_handed_to_the_log(house: House) -> None:
    raws = [opened(1, 100, MARCH), called(2, 101, MARCH)]
    leaving = asyncio.create_task(house.casework.intake.record_all_json(ANNA, raws))
    await asyncio.sleep(0)
    leaving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await leaving
    # The case is held up by nobody who is gone, and what was sent counts as recorded.
    async with asyncio.timeout(5):
        call = await house.send(called(3, 100, MARCH))
        again = await house.send(called(2, 101, MARCH))

    assert call.status_code == 201
    assert again.json() == {"event_id": an_id(2), "recorded_at": format_instant(MARCH), "duplicate": True}
    assert [event.event_id for event in house.events] == [an_id(1), an_id(2), an_id(3)]


async def test_a_batch_in_which_cases_are_opened_and_worked_on_keeps_the_order_of_each_case(house: House) -> None:
    raws = [opened(1, 100, MARCH), called(2, 100, MARCH), called(3, 101, MARCH), opened(4, 101, MARCH)]
    raws += [called(number, 100 + number % 2, MARCH) for number in range(5, 400)]
    results = (await house.send_batch(raws)).json()["results"]

    assert [result["receipt"]["event_id"] for result in results] == [raw["event_id"] for raw in raws]
    for case in (100, 101):
        sent = [raw["event_id"] for raw in raws if raw["case_id"] == an_id(case)]
        assert [event.event_id for event in house.events if event.case_id == an_id(case)] == sent


async def test_tables_that_hang_hold_up_only_what_has_to_ask_them(house: House) -> None:
    asked = asyncio.Event()

    class Hanging:
        async def recorder_of(self, case_id: str, event_id: str) -> str | None:
            asked.set()
            await asyncio.Event().wait()
            return None

    house.casework.intake.recorders = Hanging()
    retraction = event_json(2, 100, "retraction", MARCH, {"retracts": an_id(77), "reason": "typed_wrong"})
    waiting = asyncio.create_task(
        house.casework.intake.record_all_json(ANNA, [opened(1, 100, MARCH), retraction, called(3, 100, MARCH)])
    )
    async with asyncio.timeout(5):
        await asked.wait()
        while len(house.events) < 2:  # noqa: ASYNC110 - nothing tells but the log itself
            await asyncio.sleep(0.01)
    waiting.cancel()
    assert [event.event_id for event in house.events] == [an_id(1), an_id(3)]
