"""A closed loop of HTTP requests from prepared bytes, in a process of its own: it must not be what limits."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

HEAD_ENDS = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Load:
    """seconds: from the first request to the last answer; latencies: of each request, sorted, seconds."""

    seconds: float
    cpu_seconds: float
    latencies: Sequence[float]
    statuses: Counter[int]
    bodies: Sequence[bytes]

    def percentile(self, part: float) -> float:
        """Milliseconds within which that part of the requests was answered."""
        return self.latencies[min(len(self.latencies) - 1, int(part * len(self.latencies)))] * 1000


@dataclass(slots=True)
class _Work:
    requests: list[bytes]
    open: int
    ended: asyncio.Future[None]
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    bodies: list[bytes] = field(default_factory=list)

    def one_less(self, error: BaseException | None = None) -> None:
        self.open -= 1
        if error is not None and not self.ended.done():
            self.ended.set_exception(error)
        elif not self.open and not self.ended.done():
            self.ended.set_result(None)


class _Connection(asyncio.Protocol):
    """Sends one request, awaits its whole answer, sends the next, until there is none."""

    def __init__(self, work: _Work) -> None:
        self._work = work
        self._buffer = bytearray()
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def next(self) -> None:
        if not self._work.requests:
            self._transport.close()
            self._work.one_less()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(self._work.requests.pop())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(HEAD_ENDS)
        if end < 0:
            return
        head = bytes(self._buffer[:end]).lower()
        length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        if len(self._buffer) < end + len(HEAD_ENDS) + length:
            return
        self._work.latencies.append(time.perf_counter() - self._sent_at)
        self._work.statuses[int(head[9:12])] += 1
        self._work.bodies.append(bytes(self._buffer[end + len(HEAD_ENDS) :]))
        self._buffer.clear()
        self.next()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._sent_at and self._buffer:
            self._work.one_less(exc or ConnectionResetError("cut in the middle of an answer"))


def request(path: str, token: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def load(host: str, port: int, requests: list[bytes], connections: int) -> Load:
    """Runs the loop in another process and gives what it saw."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as aside:
        return aside.submit(_run, host, port, requests, connections).result()


def _run(host: str, port: int, requests: list[bytes], connections: int) -> Load:
    return asyncio.run(_loop(host, port, requests, connections))


async def _loop(host: str, port: int, requests: list[bytes], connections: int) -> Load:
    loop = asyncio.get_running_loop()
    work = _Work(requests[::-1], connections, loop.create_future())
    made = [await loop.create_connection(lambda: _Connection(work), host, port) for _ in range(connections)]
    began, cpu = time.perf_counter(), time.process_time()
    for _, connection in made:
        connection.next()
    await asyncio.wait_for(work.ended, 300)
    seconds, spent = time.perf_counter() - began, time.process_time() - cpu
    return Load(seconds, spent, sorted(work.latencies), work.statuses, work.bodies)
