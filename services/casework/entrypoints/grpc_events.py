"""CaseEvents over gRPC: one event, or a stream of them with one answer each, in order.

A stream holds at most WINDOW events that have no answer yet. Whoever sends does not get further ahead, and when the
reader of the answers pauses, reading events pauses too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from typing import Any, Final

import grpc
from reintegration.v1 import case_events_pb2 as pb
from reintegration.v1 import case_events_pb2_grpc as pb_grpc
from reintegration.v1.events_pb2 import Event as EventMessage

from services.access.domain.permissions import Action, Principal
from services.casework.application.errors import (
    CaseworkError,
    EventRefused,
    NoSuchCase,
    NotPermitted,
    Refused,
    Unavailable,
)
from services.casework.application.intake import Intake, receipt_of
from services.casework.application.receipts import Receipt
from services.casework.codec import event_from_message
from services.casework.codec.timestamps import timestamp
from services.casework.domain.events import Event, InvalidEvent
from services.runtime.grpc_server import RpcService, current_principal

WINDOW: Final = 1000

_CODES: Final = {
    EventRefused: grpc.StatusCode.INVALID_ARGUMENT,
    NotPermitted: grpc.StatusCode.PERMISSION_DENIED,
    NoSuchCase: grpc.StatusCode.NOT_FOUND,
}

# What comes within so short a time goes into the log together; a stream in a hurry fills a stretch sooner.
_GATHER_SECONDS: Final = 0.002
_MOST_TOGETHER: Final = 100

Answers = list[pb.RecordEventsResponse | Unavailable]
Record = Callable[[list[EventMessage]], Coroutine[Any, Any, Answers]]


class _Window:
    """What is under way of one stream, in the order it came; at most WINDOW events until their answers were passed on.

    Events that come close together are recorded together: `record` is called with them.
    """

    def __init__(self, record: Record) -> None:
        self._record = record
        self._free = asyncio.Semaphore(WINDOW)
        self._gathered: list[EventMessage] = []
        self._letting_go: asyncio.TimerHandle | None = None
        self._under_way: asyncio.Queue[asyncio.Task[Answers] | None] = asyncio.Queue()

    async def add(self, event: EventMessage) -> None:
        """Returns when there is room for it."""
        await self._free.acquire()
        self._gathered.append(event)
        if len(self._gathered) >= _MOST_TOGETHER:
            self._let_go()
        elif self._letting_go is None:
            self._letting_go = asyncio.get_running_loop().call_later(_GATHER_SECONDS, self._let_go)

    def _let_go(self) -> None:
        if self._letting_go is not None:
            self._letting_go.cancel()
            self._letting_go = None
        if self._gathered:
            gathered, self._gathered = self._gathered, []
            self._under_way.put_nowait(asyncio.create_task(self._record(gathered)))

    def close(self) -> None:
        self._let_go()
        self._under_way.put_nowait(None)

    async def answers(self) -> AsyncIterator[pb.RecordEventsResponse | Unavailable]:
        while (answers := await self._under_way.get()) is not None:
            for answer in await answers:
                yield answer
                # Only now: whoever reads the answers has taken this one.
                self._free.release()

    def give_up(self) -> None:
        """Whoever asked is gone; what was handed to the log stands, and is a duplicate when it is sent again."""
        self._gathered.clear()
        self._let_go()
        while not self._under_way.empty():
            if (answers := self._under_way.get_nowait()) is not None:
                answers.cancel()


class CaseEvents(pb_grpc.CaseEventsServicer):
    """Decodes, asks the intake, encodes."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def RecordEvent(self, request: pb.RecordEventRequest, context: Any) -> pb.RecordEventResponse:
        principal = current_principal()
        try:
            (answer,) = await self._intake.record_all(principal, [_event_of(request.event, principal)])
            receipt = receipt_of(answer)
        except Refused as error:
            refusal = _refusal(request.event.event_id, error)
            metadata = (("problem-bin", refusal.SerializeToString()),)
            await context.abort(_CODES[type(error)], _sentence(error), metadata)
        except Unavailable as error:
            await context.abort(grpc.StatusCode.UNAVAILABLE, error.detail)
        return pb.RecordEventResponse(receipt=_receipt(receipt))

    async def RecordEvents(
        self, request_iterator: AsyncIterator[pb.RecordEventsRequest], context: Any
    ) -> AsyncIterator[pb.RecordEventsResponse]:
        principal = current_principal()
        window = _Window(partial(self._answers, principal))
        reading = asyncio.create_task(_read(request_iterator, window))
        try:
            async for answer in window.answers():
                if isinstance(answer, Unavailable):
                    await context.abort(grpc.StatusCode.UNAVAILABLE, answer.detail)
                else:
                    yield answer
            await reading
        finally:
            reading.cancel()
            window.give_up()

    async def _answers(self, principal: Principal, messages: list[EventMessage]) -> Answers:
        events = [_event_of(message, principal) for message in messages]
        answers = await self._intake.record_all(principal, events)
        return [_response(message.event_id, answer) for message, answer in zip(messages, answers, strict=True)]


async def _read(requests: AsyncIterator[pb.RecordEventsRequest], window: _Window) -> None:
    try:
        async for request in requests:
            await window.add(request.event)
    finally:
        window.close()


def _event_of(message: EventMessage, principal: Principal) -> Event | CaseworkError:
    try:
        return event_from_message(message, principal.organisation, principal.account_id)
    except InvalidEvent as error:
        return EventRefused("The event cannot be taken as it is.", error.problems)


def _response(event_id: str, answer: Receipt | CaseworkError) -> pb.RecordEventsResponse | Unavailable:
    if isinstance(answer, Receipt):
        return pb.RecordEventsResponse(receipt=_receipt(answer))
    if isinstance(answer, Refused):
        return pb.RecordEventsResponse(refusal=_refusal(event_id, answer))
    assert isinstance(answer, Unavailable)
    return answer


def case_events_service(intake: Intake) -> RpcService:
    service = CaseEvents(intake)
    return RpcService(
        descriptor=pb.DESCRIPTOR.services_by_name["CaseEvents"],
        permissions={"RecordEvent": Action.RECORD_EVENT, "RecordEvents": Action.RECORD_EVENT},
        register=lambda server: pb_grpc.add_CaseEventsServicer_to_server(service, server),
    )


def _receipt(receipt: Receipt) -> pb.Receipt:
    return pb.Receipt(
        event_id=receipt.event_id, recorded_at=timestamp(receipt.recorded_at), duplicate=receipt.duplicate
    )


def _refusal(event_id: str, error: Refused) -> pb.Refusal:
    problems = [pb.FieldProblem(field=problem.field, message=problem.message) for problem in error.problems]
    return pb.Refusal(event_id=event_id, reason=error.reason, problems=problems)


def _sentence(error: CaseworkError) -> str:
    problems = "; ".join(f"{problem.field}: {problem.message}" for problem in getattr(error, "problems", ()))
    return f"{error.detail} {problems}".strip()
