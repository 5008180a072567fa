"""Reading what a client sends: counted bytes, decompressed in bounded steps, never waiting for ever."""

from __future__ import annotations

import gzip
import io
import time
import zlib
from collections.abc import Iterator, Mapping
from typing import IO, BinaryIO, cast

import lz4.frame
import zstandard

from infra.clickhouse.errors import (
    BAD_REQUEST_PARAMETER,
    CANNOT_DECOMPRESS,
    TOO_LARGE,
    UNKNOWN_COMPRESSION_METHOD,
    ClientGone,
    EndpointError,
)

CHUNK = 1 << 18
_LONGEST_CHUNK_LINE = 256


class WireBody(io.RawIOBase):
    """The body as it comes over the wire, by Content-Length or in chunks; ends by itself."""

    def __init__(self, source: BinaryIO, headers: Mapping[str, str], deadline_seconds: float) -> None:
        self._source = source
        self._deadline = time.monotonic() + deadline_seconds
        self._chunked = "chunked" in headers.get("transfer-encoding", "").lower()
        self._left = 0 if self._chunked else _content_length(headers)
        self._ended = not self._chunked and self._left == 0

    @property
    def ended(self) -> bool:
        return self._ended

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._chunked and self._left == 0 and not self._ended:
            self._next_chunk()
        if self._ended:
            return 0
        data = self._read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        if self._left == 0:
            if self._chunked:
                self._line()
            else:
                self._ended = True
        return len(data)

    def _read(self, size: int) -> bytes:
        if time.monotonic() > self._deadline:
            raise ClientGone("the body took too long")
        data = cast("io.BufferedReader", self._source).read1(size)
        if not data:
            raise ClientGone("the connection closed within the body")
        return data

    def _line(self) -> bytes:
        line = self._source.readline(_LONGEST_CHUNK_LINE)
        if not line.endswith(b"\n"):
            raise ClientGone("the connection closed within the body")
        return line.strip()

    def _next_chunk(self) -> None:
        size = self._line().split(b";")[0].strip()
        try:
            self._left = int(size, 16)
        except ValueError as error:
            raise EndpointError(BAD_REQUEST_PARAMETER, "A chunk of the body has no readable size") from error
        if self._left < 0:
            raise EndpointError(BAD_REQUEST_PARAMETER, "A chunk of the body has a negative size")
        if self._left == 0:
            while self._line():
                pass  # trailers are read and not used
            self._ended = True


def _content_length(headers: Mapping[str, str]) -> int:
    text = headers.get("content-length", "0")
    if not text.isdecimal():
        raise EndpointError(BAD_REQUEST_PARAMETER, "Content-Length is not a number")
    return int(text)


class Body:
    """The body after decompression. ``limit`` counts what is read from here and may be raised for an insert."""

    def __init__(self, wire: WireBody, encoding: str, limit: int) -> None:
        self._plain = _inflated(wire, encoding)
        self.limit = limit
        self._count = 0

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes, empty at the end. Raises 307 beyond the limit, 271 for damaged data."""
        try:
            data = self._plain.read(size)
        except (EOFError, OSError, RuntimeError, zlib.error, zstandard.ZstdError) as error:
            if isinstance(error, TimeoutError | ConnectionError):
                raise ClientGone("the client stopped sending") from error
            raise EndpointError(CANNOT_DECOMPRESS, f"Cannot decompress the body: {error}") from error
        self._count += len(data)
        if self._count > self.limit:
            raise EndpointError(TOO_LARGE, f"The body is larger than {self.limit} bytes")
        return data

    def beginning(self, size: int) -> bytes:
        """The first ``size`` bytes, fewer only if the body ends before."""
        parts: list[bytes] = []
        while size > 0 and (part := self.read(size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def chunks(self) -> Iterator[bytes]:
        while chunk := self.read(CHUNK):
            yield chunk


def _inflated(wire: WireBody, encoding: str) -> IO[bytes]:
    buffered = io.BufferedReader(wire, CHUNK)
    match encoding.strip().lower():
        case "" | "identity":
            return buffered
        case "lz4":
            return cast("IO[bytes]", lz4.frame.LZ4FrameFile(buffered, mode="rb"))
        case "zstd":
            return zstandard.ZstdDecompressor().stream_reader(buffered, read_across_frames=True)
        case "gzip":
            return cast("IO[bytes]", gzip.GzipFile(fileobj=buffered, mode="rb"))
        case other:
            raise EndpointError(UNKNOWN_COMPRESSION_METHOD, f"Unknown compression method {other[:40]}")
