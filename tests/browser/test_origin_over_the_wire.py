"""The origin with real sockets on both sides: streams stay streams, and who leaves is let go on the other side too."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.browser_fixture import Faces


@pytest.fixture
def client(faces: Faces) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=faces.url, timeout=30) as found:
        yield found


def eventually(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < until, "did not come to hold within 5 s"
        time.sleep(0.02)


@pytest.mark.parametrize("signed_in", [{"authorization": "Bearer nasrin"}, {"cookie": "session=nasrin"}])
def test_the_stream_of_alerts_comes_through_as_it_is_told(
    faces: Faces, client: httpx.Client, signed_in: dict[str, str]
) -> None:
    with client.stream("GET", "/v1/alerts/stream", headers=signed_in) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert next(lines) == "event: heartbeat"
        faces.services.push({"alert_id": "told"})
        began = time.monotonic()
        assert any('"told"' in line for line in lines)
        assert time.monotonic() - began < 2


def test_without_a_session_there_is_no_stream(client: httpx.Client) -> None:
    assert client.get("/v1/alerts/stream").status_code == 401


def test_when_the_browser_leaves_the_stream_behind_ends_too(faces: Faces, client: httpx.Client) -> None:
    with client.stream("GET", "/v1/alerts/stream", headers={"authorization": "Bearer nasrin"}) as answer:
        # Kept: a client that drops what it reads with closes the connection with it.
        lines = answer.iter_lines()
        next(lines)
        eventually(lambda: faces.services.open_streams == 1)
    eventually(lambda: faces.services.open_streams == 0)


def test_many_streams_do_not_keep_others_waiting(faces: Faces, client: httpx.Client) -> None:
    signed_in = {"authorization": "Bearer nasrin"}
    with httpx.Client(base_url=faces.url, limits=httpx.Limits(max_connections=200)) as many:
        streams = [many.stream("GET", "/v1/alerts/stream", headers=signed_in) for _ in range(120)]
        for stream in streams:
            stream.__enter__()
        try:
            assert client.get("/v1/worklist", headers=signed_in).status_code == 200
        finally:
            for stream in streams:
                stream.__exit__(None, None, None)
    eventually(lambda: faces.services.open_streams == 0)


def test_a_large_batch_passes_through_and_a_larger_one_does_not(client: httpx.Client) -> None:
    signed_in = {"authorization": "Bearer asha"}

    def body(kilobytes: int) -> Iterator[bytes]:
        yield from (b"x" * 1024 for _ in range(kilobytes))

    assert client.post("/v1/events:batch", headers=signed_in, content=body(2048)).json() == {"bytes": 2048 * 1024}
    try:
        status = client.post("/v1/events:batch", headers=signed_in, content=body(8192)).status_code
    except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        # The connection was cut while the rest of the body was still on its way.
        status = 413
    assert status == 413


def test_a_client_that_leaves_in_the_middle_of_its_body_leaves_nothing_behind(faces: Faces) -> None:
    host, port = faces.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as raw:
        raw.sendall(
            b"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer asha\r\n"
            b"Content-Length: 1000\r\n\r\n" + b"x" * 10
        )
        time.sleep(0.2)
    time.sleep(0.2)
    assert faces.services.posts == []
    assert httpx.get(faces.url + "/healthz").status_code == 200
