"""A line that fails on demand: a TCP proxy on loopback whose behaviour is changed while it runs, each direction apart.

    with FaultProxy(target_port) as line:
        line.requests = Delay(0.2)       # from now on, also on connections that are open
        line.replies = Swallow()         # the server gets its requests, its answers are lost
        line.cut()                       # every open connection ends with a reset
        line.heal()

It knows nothing of what it carries. Its event loop has a thread of its own; its ways may be set from any.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Final

LOOPBACK: Final = "127.0.0.1"
_CHUNK: Final = 64 * 1024
_LOOK_AGAIN_SECONDS: Final = 0.05
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Pass:
    """Bytes go on as they come."""


@dataclass(frozen=True, slots=True)
class Delay:
    """They go on so many seconds later."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Drip:
    """They go on a few at a time: so many bytes a second."""

    bytes_a_second: int


@dataclass(frozen=True, slots=True)
class Swallow:
    """They are read and lost, and nobody is told."""


@dataclass(frozen=True, slots=True)
class Stall:
    """They are not read: the sender's buffers fill, until this is over. A half-open connection."""


Way = Pass | Delay | Drip | Swallow | Stall


@dataclass(frozen=True, slots=True)
class Refuse:
    """New connections are reset."""


@dataclass(frozen=True, slots=True)
class Accept:
    """New connections are taken and joined to the server."""


@dataclass(frozen=True, slots=True)
class HalfOpen:
    """New connections are taken, and nothing stands behind them."""


Door = Accept | Refuse | HalfOpen


class FaultProxy:
    """`port` is where clients connect; it stays the same however often the line is cut. Ends with its `with` block."""

    def __init__(self, target_port: int, port: int = 0) -> None:
        self.requests: Way = Pass()
        self.replies: Way = Pass()
        self.door: Door = Accept()
        self.target_port = target_port
        self.port = port
        self.taken = 0
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._lines: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy", daemon=True)

    # --- for the test ---------------------------------------------------------------------------------------------

    @property
    def address(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def heal(self) -> None:
        """Everything passes again. What was swallowed stays lost."""
        self.door, self.requests, self.replies = Accept(), Pass(), Pass()

    def cut(self) -> None:
        """Reset every open connection, on both sides."""
        asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result(10)

    def __enter__(self) -> FaultProxy:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    # --- in the loop ----------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._taken, LOOPBACK, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._cut()

    async def _cut(self) -> None:
        for writer in list(self._writers):
            _reset(writer)
        for line in list(self._lines):
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)

    async def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, for as long as it lasts."""
        task = asyncio.current_task()
        assert task is not None
        self.taken += 1
        self._lines.add(task)
        self._writers.add(writer)
        try:
            await self._carry(reader, writer)
        except asyncio.CancelledError:
            _reset(writer)
        except OSError:
            # One of the two sides has gone: the other is told in the same way.
            _reset(writer)
        finally:
            self._lines.discard(task)
            self._writers.discard(writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match self.door:
            case Refuse():
                _reset(writer)
            case HalfOpen():
                while await reader.read(_CHUNK):
                    continue
                writer.close()
            case Accept():
                there, back = await asyncio.open_connection(LOOPBACK, self.target_port)
                self._writers.add(back)
                try:
                    async with asyncio.TaskGroup() as both:
                        both.create_task(self._one_way(reader, back, is_request=True))
                        both.create_task(self._one_way(there, writer, is_request=False))
                except* OSError as gone:
                    raise ConnectionResetError from gone
                finally:
                    self._writers.discard(back)
                    _reset(back)
                    writer.close()

    async def _one_way(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_request: bool) -> None:
        while True:
            if isinstance(self._way(is_request), Stall):
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
                continue
            chunk = await reader.read(_CHUNK)
            if not chunk:
                break
            await self._pass_on(chunk, writer, is_request)
        if writer.can_write_eof():
            writer.write_eof()

    async def _pass_on(self, chunk: bytes, writer: asyncio.StreamWriter, is_request: bool) -> None:
        match self._way(is_request):
            case Swallow():
                return
            case Delay(seconds):
                await asyncio.sleep(seconds)
                writer.write(chunk)
            case Drip(bytes_a_second):
                await self._drip(chunk, writer, bytes_a_second, is_request)
            case _:
                writer.write(chunk)
        await writer.drain()

    async def _drip(self, chunk: bytes, writer: asyncio.StreamWriter, bytes_a_second: int, is_request: bool) -> None:
        size = max(1, round(bytes_a_second * _LOOK_AGAIN_SECONDS))
        for start in range(0, len(chunk), size):
            if not isinstance(self._way(is_request), Drip):
                writer.write(chunk[start:])
                break
            writer.write(chunk[start : start + size])
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    def _way(self, is_request: bool) -> Way:
        return self.requests if is_request else self.replies


def _reset(writer: asyncio.StreamWriter) -> None:
    """End the connection as a dead machine would: what is on its way is lost."""
    ends: socket.socket | None = writer.get_extra_info("socket")
    if ends is not None and ends.fileno() >= 0:
        ends.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()
