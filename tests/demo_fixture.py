"""The demonstration, up and running for tests, and what must be in it, counted from its file in another way.

`demo_system` runs `python -m infra.demo` once for a module, in a directory and on ports of its own, without its
invented life going on. What is counted here comes from the file of events by plain code and by the second
implementation of neglect (tests/simulation/plain), not by the services' own.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from infra.kafka.ports import free_port
from tests import local_http
from tests.simulation.plain import neglect
from tests.simulation.plain.policy import load

ROOT = Path(__file__).parents[1]
UP_SECONDS = 180
PORTS = (
    "PORT",
    "GRPC_PORT",
    "CASEWORK_PORT",
    "ALERTING_PORT",
    "OUTCOMES_PORT",
    "ACCESS_PORT",
    "VAULT_PORT",
    "VAULT_GRPC_PORT",
    "NEGLECT_WATCH_PORT",
    "CLICKHOUSE_SINK_PORT",
    "WEB_METRICS_PORT",
    "KAFKA_PORT",
    "CLICKHOUSE_PORT",
    "KAFKA_OPEN_PORT",
)
STOP_SECONDS = 25


@dataclass(frozen=True)
class DemoPersonNow:
    """As demo.json has her."""

    name: str
    password: str
    token: str

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}


@dataclass
class DemoProcess:
    """The command, started and stopped like somebody at a console would. `output`: what it printed."""

    var_dir: Path
    environment: dict[str, str]
    output: Path
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    def on_free_ports(cls, var_dir: Path, **settings: str) -> DemoProcess:
        ports = {name: str(free_port()) for name in PORTS}
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("KAFKA_", "CLICKHOUSE_"))
        }
        environment = {
            **inherited,
            "DEMO_LIFE": "0",
            "KAFKA_HEAP": "384m",
            **ports,
            "VAR_DIR": str(var_dir),
            **settings,
        }
        return cls(var_dir, environment, var_dir.with_name(var_dir.name + ".out"))

    def start(self) -> DemoProcess:
        self.demo_file.unlink(missing_ok=True)
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "infra.demo"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        return self

    @property
    def demo_file(self) -> Path:
        return self.var_dir / "demo.json"

    @property
    def running(self) -> subprocess.Popen[bytes]:
        assert self.process is not None
        return self.process

    def wait_up(self, seconds: float = UP_SECONDS) -> float:
        """Until demo.json is there. Answers how many seconds it took."""
        began = time.monotonic()
        while not self.demo_file.exists():
            assert self.running.poll() is None, f"the demonstration ended: {self.said()}"
            assert time.monotonic() - began < seconds, f"not up within {seconds} s: {self.said()}"
            time.sleep(0.1)
        return time.monotonic() - began

    def said(self) -> str:
        return self.output.read_text()[-3000:]

    def parts(self) -> dict[str, Any]:
        """The runner's own list: name -> {"pid", "port", "ready", "starts"}."""
        return json.loads((self.var_dir / "runner.json").read_text())["parts"]

    def stop(self) -> int:
        """Ctrl-C, and wait."""
        if self.running.poll() is None:
            self.running.send_signal(signal.SIGINT)
        try:
            return self.running.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.running.kill()
            self.running.wait(5)
            raise


