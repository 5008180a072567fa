"""B1: `POST /v1/events` over 64 connections, beside a bare app upon the same log."""

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
        sides = ((parts.port, parts.casework.process.pid), (port, bare.pid))
        for at, pid in sides:
            _round(parts, at, pid, REQUESTS // 4)
        rounds = [[_round(parts, at, pid, REQUESTS) for at, pid in sides] for _ in range(ROUNDS)]
        return _measures(rounds, resident_megabytes(parts.casework.process.pid))


def _round(parts: IntakeParts, port: int, pid: int, number: int) -> _Side:
    requests = [request(PATH, parts.token, json.dumps(event).encode()) for event in parts.events(number)]
    before = cpu_seconds(pid)
    seen = load("127.0.0.1", port, requests, CONNECTIONS)
    if seen.statuses != {201: number}:
        raise RuntimeError(f"not everything was recorded: {seen.statuses}, {seen.bodies[0][:300]!r}")
    return _Side(seen, (cpu_seconds(pid) - before) / number * 1e6)


def _measures(rounds: list[list[_Side]], megabytes: float) -> list[Measure]:
    ours, bare = ([one[side] for one in rounds] for side in (0, 1))
    ratio = median(mine.rate / theirs.rate for mine, theirs in rounds)
    cpu, bare_cpu = (median(side.cpu for side in sides) for sides in (ours, bare))

    def within(part: float) -> tuple[float, float]:
        mine, theirs = (median(side.load.percentile(part) for side in sides) for sides in (ours, bare))
        return mine, theirs

    what = f"POST /v1/events, {CONNECTIONS} connections; beside it an app that only parses and awaits the log"
    generator = median(side.load.cpu_seconds / len(side.load.latencies) for side in ours) * 1e6
    return [
        Measure(
            "B1",
            what,
            median(side.rate for side in ours),
            "requests/s",
            median(side.rate for side in bare),
            ratio,
            f"≥ {TARGET} x",
            ratio >= TARGET,
        ),
        *(
            Measure("B1", f"{name} until the answer is there", mine, "ms", theirs, mine / theirs)
            for name, (mine, theirs) in (("p50", within(0.5)), ("p99", within(0.99)))
        ),
        Measure(
            "B1", f"CPU of the process; the generator's {generator:.0f}", cpu, "µs/request", bare_cpu, cpu / bare_cpu
        ),
        Measure("B1", "RSS of casework", megabytes, "MB"),
    ]


@contextmanager
def _bare_app(directory: Path, parts: IntakeParts) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'proto' / 'gen'}"}
    command = [sys.executable, "-m", "tests.bench.bare_app", str(port), parts.kafka.bootstrap]
    with (directory / "bare.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        await_http(f"http://127.0.0.1:{port}/openapi.json", process, directory / "bare.log")
        yield port, process
    finally:
        process.terminate()
        process.wait(15)
