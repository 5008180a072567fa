"""The endpoint: connections, one thread each, and the order in which a request is judged, run and answered."""

from __future__ import annotations

import logging
import socket
import threading
from http.client import HTTPException, parse_headers
from io import BufferedReader
from typing import Final, cast

from infra.clickhouse.body import Body, WireBody
from infra.clickhouse.disconnects import Disconnects
from infra.clickhouse.engine import Engine
from infra.clickhouse.errors import (
    BAD_REQUEST_PARAMETER,
    TOO_MANY_SIMULTANEOUS_QUERIES,
    UNKNOWN,
    ClientGone,
    EndpointError,
)
from infra.clickhouse.exchange import Exchange
from infra.clickhouse.protocol import Request
from infra.clickhouse.reply import Reply
from infra.clickhouse.sessions import Sessions
from infra.clickhouse.settings import EndpointSettings
from infra.clickhouse.users import User, user_among

_LONGEST_LINE: Final = 1 << 20  # an address may carry a statement
_DRAIN_BYTES: Final = 8 << 20  # of a refused body, read so that the client gets to read why
_log = logging.getLogger(__name__)


class Server:
    """Serves from ``start`` until ``stop``. The engine is the server's to close."""

    def __init__(self, settings: EndpointSettings) -> None:
        self._settings, caps = settings, settings.caps
        self._listener = socket.create_server((settings.host, settings.port), backlog=128)
        self._engine = Engine(settings.directory, caps)
        self._sessions = Sessions(self._engine, caps)
        self._disconnects = Disconnects(self._engine)
        self._exchange = Exchange(self._engine, self._sessions, self._disconnects, caps)
        self._turns = threading.BoundedSemaphore(caps.max_concurrent_queries)
        self._connections = threading.BoundedSemaphore(caps.max_connections)
        self._stopping = threading.Event()
        self._acceptor = threading.Thread(target=self._accept, name="acceptor", daemon=True)
        self._sweeper = threading.Thread(target=self._sweep, name="sessions", daemon=True)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def start(self) -> None:
        self._disconnects.start()
        self._acceptor.start()
        self._sweeper.start()

    def stop(self) -> bool:
        """Take nothing new, let what runs end, then close the engine. False if something would not end in time."""
        self._stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        ended = self._all_turns_back(self._settings.caps.stop_seconds)
        if not ended:
            self._disconnects.end_all()
            ended = self._all_turns_back(2)
        self._disconnects.stop()
        if ended:
            self._sessions.close()
            self._engine.close()
        return ended

    def _all_turns_back(self, seconds: float) -> bool:
        return all(self._turns.acquire(timeout=seconds) for _ in range(self._settings.caps.max_concurrent_queries))

    def _sweep(self) -> None:
        while not self._stopping.wait(5):
            self._sessions.drop_expired()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                if self._stopping.is_set():
                    return
                _log.exception("a connection could not be accepted")
                self._stopping.wait(0.1)
                continue
            if not self._connections.acquire(blocking=False):
                _log.warning("a connection was closed: %d are open", self._settings.caps.max_connections)
                connection.close()
                continue
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection, cast("BufferedReader", connection.makefile("rb", buffering=1 << 18)) as source:
                while not self._stopping.is_set() and self._one_request(connection, source):
                    pass
        except (ClientGone, OSError) as error:
            _log.debug("connection closed: %s", error)
        finally:
            self._connections.release()

    def _one_request(self, connection: socket.socket, source: BufferedReader) -> bool:
        """Whether the connection can take another."""
        connection.settimeout(self._settings.caps.idle_seconds)
        line = source.readline(_LONGEST_LINE)
        if not line:
            return False
        connection.settimeout(self._settings.caps.io_timeout)
        reply = Reply(connection, self._common_headers())
        try:
            request = self._read_head(line, source)
        except EndpointError as error:
            reply.keep_alive = False
            self._fail(reply, error)
            return False
        if request.headers.get("expect", "").lower() == "100-continue":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        wire = WireBody(source, request.headers, self._settings.caps.request_seconds)
        self._answer(request, wire, reply)
        return reply.keep_alive and wire.ended

    def _read_head(self, line: bytes, source: BufferedReader) -> Request:
        words = line.decode("latin-1").split()
        if len(words) != 3 or words[0] not in {"GET", "POST"} or not words[2].startswith("HTTP/1."):
            raise EndpointError(BAD_REQUEST_PARAMETER, "This is no request of ClickHouse's HTTP protocol")
        try:
            lines = parse_headers(source)
        except HTTPException as error:
            raise EndpointError(BAD_REQUEST_PARAMETER, f"The headers cannot be read: {error}") from error
        headers = {name.lower(): value for name, value in lines.items()}
        if words[2] == "HTTP/1.0":
            headers["connection"] = "close"
        return Request.of(words[0], words[1], headers)

    def _answer(self, request: Request, wire: WireBody, reply: Reply) -> None:
        reply.keep_alive = request.headers.get("connection", "").lower() != "close"
        try:
            if request.path == "/ping":
                reply.whole(200, b"Ok.\n", {})
            else:
                user = user_among(self._settings.users, *request.credentials())
                self._run(request, wire, reply, user)
        except EndpointError as error:
            if not wire.ended and not reply.started:
                reply.keep_alive = False
            self._fail(reply, error)
            if not wire.ended:
                self._drain(reply, wire)
            return
        reply.release()

    def _run(self, request: Request, wire: WireBody, reply: Reply, user: User) -> None:
        if request.path == "/replicas_status":
            reply.whole(200, b"Ok.\n", {})
            return
        caps = self._settings.caps
        if not self._turns.acquire(timeout=caps.queue_seconds):
            raise EndpointError(
                TOO_MANY_SIMULTANEOUS_QUERIES,
                f"Too many simultaneous queries. Maximum: {caps.max_concurrent_queries}.",
            )
        try:
            if self._stopping.is_set():
                raise EndpointError(TOO_MANY_SIMULTANEOUS_QUERIES, "The endpoint is stopping.")
            body = Body(wire, request.headers.get("content-encoding", ""), caps.max_query_bytes)
            self._exchange.answer(request, body, reply, user)
        except UnicodeDecodeError as error:
            raise EndpointError(BAD_REQUEST_PARAMETER, f"The statement is not UTF-8: {error}") from error
        finally:
            self._turns.release()

    def _fail(self, reply: Reply, error: EndpointError) -> None:
        message = str(error)
        if "(version " not in message:
            message = f"{message} (version {self._engine.version})"
        if error.code == UNKNOWN:
            _log.error("unexpected: %s", message)
        if reply.started:
            reply.fail_stream(message)
        else:
            code = {"X-ClickHouse-Exception-Code": str(error.code)}
            reply.whole(error.http_status, message.encode() + b"\n", code)
        reply.release()

    def _drain(self, reply: Reply, wire: WireBody) -> None:
        """Read a little more of what was refused: a reset connection would swallow the answer."""
        reply.connection.settimeout(2)
        left = _DRAIN_BYTES
        while left > 0 and (data := wire.read(min(left, 1 << 16))):
            left -= len(data)

    def _common_headers(self) -> dict[str, str]:
        return {
            "X-ClickHouse-Server-Display-Name": "reintegration",
            "X-ClickHouse-Timezone": self._engine.timezone,
            "Keep-Alive": f"timeout={self._settings.caps.idle_seconds}",
        }
