"""One gRPC stream from prepared bytes: HTTP/2 by hand, since a client in Python costs as much as the server.

Only what a stream to one known server needs: flow control, settings and pings are answered; headers are not read.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

_DATA, _HEADERS, _RST, _SETTINGS, _PING, _GOAWAY, _WINDOW = 0, 1, 3, 4, 6, 7, 8
_ACK, _END_STREAM, _END_HEADERS = 1, 1, 4
_FRAME = 16_384
_ALL = 2**31 - 1
_INITIAL_WINDOW = 4


@dataclass(frozen=True, slots=True)
class Streamed:
    """answers: the messages in order; seconds: from the first message to the end of the stream."""

    seconds: float
    cpu_seconds: float
    answers: list[bytes]


class _Stream(asyncio.Protocol):
    def __init__(self, headers: bytes, messages: bytes, ended: asyncio.Future[None]) -> None:
        self._headers, self._messages, self._ended = headers, memoryview(messages), ended
        self._at = 0
        self._connection_room = self._stream_room = self._initial = 65_535
        self._buffer = bytearray()
        self.received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        window = _INITIAL_WINDOW.to_bytes(2, "big") + _ALL.to_bytes(4, "big")
        transport.write(
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
            + _frame(_SETTINGS, 0, 0, window)
            + _frame(_WINDOW, 0, 0, (_ALL - 65_535).to_bytes(4, "big"))
            + _frame(_HEADERS, _END_HEADERS, 1, self._headers)
        )
        self._send()

    def _send(self) -> None:
        while self._at < len(self._messages):
            size = min(_FRAME, self._connection_room, self._stream_room, len(self._messages) - self._at)
            if size <= 0:
                return
            last = self._at + size == len(self._messages)
            part = bytes(self._messages[self._at : self._at + size])
            self._transport.write(_frame(_DATA, _END_STREAM if last else 0, 1, part))
            self._at += size
            self._connection_room -= size
            self._stream_room -= size

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        at = 0
        while len(self._buffer) - at >= 9:
            length = int.from_bytes(self._buffer[at : at + 3], "big")
            if len(self._buffer) - at < 9 + length:
                break
            kind, flags = self._buffer[at + 3], self._buffer[at + 4]
            stream = int.from_bytes(self._buffer[at + 5 : at + 9], "big")
            self._take(kind, flags, stream, bytes(self._buffer[at + 9 : at + 9 + length]))
            at += 9 + length
        del self._buffer[:at]
        self._send()

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == _DATA:
            self.received += payload
            if payload:
                self._transport.write(_frame(_WINDOW, 0, 0, len(payload).to_bytes(4, "big")))
        elif kind == _SETTINGS and not flags & _ACK:
            for start in range(0, len(payload), 6):
                if int.from_bytes(payload[start : start + 2], "big") == _INITIAL_WINDOW:
                    initial = int.from_bytes(payload[start + 2 : start + 6], "big")
                    self._stream_room += initial - self._initial
                    self._initial = initial
            self._transport.write(_frame(_SETTINGS, _ACK, 0, b""))
        elif kind == _PING and not flags & _ACK:
            self._transport.write(_frame(_PING, _ACK, 0, payload))
        elif kind == _WINDOW:
            if stream:
                self._stream_room += int.from_bytes(payload, "big")
            else:
                self._connection_room += int.from_bytes(payload, "big")
        elif kind in (_RST, _GOAWAY):
            self._fail(ConnectionError(f"the server ended the stream: frame {kind}, {payload!r}"))
        if kind in (_DATA, _HEADERS) and flags & _END_STREAM and not self._ended.done():
            self._ended.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ConnectionResetError("the server closed the connection"))

    def _fail(self, error: Exception) -> None:
        if not self._ended.done():
            self._ended.set_exception(error)

    def close(self) -> None:
        self._transport.close()


def stream(address: str, method: str, token: str, messages: list[bytes]) -> Streamed:
    """All messages on one stream, as fast as the server takes them; runs in a process of its own."""
    framed = b"".join(b"\0" + len(message).to_bytes(4, "big") + message for message in messages)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as aside:
        return aside.submit(_run, address, method, token, framed).result()


def _run(address: str, method: str, token: str, framed: bytes) -> Streamed:
    return asyncio.run(_streamed(address, method, token, framed))


async def _streamed(address: str, method: str, token: str, framed: bytes) -> Streamed:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    host, _, port = address.rpartition(":")
    began, cpu = time.perf_counter(), time.process_time()
    headers = _headers(method, address, token)
    _, talk = await loop.create_connection(lambda: _Stream(headers, framed, ended), host, int(port))
    await asyncio.wait_for(ended, 300)
    seconds, spent = time.perf_counter() - began, time.process_time() - cpu
    talk.close()
    return Streamed(seconds, spent, list(_messages_in(talk.received)))


def _messages_in(received: bytearray) -> list[bytes]:
    found, at = [], 0
    while at < len(received):
        length = int.from_bytes(received[at + 1 : at + 5], "big")
        found.append(bytes(received[at + 5 : at + 5 + length]))
        at += 5 + length
    return found


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def _headers(method: str, authority: str, token: str) -> bytes:
    """HPACK without tables: every field spelled out."""
    fields = (
        (":method", "POST"),
        (":scheme", "http"),
        (":path", method),
        (":authority", authority),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        ("authorization", f"Bearer {token}"),
    )
    return b"".join(b"\0" + _text(name) + _text(value) for name, value in fields)


def _text(text: str) -> bytes:
    return _length(len(text)) + text.encode()


def _length(number: int) -> bytes:
    if number < 127:
        return bytes((number,))
    rest, written = number - 127, bytearray((127,))
    while rest >= 128:
        written.append(rest % 128 | 128)
        rest //= 128
    return bytes((*written, rest))