@dataclass
class DemoSystem:
    """A demonstration that is up. `events_file`: the lines that were loaded, before anything else was recorded."""

    command: DemoProcess
    said: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.said = json.loads(self.command.demo_file.read_text())

    @property
    def var_dir(self) -> Path:
        return self.command.var_dir

    @property
    def events_file(self) -> Path:
        return self.var_dir / "demo-history.jsonl"

    @property
    def url(self) -> str:
        return str(self.said["url"])

    @property
    def grpc(self) -> str:
        return str(self.said["grpc"])

    @property
    def kafka(self) -> str:
        return str(self.said["kafka"])

    @property
    def clickhouse(self) -> dict[str, str]:
        return dict(self.said["clickhouse"])

    @property
    def people(self) -> dict[str, DemoPersonNow]:
        return {role: DemoPersonNow(**person) for role, person in self.said["people"].items()}

    # --- counted from the file ------------------------------------------------------------------------------------

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        """The lines of the file, each event_id of a case once: the first counts."""
        seen: set[tuple[str, str]] = set()
        kept = []
        for line in self.events_file.read_text().splitlines():
            event = json.loads(line)
            key = event["case_id"], event["event_id"]
            if key not in seen:
                seen.add(key)
                kept.append(event)
        return kept

    @cached_property
    def standing(self) -> list[dict[str, Any]]:
        """Without what was taken back."""
        retracted = {event["data"]["retracts"] for event in self.events if event["type"] == "retraction"}
        return [event for event in self.events if event["event_id"] not in retracted]

    def of_type(self, type_name: str) -> list[dict[str, Any]]:
        return sorted((e for e in self.standing if e["type"] == type_name), key=lambda e: e["occurred_at"])

    def opened_cases(self) -> set[str]:
        return {event["case_id"] for event in self.of_type("case_opened")}

    def closed_cases(self) -> set[str]:
        """Closed, and neither reopened nor called since."""
        closed = {event["case_id"]: event["occurred_at"] for event in self.of_type("case_closed")}
        opens = (
            event
            for event in self.standing
            if event["type"] == "case_reopened" or event["data"].get("direction") == "incoming"
        )
        again = {event["case_id"] for event in opens if event["occurred_at"] > closed.get(event["case_id"], "9")}
        return closed.keys() - again

    def count_open_cases(self) -> int:
        return len(self.opened_cases() - self.closed_cases())

    def count_settled(self) -> int:
        return len({event["case_id"] for event in self.of_type("settled")})

    def count_in_work(self) -> int:
        latest = {
            event["case_id"]: event["data"]["status"]
            for event in self.of_type("job_placement")
            if event["data"]["status"] in ("started", "ended")
        }
        return sum(status == "started" for status in latest.values())

    def count_trainings_completed(self) -> int:
        done = {
            (e["case_id"], e["data"]["kind"]) for e in self.of_type("training") if e["data"]["status"] == "completed"
        }
        return len(done)

    def caseworkers(self) -> dict[str, str]:
        """case_id -> who has the case now; "" for nobody."""
        owners: dict[str, str] = {}
        changes = ("case_opened", "case_updated", "case_assigned", "case_unassigned", "alert_reassigned")
        for event in sorted(self.standing, key=lambda e: (e["occurred_at"], e["event_id"])):
            if event["type"] == "case_unassigned":
                owners[event["case_id"]] = ""
            elif event["type"] in changes and "caseworker_id" in event["data"]:
                owners[event["case_id"]] = event["data"]["caseworker_id"]
        return owners

    def cases_of(self, caseworker_id: str) -> set[str]:
        return {case_id for case_id, owner in self.caseworkers().items() if owner == caseworker_id}

    def transitions_up_to(self, until_ms: int) -> list[dict[str, Any]]:
        """By the second implementation, from the file alone."""
        lines = [json.loads(line) for line in self.events_file.read_text().splitlines()]
        return neglect.run(load(), lines, until_ms)

    def open_alerts(self, until_ms: int | None = None) -> dict[str, dict[str, Any]]:
        """alert_id -> its latest transition, of those that have not ended by then (default: now)."""
        until = int(time.time() * 1000) if until_ms is None else until_ms
        latest = {transition["alert_id"]: transition for transition in self.transitions_up_to(until)}
        return {key: last for key, last in latest.items() if last["transition"] in ("raised", "escalated")}

    def count_open_alerts(self, until_ms: int | None = None) -> int:
        return len(self.open_alerts(until_ms))

    def open_alerts_by_rule(self, until_ms: int | None = None) -> Counter[str]:
        return Counter(alert["rule_id"] for alert in self.open_alerts(until_ms).values())


# --- asking it: whoever stands in demo.json as caseworker is the first of the organisation, and has too much to do.


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
    answer = local_http.get(system.url + path, headers=system.people[role].bearer, timeout=20)
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
def demo_system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoSystem]:
    """The demonstration at its usual size, one for each module. Record for cases of your own choice; do not stop it."""
    command = DemoProcess.on_free_ports(tmp_path_factory.mktemp("demo") / "var").start()
    try:
        command.wait_up()
        yield DemoSystem(command)
    finally:
        command.stop()
