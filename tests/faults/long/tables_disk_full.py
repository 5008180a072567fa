"""The disk of the tables runs full: they wait, nothing is corrupted, and with room again they catch up."""

from __future__ import annotations

from infra.clickhouse.node import ClickHouseNode
from tests.faults.faulty_system import CLICKHOUSE, now
from tests.faults.filling import fills_up, statuses_of
from tests.faults.small_disk import small_disk
from tests.faults.table import in_words
from tests.faults.verdict import Run, scenario
from tests.faults_fixture import FaultsPlan

FALLEN_BEHIND_MS = 10_000


def _waits(run: Run) -> bool:
    """The engine asks for more room than an insert takes: it is full before the last byte is taken."""
    latest = run.samples.behind["sink"][-1]
    return latest.by is not None and latest.by > FALLEN_BEHIND_MS


def test_with_the_disk_of_the_tables_full_they_wait_and_with_room_they_catch_up(faults: FaultsPlan) -> None:
    with small_disk(faults.directory / "disk", 256) as disk:
        clickhouse = ClickHouseNode(disk.root / "clickhouse" / "data")
        with scenario(
            "disk full: tables", faults.directory, faults.seed, faults.rate or 60, clickhouse=clickhouse
        ) as run:
            machine = run.machine
            machine.wait(5)
            since = now()
            fills_up(run, disk, lambda: _waits(run), 60 if faults.full else 10)
            until = now()
            disk.make_room()
            machine.wait_until(lambda: machine.pid_of(CLICKHOUSE) is not None, 30)
            run.heals()
            machine.wait(10)
            verdict = run.verdict()
            statuses = statuses_of(run, since, until)
    assert statuses <= {200, 201, 403}, f"intake was touched: {statuses}"
    assert not verdict.violations, in_words(verdict.violations)
