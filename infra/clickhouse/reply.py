"""Writing an answer: one packet where it can be one, chunks where it streams, compressed if the client likes."""

from __future__ import annotations

import json
import socket
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import lz4.frame
import zstandard

from infra.clickhouse.engine import Summary
from infra.clickhouse.errors import ClientGone


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a body is compressed: ``add`` for each piece, ``finish`` for the end."""

    name: str
    add: Callable[[bytes], bytes]
    finish: Callable[[], bytes]


def encoding_for(accept: str) -> Encoding | None:
    """The first we have of lz4, zstd and gzip among what the client accepts; None is plain."""
    offered = {one.split(";")[0].strip().lower() for one in accept.split(",")}
    if "lz4" in offered:
        return _lz4()
    if "zstd" in offered:
        squeezer = zstandard.ZstdCompressor(level=1).compressobj()
        return Encoding("zstd", squeezer.compress, squeezer.flush)
    if "gzip" in offered:
        deflater = zlib.compressobj(1, zlib.DEFLATED, 31)
        return Encoding("gzip", deflater.compress, deflater.flush)
    return None


def _lz4() -> Encoding:
    frame: Any = lz4.frame.LZ4FrameCompressor()
    opened: list[bytes] = [frame.begin()]

    def head() -> bytes:
        return opened.pop() if opened else b""

    return Encoding("lz4", lambda data: head() + frame.compress(data), lambda: head() + frame.flush())


def summary_header(summary: Summary) -> str:
    """X-ClickHouse-Summary: numbers as strings, as a server writes them."""
    counts = {
        "read_rows": summary.rows_read,
        "read_bytes": summary.bytes_read,
        "written_rows": summary.rows_written,
        "written_bytes": summary.bytes_written,
        "result_rows": summary.rows_read,
        "result_bytes": summary.bytes_read,
        "elapsed_ns": int(summary.elapsed_seconds * 1e9),
    }
    return json.dumps({name: str(count) for name, count in counts.items()})


class Reply:
    """The one answer to a request. Raises ClientGone when nobody takes it.

    Its last bytes are held until ``release``, so that a client that comes back at once finds its session free.
    """

    def __init__(self, connection: socket.socket, common_headers: Mapping[str, str]) -> None:
        self.connection = connection
        self._headers = {"Content-Type": "text/plain; charset=UTF-8", **common_headers}
        self._encoding: Encoding | None = None
        self._held = b""
        self.exception_tag = ""
        self.started = False
        self.keep_alive = True

    def whole(self, status: int, data: bytes, headers: Mapping[str, str], encoding: Encoding | None = None) -> None:
        if encoding:
            data = encoding.add(data) + encoding.finish()
        self._held = self._head(status, {**headers, "Content-Length": str(len(data))}, encoding) + data

    def begin_stream(self, headers: Mapping[str, str], encoding: Encoding | None, exception_tag: str) -> None:
        self._encoding, self.exception_tag = encoding, exception_tag
        chunked = {"Transfer-Encoding": "chunked", "X-ClickHouse-Exception-Tag": exception_tag}
        self._send(self._head(200, {**headers, **chunked}, encoding))

    def stream(self, data: bytes) -> None:
        self._chunk(self._encoding.add(data) if self._encoding else data)

    def end_stream(self) -> None:
        if self._encoding:
            self._chunk(self._encoding.finish())
        self._held = b"0\r\n\r\n"

    def release(self) -> None:
        self._send(self._held)
        self._held = b""

    def fail_stream(self, message: str) -> None:
        """An error after the first rows: the tagged trailer by which a client knows that rows are missing."""
        line = message.encode() + b"\n"
        tag = self.exception_tag.encode()
        mark = b"\r\n__exception__\r\n"
        self.stream(mark + tag + b"\r\n" + line + f"{len(line)} ".encode() + tag + mark)
        self.end_stream()

    def _head(self, status: int, headers: Mapping[str, str], encoding: Encoding | None) -> bytes:
        self.started = True
        every = {**self._headers, **headers, "Connection": "Keep-Alive" if self.keep_alive else "close"}
        if encoding:
            every["Content-Encoding"] = encoding.name
        lines = "".join(f"{name}: {value}\r\n" for name, value in every.items())
        return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{lines}\r\n".encode("latin-1", "replace")

    def _chunk(self, data: bytes) -> None:
        if data:
            self._send(b"%x\r\n%b\r\n" % (len(data), data))

    def _send(self, data: bytes) -> None:
        try:
            self.connection.sendall(data)
        except OSError as error:
            raise ClientGone("the client stopped reading") from error
