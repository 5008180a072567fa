"""The endpoint as a process: start, stop, kill -9, one process a directory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError

from infra.clickhouse.migrations import DATABASE, migrate, migrations_in
from infra.clickhouse.node import ClickHouseNode, NodeFailed
from tests.clickhouse_fixture import client_of
from tests.faults.small_disk import small_disk


def test_it_is_up_within_three_seconds(tmp_path: Path) -> None:
    began = time.monotonic()
    with ClickHouseNode(tmp_path / "data") as node:
        assert time.monotonic() - began < 3
        assert client_of(node).command("SELECT 1") == 1


def _acknowledged_until_killed(node: ClickHouseNode, first: int) -> int:
    """Insert single rows; the node is killed while they go on. Returns the number of the last acknowledged."""
    client = client_of(node, DATABASE)
    number = first
    try:
        while True:
            client.insert("sink_progress", [["t", number, number]], column_names=["topic", "partition", "offset"])
            number += 1
            if number == first + 20:
                threading.Timer(0.05, node.kill).start()
    except ClickHouseError:
        return number - 1
    finally:
        client.close()


def test_what_was_acknowledged_survives_kill_9(start_clickhouse: Callable[..., ClickHouseNode]) -> None:
    node = start_clickhouse()
    migrate(client_of(node))
    last = -1
    for _ in range(3):
        before, last = last, _acknowledged_until_killed(node, last + 1)
        assert last > before, "a round proves nothing unless something was acknowledged"
        while node.is_running:
            time.sleep(0.05)
        node.restart()
        client = client_of(node, DATABASE)
        found = client.query("SELECT DISTINCT partition FROM sink_progress ORDER BY partition").result_rows
        client.close()
        there = [row[0] for row in found]
        assert there[: last + 1] == list(range(last + 1))
        assert len(there) <= last + 2  # the one in flight may be there, and nothing else
        last = there[-1]


def test_a_clean_stop_keeps_everything_and_ends_with_0(start_clickhouse: Callable[..., ClickHouseNode]) -> None:
    node = start_clickhouse()
    migrate(client_of(node))
    process = node._running()
    node.stop()
    assert process.returncode == 0
    node.restart()
    assert client_of(node, DATABASE).command("SELECT count() FROM schema_migrations") == len(migrations_in())


def test_with_the_disk_full_no_insert_is_acknowledged_that_is_not_there(tmp_path: Path) -> None:
    acknowledged: list[int] = []
    with small_disk(tmp_path / "disk", 192) as disk, ClickHouseNode(disk.root / "clickhouse" / "data") as node:
        migrate(client_of(node))
        client = client_of(node, DATABASE)
        for number in range(40):
            if number == 10:
                disk.fill_up_to(300 * 1024)
            if number == 30:
                disk.make_room()
            try:
                client.insert("sink_progress", [["t", number, number]], column_names=["topic", "partition", "offset"])
            except DatabaseError as error:
                assert "not enough space" in str(error)
            else:
                acknowledged.append(number)
        there = [row[0] for row in client.query("SELECT partition FROM sink_progress ORDER BY partition").result_rows]
        client.close()
    assert there == acknowledged
    assert {*range(10), *range(30, 40)} <= set(there) != set(range(40))


def test_signals_that_come_in_a_burst_end_it_all_the_same(start_clickhouse: Callable[..., ClickHouseNode]) -> None:
    node = start_clickhouse()
    pid = node.pid
    for _ in range(300):
        for number in (signal.SIGTERM, signal.SIGINT):
            os.kill(pid, number)
    deadline = time.monotonic() + 15
    while node.is_running:
        assert time.monotonic() < deadline, "it waits for itself"
        time.sleep(0.05)


def test_a_stop_ends_what_is_running(start_clickhouse: Callable[..., ClickHouseNode]) -> None:
    node = start_clickhouse(environment={"CLICKHOUSE_CAP_STOP_SECONDS": "1"})
    failed: list[str] = []

    def ask() -> None:
        try:
            client_of(node).query("SELECT count() FROM numbers(100000000000) WHERE NOT ignore(sipHash64(number))")
        except ClickHouseError as error:
            failed.append(str(error))

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(1)
    began = time.monotonic()
    node.stop()
    asking.join()
    assert time.monotonic() - began < 8
    assert len(failed) == 1


def test_a_second_process_on_the_directory_is_refused_with_a_sentence(
    start_clickhouse: Callable[..., ClickHouseNode],
) -> None:
    node = start_clickhouse()
    second = ClickHouseNode(node.directory)
    with pytest.raises(NodeFailed, match=rf"is in use by process {node.pid}: only one process may hold"):
        second.start().wait_ready()
    assert client_of(node).command("SELECT 1") == 1


def test_a_paused_node_answers_nothing_and_goes_on_when_resumed(
    start_clickhouse: Callable[..., ClickHouseNode],
) -> None:
    node = start_clickhouse()
    client = client_of(node)
    node.pause()
    assert client._backend.ping(timeout=0.5) is False
    node.resume()
    assert client.command("SELECT 1") == 1


def test_a_node_dies_with_its_parent(tmp_path: Path) -> None:
    script = (
        "import sys, os, signal; from pathlib import Path; from infra.clickhouse.node import ClickHouseNode\n"
        "node = ClickHouseNode(Path(sys.argv[1])).start().wait_ready(); print(node.port, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    parent = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "data")], capture_output=True, text=True, timeout=60, check=False
    )
    orphan = ClickHouseNode(tmp_path / "data", port=int(parent.stdout))
    deadline = time.monotonic() + 15
    while orphan._answers() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not orphan._answers()


def test_what_is_on_disk_is_readable_by_its_owner_only(start_clickhouse: Callable[..., ClickHouseNode]) -> None:
    assert start_clickhouse().directory.stat().st_mode & 0o077 == 0
