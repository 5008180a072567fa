"""What the endpoint caps, and what happens to a query whose client goes away."""

from __future__ import annotations

import base64
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator

import httpx
import pytest
import zstandard
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from infra.clickhouse.node import ClickHouseNode
from tests.clickhouse_fixture import client_of

SLOW = "SELECT count() FROM numbers(100000000000) WHERE NOT ignore(sipHash64(number), sipHash64(number + 1))"


@pytest.fixture
def client(clickhouse: ClickHouseNode) -> Iterator[Client]:
    client = client_of(clickhouse)
    yield client
    client.close()


@pytest.fixture
def database(client: Client) -> Iterator[str]:
    name = f"g_{uuid.uuid4().hex}"
    client.command(f"CREATE DATABASE {name} ENGINE = Atomic")
    client.command(f"CREATE TABLE {name}.t (a Int32) ENGINE = MergeTree ORDER BY a")
    yield name
    client.command(f"DROP DATABASE {name}")


# --- caps -------------------------------------------------------------------------------------------------


def test_a_query_ends_at_its_time_limit(client: Client) -> None:
    began = time.monotonic()
    with pytest.raises(DatabaseError, match="TIMEOUT_EXCEEDED"):
        client.query(SLOW, settings={"max_execution_time": 1})
    assert time.monotonic() - began < 5


def test_a_query_ends_at_its_memory_limit(client: Client) -> None:
    with pytest.raises(DatabaseError, match="MEMORY_LIMIT_EXCEEDED"):
        client.query("SELECT groupArray(number) FROM numbers(100000000)", settings={"max_memory_usage": 50_000_000})


def test_a_result_ends_at_its_limit_of_rows(client: Client) -> None:
    with pytest.raises(DatabaseError, match="TOO_MANY_ROWS_OR_BYTES"):
        client.query("SELECT number FROM numbers(1000000)", settings={"max_result_rows": 1000})


@pytest.mark.parametrize("setting", ["max_execution_time", "max_memory_usage", "max_result_rows", "max_result_bytes"])
@pytest.mark.parametrize("value", [0, 10**11])
def test_a_limit_can_neither_be_lifted_nor_taken_off(client: Client, setting: str, value: int) -> None:
    with pytest.raises(DatabaseError, match="SETTING_CONSTRAINT_VIOLATION"):
        client.query("SELECT 1", settings={setting: value})
    with pytest.raises(DatabaseError, match="SETTING_CONSTRAINT_VIOLATION"):
        client.raw_query(f"SELECT 1 SETTINGS {setting} = {value}")


def test_inserts_cannot_be_made_asynchronous(client: Client, database: str) -> None:
    with pytest.raises(DatabaseError, match="SETTING_CONSTRAINT_VIOLATION"):
        client.insert(f"{database}.t", [[1]], column_names=["a"], settings={"async_insert": 1})
    client.insert(f"{database}.t", [[1]], column_names=["a"], settings={"async_insert": 0})


def test_what_is_written_is_synced_to_disk(client: Client) -> None:
    found = client.query("SELECT name, value FROM system.merge_tree_settings WHERE name LIKE 'fsync%' ORDER BY name")
    assert found.result_rows == [("fsync_after_insert", "1"), ("fsync_part_directory", "1")]


def test_a_body_beyond_the_limit_is_refused_by_counted_bytes(start_clickhouse: Callable[..., ClickHouseNode]) -> None:
    node = start_clickhouse(
        environment={"CLICKHOUSE_CAP_MAX_QUERY_BYTES": "100000", "CLICKHOUSE_CAP_MAX_INSERT_BYTES": "1000000"}
    )
    client = client_of(node)
    with pytest.raises(DatabaseError, match="larger than 100000 bytes"):
        client.query("SELECT '" + "x" * 200_000 + "'")
    client.command("CREATE DATABASE d ENGINE = Atomic")
    client.command("CREATE TABLE d.t (a String) ENGINE = MergeTree ORDER BY a")
    bomb = zstandard.ZstdCompressor().compress(b"x\n" * 5_000_000)
    with pytest.raises(DatabaseError, match="larger than 1000000 bytes"):
        client.raw_insert("d.t", ["a"], bomb, fmt="CSV", compression="zstd")
    assert client.command("SELECT count() FROM d.t") == 0
    client.close()


