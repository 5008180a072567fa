"""A disk runs full under the log, or under the tables: what finds no room is refused, nothing is corrupted, and with
room again it goes on."""

from __future__ import annotations

from infra.clickhouse.node import ClickHouseNode
from infra.kafka.node import KafkaNode
from infra.kafka.ports import free_port
from tests.faults.faulty_system import CLICKHOUSE, KAFKA, now
from tests.faults.small_disk import SmallDisk, small_disk
from tests.faults.table import in_words
from tests.faults.verdict import Run, scenario
from tests.faults_fixture import FaultsPlan

MEGABYTE = 1024 * 1024
LEFT_BYTES = MEGABYTE
FULL_BELOW_BYTES = 64 * 1024


def _fills_up(run: Run, disk: SmallDisk, seconds: float) -> None:
    """Ballast leaves a little, the load takes it, and full it stays for so long."""
    disk.fill_up_to(LEFT_BYTES)
    assert run.machine.wait_until(lambda: disk.free() < FULL_BELOW_BYTES, 120), f"{disk.free()} bytes are left"
    run.machine.wait(seconds)


def _meanwhile(run: Run, since: int, until: int) -> set[int]:
    return {attempt.status for attempt in run.phones.attempts if since <= attempt.began < until}


def test_with_the_disk_of_the_log_full_events_are_refused_and_with_room_they_land(faults: FaultsPlan) -> None:
    with small_disk(faults.directory / "disk", 192) as disk:
        kafka = KafkaNode(disk.root / "kafka", heap="384m")
        with scenario("disk full: log", faults.directory, faults.seed, faults.rate or 60, kafka=kafka) as run:
            machine = run.machine
            machine.wait(5)
            with machine.disturbing():
                since = now()
                _fills_up(run, disk, 60 if faults.full else 10)
                until = now()
                disk.make_room()
                machine.wait_until(lambda: machine.pid_of(KAFKA) is not None, 30)
                machine.system.kafka.wait_ready()
                run.heals()
            machine.wait(10)
            verdict = run.verdict()
            statuses = _meanwhile(run, since, until)
    assert 503 in statuses and statuses <= {0, 200, 201, 403, 503}, statuses
    assert not verdict.violations, in_words(verdict.violations)


def test_with_the_disk_of_the_tables_full_they_wait_and_with_room_they_catch_up(faults: FaultsPlan) -> None:
    with small_disk(faults.directory / "disk", 256) as disk:
        clickhouse = ClickHouseNode(disk.root / "clickhouse" / "data", free_port())
        with scenario(
            "disk full: tables", faults.directory, faults.seed, faults.rate or 60, clickhouse=clickhouse
        ) as run:
            machine = run.machine
            machine.wait(5)
            since = now()
            _fills_up(run, disk, 60 if faults.full else 10)
            until = now()
            disk.make_room()
            machine.wait_until(lambda: machine.pid_of(CLICKHOUSE) is not None, 30)
            run.heals()
            machine.wait(10)
            verdict = run.verdict()
            statuses = _meanwhile(run, since, until)
    assert statuses <= {200, 201, 403}, f"intake was touched: {statuses}"
    assert not verdict.violations, in_words(verdict.violations)
