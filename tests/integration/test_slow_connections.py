"""Who dawdles on a connection holds neither memory nor anybody's time for ever, and keeps nobody else waiting."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest
from fastapi import Depends, FastAPI, Request
from starlette.responses import StreamingResponse

from services.runtime.http import create_service_app, public
from services.runtime.http_connection import HEAD_BYTES, BoundedConnection
from services.runtime.serve import HttpServer
from tests import tokens

OPEN = [Depends(public("says how many bytes came"))]
GET = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"


def an_app() -> FastAPI:
    app = create_service_app("A service", "test", tokens.test_verifier(), {})

    @app.post("/bytes", dependencies=OPEN)
    async def count(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @app.get("/flood", dependencies=OPEN)
    async def flood() -> StreamingResponse:
        async def much() -> AsyncIterator[bytes]:
            while True:
                yield b"x" * 65_536
                await asyncio.sleep(0)

        return StreamingResponse(much())

    return app


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    for name, seconds in (("head_seconds", 0.5), ("body_seconds", 0.8), ("taking_seconds", 0.5)):
        monkeypatch.setattr(BoundedConnection, name, seconds)
    server = HttpServer(an_app(), "127.0.0.1", 0)
    await server.start()
    yield server.port
    await server.stop(1)


@contextlib.asynccontextmanager
async def connection(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def ended(reader: asyncio.StreamReader, seconds: float = 5) -> bytes:
    """What was said until the server closed."""
    said = b""
    async with asyncio.timeout(seconds):
        with contextlib.suppress(ConnectionResetError):
            while part := await reader.read(65_536):
                said += part
    return said


async def drip(writer: asyncio.StreamWriter, text: bytes) -> None:
    """A byte every 20 ms, until the other side has had enough."""
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        for byte in text:
            writer.write(bytes((byte,)))
            await writer.drain()
            await asyncio.sleep(0.02)


async def is_served(port: int) -> bool:
    async with connection(port) as (reader, writer):
        writer.write(GET)
        async with asyncio.timeout(5):
            return (await reader.readline()).startswith(b"HTTP/1.1 200")


async def test_whoever_connects_and_says_nothing_is_let_go(port: int) -> None:
    async with connection(port) as (reader, _):
        assert (await ended(reader)).startswith(b"HTTP/1.1 408")


async def test_a_head_that_drips_is_cut_off_and_others_are_served_meanwhile(port: int) -> None:
    async with connection(port) as (reader, writer):
        dripping = asyncio.create_task(drip(writer, b"GET /healthz HTTP/1.1\r\n" + b"x-more: 1\r\n" * 100))
        assert await is_served(port)
        assert (await ended(reader)).startswith(b"HTTP/1.1 408")
        await dripping


async def test_empty_lines_between_requests_do_not_keep_a_connection(port: int) -> None:
    async with connection(port) as (reader, writer):
        writer.write(GET)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        dripping = asyncio.create_task(drip(writer, b"\r\n" * 200))
        await ended(reader)
        await dripping


async def test_a_body_that_drips_is_cut_off(port: int) -> None:
    async with connection(port) as (reader, writer):
        writer.write(b"POST /bytes HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n")
        dripping = asyncio.create_task(drip(writer, b"x" * 1000))
        assert await ended(reader) == b""
        await dripping


async def test_a_head_without_end_is_refused_before_it_is_kept(port: int) -> None:
    async with connection(port) as (reader, writer):
        writer.write(b"GET /healthz HTTP/1.1\r\nx-long: " + b"y" * (2 * HEAD_BYTES))
        assert (await ended(reader)).startswith(b"HTTP/1.1 431")
    async with connection(port) as (reader, writer):
        writer.write(b"GET /healthz HTTP/1.1\r\n" + b"x-many: y\r\n" * HEAD_BYTES)
        assert (await ended(reader)).startswith(b"HTTP/1.1 431")


async def test_a_head_just_below_the_bound_and_a_large_body_behind_it_are_taken(port: int) -> None:
    body = b"[" + b"1," * 100_000 + b"1]"
    head = b"POST /bytes HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\nx-long: " % len(
        body
    )
    head += b"y" * (HEAD_BYTES - len(head) - 5) + b"\r\n\r\n"
    async with connection(port) as (reader, writer):
        for _ in range(3):
            writer.write(head + body)
            async with asyncio.timeout(10):
                said = await reader.readuntil(b"\r\n\r\n")
                assert said.startswith(b"HTTP/1.1 200"), said
                assert json.loads(await reader.readuntil(b"}")) == {"bytes": len(body)}


async def test_several_requests_at_once_on_a_connection_are_answered_in_order(port: int) -> None:
    async with connection(port) as (reader, writer):
        writer.write(GET * 50)
        async with asyncio.timeout(10):
            for _ in range(50):
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
                assert await reader.readuntil(b"}") == b'{"status":"alive"}'


async def test_a_pause_between_requests_shorter_than_the_idle_time_ends_nothing(port: int) -> None:
    async with connection(port) as (reader, writer):
        for _ in range(2):
            writer.write(GET)
            async with asyncio.timeout(5):
                assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200")
            await asyncio.sleep(1)


async def test_whoever_takes_no_answer_is_let_go(port: int) -> None:
    async with connection(port) as (reader, writer):
        writer.write(b"GET /flood HTTP/1.1\r\nhost: x\r\n\r\n")
        await asyncio.sleep(2)
        assert await ended(reader, 20)
