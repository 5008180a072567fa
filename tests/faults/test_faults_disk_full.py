"""The disk of the log runs full: events are refused, nothing is corrupted, and with room again they land."""

from __future__ import annotations

from tests.faults.faulty_system import KAFKA, now
from tests.faults.filling import fills_up, statuses_of
from tests.faults.small_disk import small_disk
from tests.faults.table import in_words
from tests.faults.verdict import scenario
from tests.faults_fixture import FaultsPlan
from tests.kafka_fixture import guarded_node

FULL_BELOW_BYTES = 64 * 1024


def test_with_the_disk_of_the_log_full_events_are_refused_and_with_room_they_land(faults: FaultsPlan) -> None:
    with small_disk(faults.directory / "disk", 192) as disk:
        kafka = guarded_node(disk.root / "kafka")
        with scenario("disk full: log", faults.directory, faults.seed, faults.rate or 60, kafka=kafka) as run:
            machine = run.machine
            machine.wait(5)
            with machine.disturbing():
                since = now()
                fills_up(run, disk, lambda: disk.free() < FULL_BELOW_BYTES, 60 if faults.full else 10)
                until = now()
                disk.make_room()
                machine.wait_until(lambda: machine.pid_of(KAFKA) is not None, 30)
                machine.system.kafka.wait_ready()
                run.heals()
            machine.wait(10)
            verdict = run.verdict()
            statuses = statuses_of(run, since, until)
    assert 503 in statuses and statuses <= {0, 200, 201, 403, 503}, statuses
    assert not verdict.violations, in_words(verdict.violations)
