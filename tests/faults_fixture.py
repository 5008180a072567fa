"""Fault runs: how long, how fast, by which seed; and the table of invariants at the end of the run.

    --faults-full            the long form that `make faults` runs; without it the short one
    FAULTS_SEED, FAULTS_RATE, FAULTS_MINUTES    a seed to replay; events a second; minutes of faults

A failing seed is printed, and gives the same draws again.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.table import TABLE, written


@dataclass(frozen=True, slots=True)
class FaultsPlan:
    """rate, minutes: 0 where the scenario may choose."""

    seed: int
    full: bool
    rate: float
    minutes: float
    directory: Path


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--faults-full", action="store_true", help="bring faults in their full form: an hour and more")


@pytest.fixture
def faults(request: pytest.FixtureRequest, tmp_path: Path) -> FaultsPlan:
    stated = os.environ.get("FAULTS_SEED", "")
    seed = int(stated) if stated else random.SystemRandom().randrange(10**9)
    rate, minutes = (float(os.environ.get(name) or 0) for name in ("FAULTS_RATE", "FAULTS_MINUTES"))
    return FaultsPlan(seed, request.config.getoption("--faults-full"), rate, minutes, tmp_path)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if TABLE:
        terminalreporter.section("invariants under faults: ok, or how many violations; · not looked at")
        for line in written(TABLE):
            terminalreporter.write_line(line)
