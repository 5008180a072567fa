from __future__ import annotations

import gzip
import io
from collections.abc import Callable

import lz4.frame
import pytest
import zstandard

from infra.clickhouse.body import Body, WireBody
from infra.clickhouse.errors import ClientGone, EndpointError
from infra.clickhouse.reply import encoding_for

TEXT = bytes(range(256)) * 2_000


def _body(data: bytes, encoding: str = "", limit: int = 1 << 20, length: int | None = None) -> Body:
    headers = {"content-length": str(len(data) if length is None else length)}
    return Body(WireBody(io.BufferedReader(io.BytesIO(data)), headers, 5), encoding, limit)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("", bytes),
        ("lz4", lz4.frame.compress),
        ("gzip", gzip.compress),
        ("zstd", zstandard.ZstdCompressor().compress),
        ("lz4", lambda data: lz4.frame.compress(data[:7]) + lz4.frame.compress(data[7:])),
        ("zstd", lambda data: b"".join(map(zstandard.ZstdCompressor().compress, (data[:7], data[7:])))),
    ],
)
def test_a_body_comes_out_as_it_went_in(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    assert b"".join(_body(pack(TEXT), encoding).chunks()) == TEXT


def test_chunks_are_put_together() -> None:
    wire = b"5;note=x\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nnext request"
    source = io.BufferedReader(io.BytesIO(wire))  # type: ignore[arg-type]
    body = WireBody(source, {"transfer-encoding": "chunked"}, 5)
    assert Body(body, "", 100).beginning(100) == b"hello 0123456789"
    assert body.ended
    assert source.read() == b"next request"


@pytest.mark.parametrize("size", [b"xyz", b"-1", b""])
def test_a_chunk_without_a_readable_size_is_refused(size: bytes) -> None:
    source = io.BufferedReader(io.BytesIO(size + b"\r\nhello\r\n"))  # type: ignore[arg-type]
    with pytest.raises(EndpointError):
        Body(WireBody(source, {"transfer-encoding": "chunked"}, 5), "", 100).read(10)


def test_the_limit_counts_bytes_after_decompression() -> None:
    with pytest.raises(EndpointError, match="larger than 1000 bytes") as caught:
        list(_body(zstandard.ZstdCompressor().compress(bytes(10_000_000)), "zstd", limit=1000).chunks())
    assert caught.value.http_status == 413


@pytest.mark.parametrize("encoding", ["lz4", "gzip", "zstd"])
def test_damaged_data_is_refused(encoding: str) -> None:
    with pytest.raises(EndpointError, match="Cannot decompress"):
        list(_body(b"this is not compressed at all", encoding).chunks())


def test_an_encoding_it_does_not_have_is_refused() -> None:
    with pytest.raises(EndpointError, match="Unknown compression method br"):
        _body(b"", "br")


def test_a_body_that_breaks_off_is_a_client_that_went() -> None:
    with pytest.raises(ClientGone):
        list(_body(b"short", length=100).chunks())


@pytest.mark.parametrize(
    ("accept", "unpack"),
    [
        ("lz4,zstd", lz4.frame.decompress),
        ("br, zstd;q=1", lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data)),
        ("gzip, deflate", gzip.decompress),
    ],
)
@pytest.mark.parametrize("pieces", [[], [b"a"], [b"a" * 1000, b"b" * 1000]])
def test_an_answer_can_be_unpacked_by_who_asked(
    accept: str, unpack: Callable[[bytes], bytes], pieces: list[bytes]
) -> None:
    encoding = encoding_for(accept)
    assert encoding is not None
    packed = b"".join(map(encoding.add, pieces)) + encoding.finish()
    assert unpack(packed) == b"".join(pieces)


def test_who_accepts_nothing_we_have_gets_it_plain() -> None:
    assert encoding_for("br, deflate") is None
    assert encoding_for("") is None
