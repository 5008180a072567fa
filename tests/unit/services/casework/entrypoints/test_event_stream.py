"""The stream of CaseEvents without a network: order, the window, and the end when the log is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, NoReturn

import grpc
import pytest
from reintegration.v1 import case_events_pb2 as pb

from services.casework.codec import event_to_message
from services.casework.entrypoints import grpc_events
from services.casework.entrypoints.grpc_events import WINDOW, CaseEvents
from tests.unit.services.casework.application.casework_in_memory import (
    ANNA,
    MARCH,
    House,
    a_house,
    an_event,
    an_id,
    called,
)


class Ended(Exception):
    """What the context raises when a call is aborted."""


class Call:
    """A gRPC context that remembers how the call ended."""

    def __init__(self) -> None:
        self.code: grpc.StatusCode | None = None

    async def abort(self, code: grpc.StatusCode, detail: str) -> NoReturn:
        self.code = code
        raise Ended(detail)


class Requests:
    """Events without end or so many, counting how many were taken."""

    def __init__(self, number: int) -> None:
        self.number, self.taken = number, 0

    async def __aiter__(self) -> AsyncIterator[pb.RecordEventsRequest]:
        for n in range(self.number):
            self.taken += 1
            yield pb.RecordEventsRequest(event=event_to_message(an_event(called(n, n, MARCH))))


@pytest.fixture
async def house(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(grpc_events, "current_principal", lambda: ANNA)
    async with a_house() as built:
        yield built


def stream_of(house: House, requests: Requests, call: Call) -> AsyncIterator[Any]:
    return CaseEvents(house.casework.intake).RecordEvents(aiter(requests), call)  # type: ignore[arg-type]


async def test_answers_come_in_the_order_of_the_events(house: House) -> None:
    answers = [answer async for answer in stream_of(house, Requests(2500), Call())]

    assert [answer.receipt.event_id for answer in answers] == [an_id(n) for n in range(2500)]
    assert len(house.events) == 2500


async def test_while_nobody_reads_the_answers_no_more_events_are_taken_than_the_window(house: House) -> None:
    requests = Requests(10 * WINDOW)
    stream = stream_of(house, requests, Call())
    first = await anext(stream)
    for _ in range(50):
        await asyncio.sleep(0.001)

    assert first.receipt.event_id == an_id(0)
    assert requests.taken <= WINDOW + 1
    await stream.aclose()  # type: ignore[attr-defined]


async def test_when_the_log_goes_away_what_was_taken_is_answered_and_then_the_stream_ends(house: House) -> None:
    house.log.away_after = 30
    call, receipts = Call(), []
    with pytest.raises(Ended):
        async for answer in stream_of(house, Requests(100), call):
            receipts.append(answer.receipt.event_id)

    assert call.code is grpc.StatusCode.UNAVAILABLE
    assert receipts == [event.event_id for event in house.events] == [an_id(n) for n in range(30)]
