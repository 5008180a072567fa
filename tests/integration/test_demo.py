"""The demonstration as a whole: it comes up, takes events, survives the death of its parts, stops, and comes again."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.demo_fixture import ROOT, DemoProcess, DemoSystem

# Whoever stands in demo.json as caseworker is the first of the organisation, and has too much to do.


def instant(ago: timedelta = timedelta()) -> str:
    moment = datetime.now(UTC) - ago
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def a_call(case_id: str) -> dict[str, Any]:
    return {
        "event_id": str(uuid.uuid4()),
        "case_id": case_id,
        "type": "call",
        "occurred_at": instant(timedelta(minutes=3)),
        "data": {"direction": "outgoing", "outcome": "reached", "help_requested": False},
    }


def asked(system: DemoSystem, path: str, role: str = "caseworker") -> Any:
    answer = httpx.get(system.url + path, headers=system.people[role].bearer, timeout=20, trust_env=False)
    assert answer.status_code == 200, answer.text
    return answer.json()


def own_account(system: DemoSystem, role: str = "caseworker") -> str:
    return str(asked(system, "/v1/me", role)["account_id"])


def a_case_of_hers(system: DemoSystem) -> str:
    return sorted(system.cases_of(own_account(system)) & system.opened_cases() - system.closed_cases())[0]


def eventually(what: Callable[[], Any], seconds: float) -> Any:
    until = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < until, f"not within {seconds} s"
        time.sleep(0.1)
    return found


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


def test_the_file_says_how_to_use_it_and_nothing_else(demo_system: DemoSystem) -> None:
    said = demo_system.said
    assert said.keys() == {"url", "grpc", "clickhouse", "kafka", "people"}
    assert said["clickhouse"].keys() == {"url", "user", "password"}
    assert said["people"].keys() == {"caseworker", "supervisor", "evaluator", "administrator"}
    assert all(person.keys() == {"token", "name", "password"} for person in said["people"].values())
    assert stat.S_IMODE(demo_system.command.demo_file.stat().st_mode) == 0o600
    addresses = (
        demo_system.url,
        "http://" + demo_system.grpc,
        "http://" + demo_system.kafka,
        said["clickhouse"]["url"],
    )
    assert all(address.startswith("http://127.0.0.1:") for address in addresses)


@pytest.mark.parametrize("role", ["caseworker", "supervisor", "evaluator", "administrator"])
def test_each_of_the_people_can_sign_in_by_name_and_password(demo_system: DemoSystem, role: str) -> None:
    person = demo_system.people[role]
    body = {"name": person.name, "password": person.password}
    answer = httpx.post(f"{demo_system.url}/v1/session", json=body, timeout=20, trust_env=False)
    assert answer.status_code in (200, 201), answer.text
    assert asked(demo_system, "/v1/me", role)["roles"] == [role]


def test_the_inbox_is_what_the_second_implementation_makes_of_the_file(demo_system: DemoSystem) -> None:
    before = demo_system.open_alerts()
    items = asked(demo_system, "/v1/alerts?limit=500", "supervisor")["items"]
    shown = {alert["alert_id"]: alert["level"] for item in items for alert in item["alerts"]}
    after = demo_system.open_alerts()
    steady = {key for key in before if key in after and before[key]["level"] == after[key]["level"]}
    assert {key: shown.get(key) for key in steady} == {key: before[key]["level"] for key in steady}
    assert len(shown) >= 19
    assert set(shown.values()) == {1, 2, 3}


def test_the_worklist_of_the_caseworker_has_the_open_cases_that_are_hers(demo_system: DemoSystem) -> None:
    account = own_account(demo_system)
    hers = {item["case_id"] for item in asked(demo_system, "/v1/worklist?limit=500")["items"]}
    assert hers <= demo_system.cases_of(account)
    must = {key for key, owner in demo_system.caseworkers().items() if owner == account}
    overdue = {alert["case_id"] for alert in demo_system.open_alerts().values()} & must
    assert overdue <= hers
    assert len(hers) >= 15


def test_indicators_are_what_is_counted_from_the_file(demo_system: DemoSystem) -> None:
    expected = {
        "in_work": (demo_system.count_in_work(), demo_system.count_settled()),
        "cases_in_follow_up": (demo_system.count_open_cases(), None),
    }
    for indicator, counted in expected.items():
        total = asked(demo_system, f"/v1/outcomes/{indicator}?from=2020-01-01", "evaluator")["total"]
        assert (total["numerator"], total["denominator"]) == counted, indicator
    completed = asked(demo_system, "/v1/outcomes/trainings_completed?from=2020-01-01", "evaluator")["total"]
    assert completed["numerator"] == demo_system.count_trainings_completed()


def test_an_event_by_rest_gets_a_receipt_and_is_on_the_timeline_within_two_seconds(demo_system: DemoSystem) -> None:
    case_id = a_case_of_hers(demo_system)
    event = a_call(case_id)
    headers = demo_system.people["caseworker"].bearer
    answer = httpx.post(f"{demo_system.url}/v1/events", json=event, headers=headers, timeout=20, trust_env=False)
    assert answer.status_code in (200, 201), answer.text
    assert answer.json()["event_id"] == event["event_id"]
    path = f"/v1/cases/{case_id}/timeline?limit=50"
    eventually(lambda: event["event_id"] in {i["event_id"] for i in asked(demo_system, path)["items"]}, 2)


def test_an_event_by_buf_curl_gets_a_receipt_and_is_on_the_timeline_within_two_seconds(demo_system: DemoSystem) -> None:
    case_id = a_case_of_hers(demo_system)
    event = a_call(case_id)
    message = {
        "event_id": event["event_id"],
        "case_id": case_id,
        "occurred_at": event["occurred_at"],
        "call": {"direction": "CALL_DIRECTION_OUTGOING", "outcome": "CALL_OUTCOME_REACHED"},
    }
    token = demo_system.people["caseworker"].token
    url = f"http://{demo_system.grpc}/reintegration.v1.CaseEvents/RecordEvent"
    command = [str(Path(sys.executable).with_name("buf")), "curl", "--protocol", "grpc", "--http2-prior-knowledge"]
    command += ["--schema", "proto", "--header", f"authorization: Bearer {token}"]
    done = subprocess.run(
        [*command, "--data", json.dumps({"event": message}), url], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert event["event_id"] in done.stdout
    path = f"/v1/cases/{case_id}/timeline?limit=50"
    eventually(lambda: event["event_id"] in {i["event_id"] for i in asked(demo_system, path)["items"]}, 2)


def test_status_says_what_runs_and_how_far_it_is(demo_system: DemoSystem) -> None:
    done = run_module(demo_system.command, "infra.runner", "status")
    assert done.returncode == 0, done.stdout + done.stderr
    for word in ("casework", "neglect_watch", "ready", "detector: all cases checked up to", "data: "):
        assert word in done.stdout


@pytest.mark.parametrize(
    "arguments", [("infra.demo", "reset"), ("infra.runner", "restore", "nowhere"), ("infra.demo",)]
)
def test_what_must_not_happen_to_a_running_system_is_refused(
    demo_system: DemoSystem, arguments: tuple[str, ...]
) -> None:
    done = run_module(demo_system.command, *arguments)
    assert done.returncode == 1
    assert "is running: stop it first" in done.stderr


def run_module(command: DemoProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=command.environment,
        capture_output=True,
        text=True,
        timeout=180,
    )


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoProcess]:
    """A demonstration that may be stopped. The tests below are its life, in their order."""
    command = DemoProcess.on_free_ports(tmp_path_factory.mktemp("own-demo") / "var").start()
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
    eventually(lambda: httpx.get(f"{system.url}/readyz", timeout=20, trust_env=False).status_code == 200, 40)
    event = a_call(a_case_of_hers(system))
    headers = system.people["caseworker"].bearer
    answer = httpx.post(f"{system.url}/v1/events", json=event, headers=headers, timeout=20, trust_env=False)
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


def test_a_stopped_system_can_be_rebuilt_from_its_log(own: DemoProcess) -> None:
    done = run_module(own, "infra.runner", "rebuild")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Rebuilt after" in done.stdout


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
