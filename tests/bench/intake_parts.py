"""What the intake benchmarks run: a log, casework, the public origin, and events nobody has sent before."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx

from infra.kafka.create_topics import create_topics
from infra.kafka.node import KafkaNode
from infra.kafka.ports import free_port
from services.casework.domain.instants import format_instant
from tests.integration.casework_process import ORGANISATION, ROOT, CaseworkProcess, an_opening, casework
from tests.tokens import token_for

CASES = 1000
SMOKE = bool(os.environ.get("BENCH_SMOKE"))
ROUNDS = 1 if SMOKE else int(os.environ.get("BENCH_RUNS") or 5)
"""Of each comparison, of which the median counts. BENCH_SMOKE=1: next to nothing, for a look at the harness itself."""

_TICKS = os.sysconf("SC_CLK_TCK")
_DATA: Sequence[tuple[str, dict[str, object]]] = (
    ("call", {"direction": "outgoing", "outcome": "reached", "wellbeing": 4, "help_requested": False}),
    ("call", {"direction": "outgoing", "outcome": "no_answer"}),
    ("call", {"direction": "incoming", "outcome": "reached", "problem": "money"}),
    ("family_check_in", {"mode": "visit", "survivor_met": True, "family_met": True, "stigma": "none"}),
    ("counselling", {"attended": True, "kind": "individual"}),
    ("training", {"kind": "vocational", "status": "attended", "hours": 4}),
    ("referral", {"service": "health", "status": "made"}),
    ("job_placement", {"status": "started", "occupation": "tailor", "monthly_wage_bdt": 9000}),
)


def cpu_seconds(pid: int) -> float:
    """What the process has spent so far, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))


@dataclass(slots=True)
class IntakeParts:
    """case_ids: cases that are open and the caseworker's, as nearly all are of which something is said."""

    kafka: KafkaNode
    casework: CaseworkProcess
    web_port: int
    web: subprocess.Popen[bytes]
    case_ids: list[str]
    token: str

    @property
    def port(self) -> int:
        return int(self.casework.url.rpartition(":")[2])

    def cpu(self) -> dict[str, float]:
        pids = {"casework": self.casework.process.pid, "web": self.web.pid, "kafka": self.kafka_pid}
        return {name: cpu_seconds(pid) for name, pid in pids.items()}

    @property
    def kafka_pid(self) -> int:
        process = self.kafka._process
        assert process is not None
        return process.pid

    def events(self, number: int) -> list[dict[str, object]]:
        """As a phone or another service sends them; every call gives other ids."""
        draw = random.Random(number)
        moment = int(time.time() * 1000)
        return [
            {
                "event_id": str(uuid4()),
                "case_id": draw.choice(self.case_ids),
                "type": kind,
                "occurred_at": format_instant(moment - draw.randrange(86_400_000)),
                "data": data,
            }
            for kind, data in draw.choices(_DATA, k=number)
        ]


@contextmanager
def intake_parts(directory: Path) -> Iterator[IntakeParts]:
    kafka = KafkaNode(directory / "kafka", heap="512m")
    with ExitStack() as ends:
        ends.callback(kafka.kill)
        kafka.restart()
        create_topics(kafka.bootstrap)
        service = ends.enter_context(casework(directory, kafka.bootstrap))
        web_port, web = ends.enter_context(_web(directory, service))
        token = token_for("caseworker", ORGANISATION, service.anna)
        parts = IntakeParts(kafka, service, web_port, web, [str(uuid4()) for _ in range(CASES)], token)
        opened = service.send_batch({"events": [an_opening(service.anna, case_id) for case_id in parts.case_ids]})
        assert all("receipt" in result for result in opened.json()["results"]), opened.text[:500]
        yield parts


@contextmanager
def _web(directory: Path, service: CaseworkProcess) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    port = free_port()
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'proto' / 'gen'}",
        "PORT": str(port),
        "CASEWORK_URL": service.url,
        "JWKS_FILE": str(directory / "jwks.json"),
    }
    with (directory / "web.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.web"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    try:
        await_http(f"http://127.0.0.1:{port}/healthz", process, directory / "web.log")
        yield port, process
    finally:
        process.terminate()
        process.wait(15)


def await_http(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until it answers."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer: {log.read_text()[-3000:]}")


def in_batches(events: Sequence[dict[str, object]], size: int) -> list[bytes]:
    return [
        json.dumps({"events": events[at : at + size]}, separators=(",", ":")).encode()
        for at in range(0, len(events), size)
    ]
