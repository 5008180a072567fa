"""Ordinary days, many of them: nobody falls behind, nothing grows.

python -m pytest -s tests/faults/long/soak.py --faults-full
"""

from __future__ import annotations

import pytest

from tests.faults.invariants import Violation, growing_disk, lag_that_stays
from tests.faults.samples import bytes_in
from tests.faults.table import in_words
from tests.faults.verdict import DETECTOR_MAY_BE_BEHIND_MS, SINK_MAY_BE_BEHIND_MS, Run, scenario
from tests.faults_fixture import FaultsPlan

WARM_SECONDS = 120
LOG_BYTES_AN_EVENT = 4_000
TABLE_BYTES_AN_EVENT = 4_000
KAFKAS_OWN_LOGS = 60_000_000
EVERY_MS = 30_000
MAY_BE_BEHIND = {"detector": DETECTOR_MAY_BE_BEHIND_MS, "sink": SINK_MAY_BE_BEHIND_MS}


def _falls_behind(run: Run, until: int) -> list[Violation]:
    """Whether at any time it took somebody longer than a few seconds to be back."""
    found = []
    for who, allowed in MAY_BE_BEHIND.items():
        for at in range(run.began + WARM_SECONDS * 1000, until, EVERY_MS):
            found += lag_that_stays(who, run.samples.behind[who], at, allowed, within_ms=5_000)
    return found


def _grows(run: Run, before: dict[str, int], after: dict[str, int]) -> list[Violation]:
    sent = run.phones.said
    log = growing_disk("log", before["log"] + KAFKAS_OWN_LOGS, after["log"], sent, LOG_BYTES_AN_EVENT)
    return [*log, *growing_disk("tables", before["tables"], after["tables"], sent, TABLE_BYTES_AN_EVENT)]


def _disks(run: Run) -> dict[str, int]:
    system = run.machine.system
    return {"log": bytes_in(system.kafka.directory), "tables": bytes_in(system.clickhouse.directory)}


@pytest.mark.timeout(4 * 3600)
def test_a_long_run_neither_falls_behind_nor_grows(faults: FaultsPlan) -> None:
    seconds = faults.minutes * 60 or (1200 if faults.full else 120)
    with scenario("soak", faults.directory, faults.seed, faults.rate or (500 if faults.full else 100)) as run:
        before = _disks(run)
        run.machine.wait(seconds)
        until = run.began + round(seconds * 1000)
        run.figures["memory"] = run.samples.memory_in_words()
        verdict = run.verdict(
            also=lambda: [*run.growing(), *_falls_behind(run, until), *_grows(run, before, _disks(run))]
        )
    assert not verdict.violations, in_words(verdict.violations)
