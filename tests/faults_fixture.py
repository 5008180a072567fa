"""Fault runs: how long, how fast, by which seed; and the table of invariants at the end of the run.

    --faults-full            the long form that `make faults` runs; without it the short one
    FAULTS_SEED, FAULTS_RATE, FAULTS_MINUTES    a seed to replay; events a second; minutes of faults

A failing seed is printed, and gives the same draws again.
"""

from __future__ import annotations

import os
import random
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.table import HEAD, TABLE, written

_LINE = "line of the table of invariants"


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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a scenario found goes with the test's report, so that it is heard of wherever the test ran."""
    report = yield
    report.user_properties += [(_LINE, line) for row in TABLE for line in written(row)]
    TABLE.clear()
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for some in terminalreporter.stats.values() for report in some]
    lines = [line for one in reports for name, line in getattr(one, "user_properties", ()) if name == _LINE]
    if lines:
        terminalreporter.section("invariants under faults: ok, or how many violations; · not looked at")
        for line in (HEAD, *lines):
            terminalreporter.write_line(line)
