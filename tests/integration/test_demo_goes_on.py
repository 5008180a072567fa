"""The demonstration survives the death of its parts, stops, and comes again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests import local_http
from tests.demo_fixture import DemoProcess, DemoSystem, a_call, a_case_of_hers, asked, eventually, run_module


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits for its parent does not."""
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def descendants(pid: int) -> set[int]:
    """Processes that came of this one, whoever of them is theirs now to wait for."""
    children: dict[int, list[int]] = {}
    for stat_file in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat_file.read_text().rsplit(")", 1)[1].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(parent, []).append(int(stat_file.parent.name))
    found, waiting = set(), [pid]
    while waiting:
        for child in children.get(waiting.pop(), []):
            found.add(child)
            waiting.append(child)
    return found


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoProcess]:
    """A demonstration that may be stopped. The tests below are its life, in their order."""
    # Up to when was checked is looked at after every death: a clock record every 15 seconds would be waited for.
    command = DemoProcess.on_free_ports(tmp_path_factory.mktemp("own-demo") / "var", CLOCK_EVERY_SECONDS="2").start()
    try:
        command.wait_up()
        yield command
    finally:
        command.stop()


@pytest.mark.parametrize("part", ["casework", "neglect_watch", "clickhouse_sink"])
def test_a_part_that_is_killed_is_started_again_and_goes_on(own: DemoProcess, part: str) -> None:
    system = DemoSystem(own)
    before = own.parts()[part]
    os.kill(before["pid"], signal.SIGKILL)
    eventually(lambda: own.parts()[part]["starts"] > before["starts"] and own.parts()[part]["ready"], 40)
    eventually(lambda: local_http.get(f"{system.url}/readyz", timeout=20).status_code == 200, 40)
    event = a_call(a_case_of_hers(system))
    headers = system.people["caseworker"].bearer
    answer = local_http.post(f"{system.url}/v1/events", json=event, headers=headers, timeout=20)
    assert answer.status_code in (200, 201), answer.text
    path = f"/v1/cases/{event['case_id']}/timeline?limit=50"
    eventually(lambda: event["event_id"] in {i["event_id"] for i in asked(system, path)["items"]}, 60)
    began = datetime.now(UTC)
    eventually(lambda: (asked(system, "/v1/detector")["checked_until"] or "") > began.isoformat()[:19], 90)
    assert f"{part} ended by SIGKILL" in own.said()


def test_a_part_that_hangs_is_ended_and_started_again_within_a_minute_and_goes_on(own: DemoProcess) -> None:
    system, before = DemoSystem(own), own.parts()["neglect_watch"]
    os.kill(before["pid"], signal.SIGSTOP)
    began = time.monotonic()
    eventually(lambda: own.parts()["neglect_watch"]["starts"] > before["starts"], 60)
    print(f"\nstarted again {time.monotonic() - began:.0f} s after it was frozen")
    assert f"neglect_watch (process {before['pid']}) hangs" in own.said()
    since = datetime.now(UTC).isoformat()[:19]
    eventually(lambda: (asked(system, "/v1/detector")["checked_until"] or "") > since, 60)


def test_ctrl_c_stops_everything_within_fifteen_seconds_and_nothing_is_left(own: DemoProcess) -> None:
    everything = descendants(own.running.pid)
    assert len(everything) >= 10
    began = time.monotonic()
    assert own.stop() == 0
    assert time.monotonic() - began < 15
    assert not [pid for pid in everything if is_alive(pid)]
    assert "Everything has stopped." in own.said()


def test_the_next_start_has_the_data_still_and_says_its_age(own: DemoProcess) -> None:
    took = own.start().wait_up()
    system = DemoSystem(own)
    eventually(lambda: "The data is from" in own.said().rsplit("Starting log", 1)[1], 10)
    assert "Inventing" not in own.said().rsplit("Starting log", 1)[1]
    assert len(system.open_alerts()) >= 1
    assert asked(system, "/v1/alerts?limit=500", "supervisor")["items"]
    print(f"\nthe second start took {took:.0f} s")


def test_parts_end_with_a_runner_that_is_killed(own: DemoProcess) -> None:
    everything = descendants(own.running.pid)
    own.running.kill()
    own.running.wait(10)
    eventually(lambda: not [pid for pid in everything if is_alive(pid)], 15)


def test_reset_wipes_what_was_there(own: DemoProcess) -> None:
    assert run_module(own, "infra.demo", "reset").returncode == 0
    assert not (own.var_dir / "kafka").exists()
    assert not list(own.var_dir.glob("demo*.json*"))
