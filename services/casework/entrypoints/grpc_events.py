"""CaseEvents over gRPC: one event, or a stream of them with one answer each, in order.

A stream holds at most WINDOW events that have no answer yet. Whoever sends does not get further ahead, and when the
reader of the answers pauses, reading events pauses too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
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
from services.casework.application.intake import Intake
from services.casework.application.receipts import Receipt
from services.casework.codec import event_from_message
from services.casework.domain.events import InvalidEvent
from services.casework.domain.instants import as_datetime
from services.runtime.grpc_server import RpcService, current_principal

WINDOW: Final = 1000

_CODES: Final = {
    EventRefused: grpc.StatusCode.INVALID_ARGUMENT,
    NotPermitted: grpc.StatusCode.PERMISSION_DENIED,
    NoSuchCase: grpc.StatusCode.NOT_FOUND,
}

Answer = asyncio.Task[pb.RecordEventsResponse | Unavailable]


class _Window:
    """The answers that are under way, in the order of their events; at most WINDOW until they have been passed on."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(WINDOW)
        self._under_way: asyncio.Queue[Answer | None] = asyncio.Queue()

    async def room(self) -> None:
        await self._free.acquire()

    def add(self, answer: Answer) -> None:
        self._under_way.put_nowait(answer)

    def close(self) -> None:
        self._under_way.put_nowait(None)

    async def answers(self) -> AsyncIterator[pb.RecordEventsResponse | Unavailable]:
        while (answer := await self._under_way.get()) is not None:
            yield await answer
            # Only now: whoever reads the answers has taken this one.
            self._free.release()

    def give_up(self) -> None:
        """Whoever asked is gone; what was appended stands, and is a duplicate when it is sent again."""
        while not self._under_way.empty():
            if (answer := self._under_way.get_nowait()) is not None:
                answer.cancel()


class CaseEvents(pb_grpc.CaseEventsServicer):
    """Decodes, asks the intake, encodes."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def RecordEvent(self, request: pb.RecordEventRequest, context: Any) -> pb.RecordEventResponse:
        try:
            receipt = await self._record(current_principal(), request.event)
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
        window = _Window()
        reading = asyncio.create_task(self._read(request_iterator, current_principal(), window))
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

    async def _read(
        self, requests: AsyncIterator[pb.RecordEventsRequest], principal: Principal, window: _Window
    ) -> None:
        try:
            async for request in requests:
                await window.room()
                window.add(asyncio.create_task(self._answer(principal, request.event)))
        finally:
            window.close()

    async def _answer(self, principal: Principal, message: EventMessage) -> pb.RecordEventsResponse | Unavailable:
        try:
            receipt = await self._record(principal, message)
        except Refused as error:
            return pb.RecordEventsResponse(refusal=_refusal(message.event_id, error))
        except Unavailable as error:
            return error
        return pb.RecordEventsResponse(receipt=_receipt(receipt))

    async def _record(self, principal: Principal, message: EventMessage) -> Receipt:
        try:
            event = event_from_message(message, principal.organisation, principal.account_id)
        except InvalidEvent as error:
            raise EventRefused("The event cannot be taken as it is.", error.problems) from None
        return await self._intake.record(principal, event)


def case_events_service(intake: Intake) -> RpcService:
    service = CaseEvents(intake)
    return RpcService(
        descriptor=pb.DESCRIPTOR.services_by_name["CaseEvents"],
        permissions={"RecordEvent": Action.RECORD_EVENT, "RecordEvents": Action.RECORD_EVENT},
        register=lambda server: pb_grpc.add_CaseEventsServicer_to_server(service, server),
    )


def _receipt(receipt: Receipt) -> pb.Receipt:
    written = pb.Receipt(event_id=receipt.event_id, duplicate=receipt.duplicate)
    written.recorded_at.FromDatetime(as_datetime(receipt.recorded_at))
    return written


def _refusal(event_id: str, error: Refused) -> pb.Refusal:
    problems = [pb.FieldProblem(field=problem.field, message=problem.message) for problem in error.problems]
    return pb.Refusal(event_id=event_id, reason=error.reason, problems=problems)


def _sentence(error: CaseworkError) -> str:
    problems = "; ".join(f"{problem.field}: {problem.message}" for problem in getattr(error, "problems", ()))
    return f"{error.detail} {problems}".strip()
