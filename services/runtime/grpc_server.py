"""A service's face over gRPC: health, reflection, and a bearer behind every other call.

    service = RpcService(
        descriptor=case_events_pb2.DESCRIPTOR.services_by_name["CaseEvents"],
        permissions={"RecordEvent": Action.RECORD_EVENT, "RecordEvents": Action.RECORD_EVENT},
        register=lambda server: add_CaseEventsServicer_to_server(CaseEventsServicer(...), server),
    )
    await serve(GrpcServer([service], verifier, host, port))

In a servicer `current_principal()` says who calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from services.runtime.authentication import CannotVerify, InvalidToken, Permission, Verifier, token_of, verified
from services.runtime.metrics import RPCS
from services.runtime.rate_limits import Asker, Kind, RateLimits, address_key, device_of, whole_seconds
from services.runtime.route_permissions import UndeclaredPermission
from services.runtime.serve import PortTaken

MAX_MESSAGE_BYTES: Final = 256 * 1024
_TOO_MANY: Final = "too many calls: keep what you have and send it again later"

# Where these start, a call needs no bearer: they say nothing about any case.
_OPEN: Final = ("/grpc.health.", "/grpc.reflection.")

_OPTIONS: Final = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_metadata_size", 16 * 1024),
    # Only what is not compressed: a message is bounded before it is unpacked, and not after.
    ("grpc.compression_enabled_algorithms_bitset", 1),
    # Two servers on one port would share its calls at random.
    ("grpc.so_reuseport", 0),
    # A token is checked when a call begins: no stream lives much longer than its token may.
    ("grpc.max_connection_age_ms", 3_600_000),
    ("grpc.max_connection_age_grace_ms", 60_000),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    # Of a stream that is not read the transport would take megabytes ahead; so it takes some hundred events.
    ("grpc.http2.bdp_probe", 0),
    ("grpc.http2.lookahead_bytes", 64 * 1024),
)

_principal: ContextVar[Any] = ContextVar("principal")


@dataclass(frozen=True, slots=True)
class RpcService:
    """One gRPC service: what it is, who may call each RPC (by its bare name), how it is put on a server."""

    descriptor: ServiceDescriptor
    permissions: Mapping[str, Permission]
    register: Callable[[grpc.aio.Server], object]


def current_principal() -> Any:
    """The principal of the call being served; in a servicer only."""
    return _principal.get()


def declared_rpc_permissions(services: Sequence[RpcService]) -> list[tuple[str, Permission]]:
    """(full method like /reintegration.v1.CaseEvents/RecordEvent, permission), sorted.

    Raises UndeclaredPermission naming an RPC that declares none, or a name declared that is no RPC.
    """
    found: list[tuple[str, Permission]] = []
    for service in services:
        name = service.descriptor.full_name
        methods = {method.name for method in service.descriptor.methods}
        for unknown in service.permissions.keys() - methods:
            raise UndeclaredPermission(f"{name} has no RPC {unknown}, for which a permission is declared")
        for method in sorted(methods):
            if method not in service.permissions:
                raise UndeclaredPermission(f"the RPC /{name}/{method} declares no permission")
            found.append((f"/{name}/{method}", service.permissions[method]))
    return sorted(found)


class GrpcServer:
    """A grpc.aio server as `serve` runs it. Port 0 takes a free one; `port` says which after `start`."""

    def __init__(
        self,
        services: Sequence[RpcService],
        verifier: Verifier,
        host: str,
        port: int,
        credentials: grpc.ServerCredentials | None = None,
        limits: RateLimits | None = None,
        inner: tuple[str, int] | None = None,
    ) -> None:
        """credentials: TLS and nothing else. limits: how many calls are taken.

        inner: host and port for those behind the public face, who come without TLS. Raises UndeclaredPermission.
        """
        self.permissions: Final = dict(declared_rpc_permissions(services))
        self.host = host
        self.port = port
        self._services = services
        self._verifier = verifier
        self._credentials = credentials
        self._limits = limits
        self._inner = inner
        self._server: grpc.aio.Server | None = None
        self._ended: asyncio.Task[bool] | None = None
        self._health: health.aio.HealthServicer | None = None

    async def start(self) -> None:
        """Raises PortTaken."""
        server = grpc.aio.server(
            interceptors=[_BearerInterceptor(self._verifier, self.permissions, self._limits)], options=list(_OPTIONS)
        )
        names = [service.descriptor.full_name for service in self._services]
        for service in self._services:
            service.register(server)
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        reflection.enable_server_reflection([*names, health.SERVICE_NAME, reflection.SERVICE_NAME], server)
        self.port = self._listen(server, self.host, self.port, self._credentials)
        if self._inner is not None:
            self._listen(server, *self._inner, None)
        await server.start()
        self._server = server
        self._ended = asyncio.create_task(server.wait_for_termination())
        for name in ("", *names):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)

    def _listen(self, server: grpc.aio.Server, host: str, port: int, credentials: grpc.ServerCredentials | None) -> int:
        """The port; raises PortTaken."""
        address = f"{host}:{port}"
        try:
            if credentials is None:
                return int(server.add_insecure_port(address))
            return int(server.add_secure_port(address, credentials))
        except RuntimeError:
            raise PortTaken(host, port) from None

    async def wait(self) -> None:
        assert self._ended is not None
        # Cancelling grpc's own wait would cancel what `stop` waits for.
        await asyncio.shield(self._ended)

    async def stop(self, within_seconds: float) -> None:
        """Say "not serving", let calls end for that long, then end them."""
        if self._server is None or self._health is None:
            return
        await self._health.enter_graceful_shutdown()
        await self._server.stop(within_seconds)
        if self._ended is not None:
            await self._ended


class _BearerInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[misc, unused-ignore]
    """Sets the principal of each call, or ends it before a servicer sees it."""

    def __init__(
        self, verifier: Verifier, permissions: Mapping[str, Permission], limits: RateLimits | None = None
    ) -> None:
        self._verifier = verifier
        self._permissions = permissions
        self._limits = limits

    async def intercept_service(self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: Any) -> Any:
        method: str = handler_call_details.method
        handler = await continuation(handler_call_details)
        if handler is None or method.startswith(_OPEN):
            return handler
        RPCS.labels(method).inc()
        try:
            token = _token_in(handler_call_details)
            bearer = await verified(self._verifier, token)
        except InvalidToken as error:
            return _refusing(handler, grpc.StatusCode.UNAUTHENTICATED, str(error), self._limits)
        except CannotVerify as error:
            return _refusing(handler, grpc.StatusCode.UNAVAILABLE, str(error))
        action = self._permissions.get(method)
        if action is None or not bearer.may(action):
            return _refusing(handler, grpc.StatusCode.PERMISSION_DENIED, "none of your roles opens this")
        if self._limits is not None:
            # Every RPC records events: no address counts, whoever else may be behind it.
            wait = self._limits.of_asker(Kind.EVENTS, Asker(bearer.account_id, device_of(token)), "")
            if wait:
                return _refusing(handler, grpc.StatusCode.RESOURCE_EXHAUSTED, _TOO_MANY, retry_after=wait)
        # The handler runs in the same task, and so in the same context.
        _principal.set(bearer)
        return handler


def _token_in(details: Any) -> str:
    authorization = next((value for key, value in details.invocation_metadata if key == "authorization"), None)
    return token_of(authorization)


def _refusing(
    handler: Any, code: grpc.StatusCode, detail: str, strangers: RateLimits | None = None, retry_after: float = 0
) -> Any:
    """A handler of the same shape that ends the call with `code`.

    strangers: counts the caller's address, of which too many are told to wait. retry_after: seconds.
    """

    async def refuse(_: object, context: Any) -> None:
        wait = strangers.of_stranger(_address_of(context.peer())) if strangers is not None else 0
        if wait:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, _TOO_MANY, _told_to_wait(wait))
        await context.abort(code, detail, _told_to_wait(retry_after) if retry_after else ())

    async def refuse_stream(_: object, context: Any) -> AsyncIterator[Any]:
        await refuse(_, context)
        yield

    match (bool(handler.request_streaming), bool(handler.response_streaming)):
        case (False, False):
            return grpc.unary_unary_rpc_method_handler(refuse)
        case (False, True):
            return grpc.unary_stream_rpc_method_handler(refuse_stream)
        case (True, False):
            return grpc.stream_unary_rpc_method_handler(refuse)
        case _:
            return grpc.stream_stream_rpc_method_handler(refuse_stream)


def _told_to_wait(seconds: float) -> tuple[tuple[str, str], ...]:
    """As people read it and as gRPC's own clients do, which then wait by themselves."""
    return (("retry-after", str(whole_seconds(seconds))), ("grpc-retry-pushback-ms", str(round(seconds * 1000))))


def _address_of(peer: str) -> str:
    """`ipv4:127.0.0.1:4711`, `ipv6:%5B::1%5D:4711`."""
    host = unquote(peer.partition(":")[2].rpartition(":")[0])
    return address_key(host.strip("[]"))
