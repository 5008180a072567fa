"""Starting and stopping: several servers in one event loop, until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import signal
import socket
import sys
from collections.abc import Coroutine
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, Protocol

import uvicorn

from services.runtime.http_connection import BoundedConnection
from services.runtime.tls_door import TlsDoor

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

    from starlette.types import ASGIApp

_OBJECTS_BETWEEN_LOOKS: Final = 20_000

_log = logging.getLogger(__name__)


class CannotServe(RuntimeError):
    """The process cannot serve; the message is a sentence for whoever started it."""


class PortTaken(CannotServe):
    """Something else listens there already."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"port {port} on {host} is taken by another process: stop that one, or choose another port in the settings"
        )


class Server(Protocol):
    """Something that listens. `start` returns once it does; `wait` returns when it has ended by itself."""

    async def start(self) -> None: ...

    async def wait(self) -> None: ...

    async def stop(self, within_seconds: float) -> None: ...


class HttpServer:
    """An ASGI app under uvicorn. Port 0 takes a free one; `port` says which after `start`."""

    def __init__(
        self, app: ASGIApp, host: str, port: int, *, or_any_port: bool = False, tls: ssl.SSLContext | None = None
    ) -> None:
        """or_any_port: a port that is taken is no reason not to serve; a free one will do.

        tls: HTTPS and nothing else. Without it, a proxy on this machine may say who asks and that she came over https.
        """
        self._or_any_port = or_any_port
        self._tls = tls
        self._door: TlsDoor | None = None
        self.host = host
        self.port = port
        self._app = app
        self._server: _QuietServer | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Raises PortTaken, or CannotServe when the app refuses to start."""
        listening = self._listening()
        self.port = listening.getsockname()[1]
        config = uvicorn.Config(
            self._app,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="on",
            http=BoundedConnection,
            ws="none",
            timeout_keep_alive=75,
            proxy_headers=self._tls is None,
        )
        self._server = _QuietServer(config)
        # Behind a door that speaks TLS, uvicorn has nothing to listen on.
        self._serving = asyncio.create_task(self._server.serve(sockets=[] if self._tls else [listening]))
        while not self._server.started:
            if self._serving.done():
                listening.close()
                self._serving.result()
                raise CannotServe("the app refused to start; the reason is in the log above")
            await asyncio.sleep(0.01)
        if self._tls is not None:
            self._door = TlsDoor(listening, self._tls, self._server.new_connection)
            self._door.open()

    def _listening(self) -> socket.socket:
        try:
            return _listen(self.host, self.port)
        except PortTaken as taken:
            if not self._or_any_port:
                raise
            _log.warning("%s; a free one is taken this time", taken)
            return _listen(self.host, 0)

    async def wait(self) -> None:
        assert self._serving is not None
        await asyncio.shield(self._serving)

    async def stop(self, within_seconds: float) -> None:
        """Take no new connections, let requests end for that long, then cut what is open (streams)."""
        if self._server is None or self._serving is None:
            return
        if self._door is not None:
            await self._door.close()
        # uvicorn takes whole seconds, and would wait for open streams for ever without a bound.
        self._server.config.timeout_graceful_shutdown = max(1, round(within_seconds))
        self._server.should_exit = True
        await self._serving


class _QuietServer(uvicorn.Server):
    """Leaves signals to `serve`: several servers share the process."""

    def new_connection(self) -> asyncio.Protocol:
        """What speaks HTTP on a connection that somebody else accepted; only after `startup`."""
        return BoundedConnection(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets=sockets)
        except SystemExit:
            # uvicorn would end the process from inside a task, past everybody who has something to stop.
            raise CannotServe("the app refused to start; the reason is in the log above") from None


async def serve(*servers: Server, stop_within_seconds: float = 3) -> None:
    """Start all in order, run until SIGTERM, SIGINT or the end of any, then stop all in reverse order.

    Raises CannotServe when one does not start or ends by itself; those started are stopped first.
    """
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    started: list[Server] = []
    try:
        for server in servers:
            await server.start()
            started.append(server)
        await _run(started, asked)
    finally:
        for server in reversed(started):
            await server.stop(stop_within_seconds)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def _run(servers: list[Server], asked: asyncio.Event) -> None:
    stopping = asyncio.create_task(asked.wait())
    endings = [asyncio.create_task(server.wait()) for server in servers]
    try:
        done, _ = await asyncio.wait({stopping, *endings}, return_when=asyncio.FIRST_COMPLETED)
        if stopping not in done:
            for ended in done:
                await ended
            raise CannotServe("a server ended by itself; the reason is in the log above")
    finally:
        for task in (stopping, *endings):
            task.cancel()
        for task in (stopping, *endings):
            with suppress(asyncio.CancelledError):
                await task


async def serve_http(app: ASGIApp, host: str, port: int, *also: Server, stop_within_seconds: float = 3) -> None:
    """Serve one app, and what else there is, until SIGTERM or SIGINT. Raises as `serve`."""
    await serve(HttpServer(app, host, port), *also, stop_within_seconds=stop_within_seconds)


def run(main: Coroutine[Any, Any, None]) -> None:
    """What a `__main__` calls: runs to the end; CannotServe becomes a sentence on standard error and status 1."""
    # Python looks for cycles after every 700 new objects, of which an event alone makes dozens: a third of all the time
    # that intake has. There are few cycles, and what was imported never goes.
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_LOOKS, 20, 50)
    try:
        asyncio.run(main)
    except CannotServe as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        # Listening at once shows a port taken here rather than somewhere inside uvicorn.
        listening.listen(2048)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(host, port) from None
        raise CannotServe(f"cannot listen on {host} port {port}: {error.strerror}") from None
    listening.setblocking(False)
    return listening
