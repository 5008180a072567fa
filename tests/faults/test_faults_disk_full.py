"""The disk of the log runs full: it stops while there is room, events are refused, and with room again they land."""

from __future__ import annotations

from tests.faults.faulty_system import KAFKA, now
from tests.faults.filling import fills_up, statuses_of
from tests.faults.small_disk import small_disk
from tests.faults.table import in_words
from tests.faults.verdict import scenario
from tests.faults_fixture import FaultsPlan
from tests.kafka_fixture import guarded_node

LEAST_ROOM_MB = 16
LEFT_BYTES = (LEAST_ROOM_MB << 20) + 256 * 1024


def test_with_the_disk_of_the_log_full_events_are_refused_and_with_room_they_land(faults: FaultsPlan) -> None:
    with small_disk(faults.directory / "disk", 192) as disk:
        kafka = guarded_node(disk.root / "kafka", least_room_mb=LEAST_ROOM_MB)
        with scenario("disk full: log", faults.directory, faults.seed, faults.rate or 60, kafka=kafka) as run:
            machine = run.machine
            machine.wait(5)
            with machine.disturbing():
                since = now()
                fills_up(run, disk, lambda: machine.pid_of(KAFKA) is None, 60 if faults.full else 10, LEFT_BYTES)
                assert machine.pid_of(KAFKA) is None, "it was started without room"
                until = now()
                disk.make_room()
                machine.wait_until(lambda: machine.pid_of(KAFKA) is not None, 30)
                machine.system.kafka.wait_ready()
                run.heals()
            machine.wait(10)
            verdict = run.verdict()
            statuses = statuses_of(run, since, until)
            said = (kafka.logs / "server.log").read_text()
    assert "No space left" not in said and "InternalError" not in said, "the disk was full before the log had stopped"
    assert 503 in statuses and statuses <= {0, 200, 201, 403, 503}, statuses
    assert not verdict.violations, in_words(verdict.violations)
