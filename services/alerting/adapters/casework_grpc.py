"""Recording through casework over gRPC, in the name of whoever asked: her token goes along, no other."""

from __future__ import annotations

from typing import Any, Final

import grpc
from google.protobuf.message import DecodeError
from reintegration.v1 import case_events_pb2 as pb
from reintegration.v1 import case_events_pb2_grpc as pb_grpc

from services.alerting.application.acting import Receipt
from services.alerting.application.errors import (
    AlertingError,
    CaseworkAway,
    InvalidAction,
    NoSuchAlert,
    NotPermitted,
    SignInAgain,
)
from services.casework.codec import event_to_message
from services.casework.domain.events import Event

_DEADLINE_SECONDS: Final = 6.0
_OPTIONS: Final = (
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)


class CaseworkGrpc:
    """`address` is host:port of casework's gRPC face."""

    def __init__(self, address: str) -> None:
        self._channel: Any = grpc.aio.insecure_channel(address, options=list(_OPTIONS))
        self._events: Any = pb_grpc.CaseEventsStub(self._channel)

    async def close(self) -> None:
        await self._channel.close()

    async def record(self, event: Event, token: str) -> Receipt:
        request = pb.RecordEventRequest(event=event_to_message(event))
        try:
            response = await self._events.RecordEvent(
                request, timeout=_DEADLINE_SECONDS, metadata=(("authorization", f"Bearer {token}"),)
            )
        except grpc.aio.AioRpcError as error:
            raise _error_of(error) from error
        receipt = response.receipt
        recorded_at = receipt.recorded_at.seconds * 1000 + receipt.recorded_at.nanos // 1_000_000
        return Receipt(receipt.event_id, recorded_at, receipt.duplicate)


def _error_of(error: grpc.aio.AioRpcError) -> AlertingError:
    match error.code():
        case grpc.StatusCode.INVALID_ARGUMENT:
            return InvalidAction("the action cannot be taken as it is", _problems(error))
        case grpc.StatusCode.PERMISSION_DENIED:
            return NotPermitted("casework does not let you record this")
        case grpc.StatusCode.NOT_FOUND:
            return NoSuchAlert()
        case grpc.StatusCode.UNAUTHENTICATED:
            return SignInAgain("your sign-in is no longer good: sign in again")
        case _:
            return CaseworkAway(
                "casework could not record it just now; send it again with the same event_id, it counts once"
            )


def _problems(error: grpc.aio.AioRpcError) -> list[tuple[str, str]]:
    """What casework says about the fields, under the names they have here."""
    packed = next((value for key, value in error.trailing_metadata() or () if key == "problem-bin"), b"")
    try:
        refusal = pb.Refusal.FromString(packed if isinstance(packed, bytes) else packed.encode())
    except DecodeError:
        return []
    return [(problem.field.removeprefix("data."), problem.message) for problem in refusal.problems]
