"""Ordinary days, many of them: nobody falls behind, nothing grows.

python -m pytest -s tests/faults/long/soak.py --faults-full
"""

from __future__ import annotations

import pytest

from tests.faults.invariants import growing_disk, lag_that_stays
from tests.faults.samples import bytes_in
from tests.faults.table import in_words
from tests.faults.verdict import DETECTOR_MAY_BE_BEHIND_MS, SINK_MAY_BE_BEHIND_MS, scenario
from tests.faults_fixture import FaultsPlan

WARM_SECONDS = 120
LOG_BYTES_AN_EVENT = 4_000
TABLE_BYTES_AN_EVENT = 4_000
KAFKAS_OWN_LOGS = 60_000_000
EVERY_MS = 30_000


@pytest.mark.timeout(4 * 3600)
def test_a_long_run_neither_falls_behind_nor_grows(faults: FaultsPlan) -> None:
    seconds = faults.minutes * 60 or (1200 if faults.full else 120)
    with scenario("soak", faults.directory, faults.seed, faults.rate or (500 if faults.full else 100)) as run:
        system, kafka = run.machine.system, run.machine.system.kafka.directory
        before = {"log": bytes_in(kafka), "tables": bytes_in(system.clickhouse.directory)}
        run.machine.wait(seconds)
        ended = run.began + round(seconds * 1000)
        verdict = run.verdict(memory=True)
        for who, allowed in (("detector", DETECTOR_MAY_BE_BEHIND_MS), ("sink", SINK_MAY_BE_BEHIND_MS)):
            for at in range(run.began + WARM_SECONDS * 1000, ended, EVERY_MS):
                verdict.violations += lag_that_stays(who, run.samples.behind[who], at, allowed, within_ms=5_000)
        sent = run.phones.said
        verdict.violations += growing_disk(
            "log", before["log"] + KAFKAS_OWN_LOGS, bytes_in(kafka), sent, LOG_BYTES_AN_EVENT
        )
        verdict.violations += growing_disk(
            "tables", before["tables"], bytes_in(system.clickhouse.directory), sent, TABLE_BYTES_AN_EVENT
        )
    assert not verdict.violations, in_words(verdict.violations)
