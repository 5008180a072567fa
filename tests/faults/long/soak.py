"""Ordinary days, many of them: nobody falls behind, nothing grows but by what is to be remembered.

What is recorded is never forgotten: a late event, a retraction, the same event sent again after a year all count. So
memory grows with events, by as many bytes as `KEPT` allows, and by nothing else. The detector's shelf of open cases is
small here, and memory is looked at in the second half: by then what is kept of the latest events alone is full.

python -m pytest -s tests/faults/long/soak.py --faults-full
"""

from __future__ import annotations

import pytest

from tests.faults.invariants import Invariant, Violation, growing_disk, lag_that_stays
from tests.faults.samples import bytes_in
from tests.faults.table import in_words
from tests.faults.verdict import DETECTOR_MAY_BE_BEHIND_MS, SINK_MAY_BE_BEHIND_MS, Run, scenario
from tests.faults_fixture import FaultsPlan

WARM_SECONDS = 120
LOG_BYTES_AN_EVENT = 4_000
TABLE_BYTES_AN_EVENT = 4_000
KAFKAS_OWN_LOGS = 60_000_000
EVERY_MS = 30_000
OPEN_CASES = "40"
WARM_AFTER = 0.5
KEPT = {"neglect_watch": 56, "casework": 64, "alerting": 320, "vault": 4, "clickhouse_sink": 32}
"""Bytes of every event: packed in its case; who had the case, and what was taken back; the same and the packed
alerts, of which there is one for every four events here, far more than in any real life; who was erased. The sink
keeps nothing: what it works on comes and goes, by 10 MB within a minute, which ten minutes do not quite level out."""
MOST_OF_STORES = {"kafka": 700 << 20, "clickhouse": 1400 << 20}
"""Stores fill the heap and the caches they are given, however long they run."""
MAY_BE_BEHIND = {"detector": DETECTOR_MAY_BE_BEHIND_MS, "sink": SINK_MAY_BE_BEHIND_MS}


def _falls_behind(run: Run, until: int) -> list[Violation]:
    """Whether at any time it took somebody longer than a few seconds to be back."""
    found = []
    for who, allowed in MAY_BE_BEHIND.items():
        for at in range(run.began + WARM_SECONDS * 1000, until, EVERY_MS):
            found += lag_that_stays(who, run.samples.behind[who], at, allowed, within_ms=5_000)
    return found


def _remembers_too_much(run: Run) -> list[Violation]:
    found = [one for one in run.growing(KEPT, WARM_AFTER) if not set(one.ids) & MOST_OF_STORES.keys()]
    for name, most in MOST_OF_STORES.items():
        (*_, (_, size)) = run.samples.memory[name]
        if size > most:
            found.append(Violation(Invariant.I14, "memory grows", (name,), said=f"{size / 1024 / 1024:.0f} MB"))
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
    rate, told = faults.rate or (500 if faults.full else 100), {"OPEN_CASES": OPEN_CASES}
    with scenario("soak", faults.directory, faults.seed, rate, told=told) as run:
        before = _disks(run)
        run.machine.wait(seconds)
        until = run.began + round(seconds * 1000)
        run.figures["memory"] = run.samples.memory_in_words(WARM_AFTER)
        verdict = run.verdict(
            also=lambda: [*_remembers_too_much(run), *_falls_behind(run, until), *_grows(run, before, _disks(run))]
        )
    assert not verdict.violations, in_words(verdict.violations)
