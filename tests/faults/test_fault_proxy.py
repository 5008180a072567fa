"""The line fails as it is told to, in the direction it is told to, and is whole again when it is healed."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.faults.fault_proxy import LOOPBACK, Delay, Drip, FaultProxy, HalfOpen, Pass, Refuse, Stall, Swallow

PATIENCE = 5.0
SOON = 0.3


class Echo:
    """A server that answers every chunk with the same in capitals, and remembers what it got."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port = self._listener.getsockname()[1]
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                end, _ = self._listener.accept()
            except OSError:
                return
            self._ends.append(end)
            threading.Thread(target=self._answer, args=(end,), daemon=True).start()

    def _answer(self, end: socket.socket) -> None:
        try:
            while chunk := end.recv(65536):
                self.got.append(chunk)
                end.sendall(chunk.upper())
        except OSError:
            self.got.append(b"<reset>")
        finally:
            end.close()

    def received(self) -> bytes:
        return b"".join(self.got)

    def close(self) -> None:
        self._listener.close()
        for end in self._ends:
            end.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def line(echo: Echo) -> Iterator[FaultProxy]:
    with FaultProxy(echo.port) as proxy:
        yield proxy


@pytest.fixture
def client(line: FaultProxy) -> Iterator[socket.socket]:
    with socket.create_connection((LOOPBACK, line.port), timeout=PATIENCE) as end:
        yield end


def asked(client: socket.socket, words: bytes) -> bytes:
    client.sendall(words)
    answer = b""
    while len(answer) < len(words):
        chunk = client.recv(65536)
        if not chunk:
            break
        answer += chunk
    return answer


def hears_nothing(client: socket.socket, seconds: float = SOON) -> bool:
    client.settimeout(seconds)
    try:
        client.recv(1)
    except TimeoutError:
        return True
    finally:
        client.settimeout(PATIENCE)
    return False


def eventually(holds: object, server: Echo) -> None:
    deadline = time.monotonic() + PATIENCE
    while server.received() != holds:
        assert time.monotonic() < deadline, server.received()
        time.sleep(0.01)


def test_everything_passes_both_ways_also_what_is_long(client: socket.socket) -> None:
    assert asked(client, b"hello") == b"HELLO"
    long = b"abcdefgh" * 100_000
    answers: list[bytes] = []
    reading = threading.Thread(target=lambda: answers.append(read_exactly(client, len(long))))
    reading.start()
    client.sendall(long)
    reading.join(PATIENCE)
    assert answers == [long.upper()]


def read_exactly(client: socket.socket, size: int) -> bytes:
    got = bytearray()
    while len(got) < size and (chunk := client.recv(65536)):
        got += chunk
    return bytes(got)


def test_the_end_of_a_connection_passes_too(client: socket.socket) -> None:
    assert asked(client, b"last") == b"LAST"
    client.shutdown(socket.SHUT_WR)
    assert client.recv(1) == b""


def test_requests_are_delayed_and_replies_are_not(client: socket.socket, line: FaultProxy) -> None:
    line.requests = Delay(SOON)
    began = time.monotonic()
    assert asked(client, b"slow") == b"SLOW"
    assert SOON <= time.monotonic() - began < 2 * SOON
    line.requests, line.replies = Pass(), Delay(SOON)
    began = time.monotonic()
    assert asked(client, b"back") == b"BACK"
    assert SOON <= time.monotonic() - began < 2 * SOON


def test_a_cut_is_a_reset_and_the_door_stays_open(client: socket.socket, line: FaultProxy, echo: Echo) -> None:
    assert asked(client, b"one") == b"ONE"
    line.cut()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    eventually(b"one<reset>", echo)
    with socket.create_connection((LOOPBACK, line.port), timeout=PATIENCE) as again:
        assert asked(again, b"two") == b"TWO"


def test_a_door_that_refuses_resets_whoever_comes_and_keeps_who_is_there(
    client: socket.socket, line: FaultProxy
) -> None:
    assert asked(client, b"here") == b"HERE"
    line.door = Refuse()
    # The reset may be there before the connection is: the kernel has let it in, and the proxy was quick.
    with pytest.raises(ConnectionError), socket.create_connection((LOOPBACK, line.port), timeout=PATIENCE) as late:
        late.sendall(b"late")
        late.recv(1)
        late.recv(1)
    assert asked(client, b"still") == b"STILL"


def test_a_half_open_line_takes_everything_and_says_nothing(line: FaultProxy, echo: Echo) -> None:
    line.door = HalfOpen()
    with socket.create_connection((LOOPBACK, line.port), timeout=PATIENCE) as nobody:
        nobody.sendall(b"anybody?")
        assert hears_nothing(nobody)
    assert echo.received() == b""


def test_lost_replies_reach_nobody_though_the_server_got_every_request(
    client: socket.socket, line: FaultProxy, echo: Echo
) -> None:
    line.replies = Swallow()
    client.sendall(b"insert")
    eventually(b"insert", echo)
    assert hears_nothing(client)
    line.heal()
    assert asked(client, b"again") == b"AGAIN"


def test_lost_requests_never_reach_the_server(client: socket.socket, line: FaultProxy, echo: Echo) -> None:
    line.requests = Swallow()
    client.sendall(b"lost")
    assert hears_nothing(client)
    line.heal()
    assert asked(client, b"kept") == b"KEPT"
    assert echo.received() == b"kept"


def test_a_stalled_line_holds_everything_back_until_it_is_healed(
    client: socket.socket, line: FaultProxy, echo: Echo
) -> None:
    assert asked(client, b"first") == b"FIRST"
    line.requests = Stall()
    client.sendall(b"one chunk may be under way")
    time.sleep(SOON)
    client.sendall(b"held")
    assert hears_nothing(client) or b"held" not in echo.received()
    line.heal()
    eventually(b"firstone chunk may be under wayheld", echo)


def test_a_dripping_line_lets_through_so_many_bytes_a_second(
    client: socket.socket, line: FaultProxy, echo: Echo
) -> None:
    line.requests = Drip(200)
    client.sendall(b"x" * 1000)
    time.sleep(1)
    assert 20 <= len(echo.received()) <= 400
    line.heal()
    eventually(b"x" * 1000, echo)


def test_it_leaves_no_port_and_no_thread_behind(echo: Echo) -> None:
    before = threading.active_count()
    with FaultProxy(echo.port) as proxy:
        port = proxy.port
        held = socket.create_connection((LOOPBACK, port), timeout=PATIENCE)
        assert asked(held, b"x") == b"X"
    held.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOOPBACK, port), timeout=PATIENCE)
    deadline = time.monotonic() + PATIENCE
    while threading.active_count() > before + 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [thread for thread in threading.enumerate() if thread.name == "fault-proxy"]