def test_sessions_are_counted_and_end_with_their_time(start_clickhouse: Callable[..., ClickHouseNode]) -> None:
    node = start_clickhouse(environment={"CLICKHOUSE_CAP_MAX_SESSIONS": "2"})
    auth = (node.user, node.password)

    def ask(session: str, **more: str) -> httpx.Response:
        return httpx.post(node.address, params={"session_id": session, **more}, content="SELECT 1", auth=auth)

    assert ask("a", session_timeout="1").status_code == 200
    assert ask("b").status_code == 200
    assert ask("c").headers["x-clickhouse-exception-code"] == "202"
    assert ask("a", session_check="1", session_timeout="1").status_code == 200
    time.sleep(1.2)
    assert ask("a", session_check="1").headers["x-clickhouse-exception-code"] == "372"
    assert ask("c").status_code == 200


def test_queries_beyond_the_limit_wait_and_are_then_told_so(start_clickhouse: Callable[..., ClickHouseNode]) -> None:
    node = start_clickhouse(
        environment={"CLICKHOUSE_CAP_MAX_CONCURRENT_QUERIES": "1", "CLICKHOUSE_CAP_QUEUE_SECONDS": "1"}
    )
    auth = (node.user, node.password)
    slow = threading.Thread(
        target=lambda: httpx.post(
            node.address, content=f"{SLOW} SETTINGS max_execution_time = 4", auth=auth, timeout=30
        )
    )
    slow.start()
    time.sleep(0.5)
    answer = httpx.post(node.address, content="SELECT 1", auth=auth)
    assert (answer.status_code, answer.headers["x-clickhouse-exception-code"]) == (503, "202")
    slow.join()
    assert httpx.post(node.address, content="SELECT 1", auth=auth).text == "1\n"


# --- clients that go away ---------------------------------------------------------------------------------


def _running(client: Client, mark: str) -> int:
    return int(str(client.command(f"SELECT count() FROM system.processes WHERE query LIKE '%{mark}%'"))) - 1


def _post(node: ClickHouseNode, body: str, length: int) -> bytes:
    auth = base64.b64encode(f"{node.user}:{node.password}".encode()).decode()
    head = f"POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {auth}\r\nContent-Length: {length}\r\n\r\n"
    return (head + body).encode()


def _ask_and_leave(node: ClickHouseNode, sql: str, read_bytes: int) -> None:
    with socket.create_connection(("127.0.0.1", node.port)) as connection:
        connection.sendall(_post(node, sql, len(sql)))
        if read_bytes:
            connection.recv(read_bytes)
        else:
            time.sleep(0.5)


@pytest.mark.parametrize(
    ("sql", "read_bytes"),
    [
        (SLOW, 0),
        ("SELECT number, sipHash64(number) FROM numbers(100000000000)", 1000),
        ("SELECT number, sipHash64(number) FROM numbers(100000000000) WHERE number % 100000000 = 99999999", 0),
        (f"{SLOW} FORMAT JSON", 0),
    ],
    ids=["thinking", "streaming", "seldom a row", "buffered"],
)
def test_the_engine_is_freed_when_the_client_goes_away(
    clickhouse: ClickHouseNode, client: Client, sql: str, read_bytes: int
) -> None:
    mark = uuid.uuid4().hex
    _ask_and_leave(clickhouse, f"/* {mark} */ {sql}", read_bytes)
    deadline = time.monotonic() + 5
    while _running(client, mark) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _running(client, mark) == 0


def test_an_insert_that_breaks_off_inserts_nothing(clickhouse: ClickHouseNode, client: Client, database: str) -> None:
    head = f"INSERT INTO {database}.t FORMAT CSV\n1\n2\n"
    with socket.create_connection(("127.0.0.1", clickhouse.port)) as connection:
        connection.sendall(_post(clickhouse, head, 100_000))
        time.sleep(0.3)
    time.sleep(0.3)
    assert client.command(f"SELECT count() FROM {database}.t") == 0
    client.insert(f"{database}.t", [[1]], column_names=["a"])


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01",
        b"GET / HTTP/9\r\n\r\n",
        b"BREW / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nx" + b"y" * 70_000,
    ],
)
def test_garbage_is_answered_or_cut_off_and_harms_nobody(
    clickhouse: ClickHouseNode, client: Client, garbage: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", clickhouse.port), timeout=5) as connection:
        connection.sendall(garbage)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1000)
    assert client.ping()
