"""B1: `POST /v1/events` over 64 connections, beside handlers that only parse, upon the same log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from infra.kafka.ports import free_port
from tests.bench.http_load import Load, load, request
from tests.bench.intake_parts import (
    ROUNDS,
    SMOKE,
    IntakeParts,
    await_http,
    cpu_seconds,
    intake_parts,
    resident_megabytes,
)
from tests.bench.report import Measure
from tests.integration.casework_process import ROOT

CONNECTIONS = 64
REQUESTS = 200 if SMOKE else 4_000
TARGET = 0.8
PATH = "/v1/events"


@dataclass(frozen=True, slots=True)
class _Side:
    """One round of one side. cpu: microseconds of its process a request."""

    load: Load
    cpu: float

    @property
    def rate(self) -> float:
        return len(self.load.latencies) / self.load.seconds


def measure() -> list[Measure]:
    with (
        tempfile.TemporaryDirectory(prefix="bench-b1-") as directory,
        intake_parts(Path(directory)) as parts,
        _bare_app(Path(directory), parts) as (port, bare),
    ):
        asked = (
            (PATH, parts.port, parts.casework.process.pid),
            (PATH, port, bare.pid),
            ("/bare/events", port, bare.pid),
        )
        for each in asked:
            _round(parts, *each, REQUESTS // 4)
        rounds = [[_round(parts, *each, REQUESTS) for each in asked] for _ in range(ROUNDS)]
        return _measures(rounds, resident_megabytes(parts.casework.process.pid))


def _round(parts: IntakeParts, path: str, port: int, pid: int, number: int) -> _Side:
    requests = [request(path, parts.token, json.dumps(event).encode()) for event in parts.events(number)]
    before = cpu_seconds(pid)
    seen = load("127.0.0.1", port, requests, CONNECTIONS)
    if seen.statuses != {201: number}:
        raise RuntimeError(f"not everything was recorded: {seen.statuses}, {seen.bodies[0][:300]!r}")
    return _Side(seen, (cpu_seconds(pid) - before) / number * 1e6)


def _measures(rounds: list[list[_Side]], megabytes: float) -> list[Measure]:
    generator = median(ours.load.cpu_seconds / len(ours.load.latencies) for ours, *_ in rounds) * 1e6
    found = [Measure("B1", f"RSS of casework; the generator's CPU {generator:.0f} µs/request", megabytes, "MB")]
    for place, beside in ((1, "the same app with a handler that only parses and awaits"), (2, "a bare FastAPI app")):
        ratio = median(one[0].rate / one[place].rate for one in rounds)
        rate, other = (median(one[at].rate for one in rounds) for at in (0, place))
        target = (f"≥ {TARGET} x", ratio >= TARGET) if place == 1 else ("", None)
        what = f"POST /v1/events, {CONNECTIONS} connections; beside {beside}"
        found.append(Measure("B1", what, rate, "requests/s", other, ratio, *target))
        for name, part in (("p50", 0.5), ("p99", 0.99)):
            mine, theirs = (median(one[at].load.percentile(part) for one in rounds) for at in (0, place))
            found.append(Measure("B1", f"{name} until the answer is there", mine, "ms", theirs, mine / theirs))
        mine, theirs = (median(one[at].cpu for one in rounds) for at in (0, place))
        found.append(Measure("B1", "CPU of the process", mine, "µs/request", theirs, mine / theirs))
    return found


@contextmanager
def _bare_app(directory: Path, parts: IntakeParts) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'proto' / 'gen'}"}
    command = [
        sys.executable,
        "-m",
        "tests.bench.bare_app",
        str(port),
        parts.kafka.bootstrap,
        str(directory / "jwks.json"),
    ]
    with (directory / "bare.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        await_http(f"http://127.0.0.1:{port}/healthz", process, directory / "bare.log")
        yield port, process
    finally:
        process.terminate()
        process.wait(15)
