from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from infra.kafka import node as node_module
from infra.kafka.create_topics import create_topics
from infra.kafka.node import KafkaNode
from infra.kafka.ports import free_port, is_free
from infra.kafka.refusal import Refused
from infra.kafka.room import LEAST_MB, TO_START, Room
from services.runtime.topics import CASE_EVENTS, partition_of

ROOT = Path(__file__).parents[2]
CASE = "00000000-0000-4000-8000-000000000001"
A_DAY_IN_2020_MS = 1_583_020_800_000


def environment(**changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("JAVA_HOME", "KAFKA_HEAP")}
    return {**kept, "KAFKA_HEAP": "384m", **changes}


@pytest.fixture
def start_node(tmp_path) -> Iterator[Callable[[int], subprocess.Popen[str]]]:
    """Starts a node in `tmp_path / "log"` as people start it, and returns it when it says it is ready."""
    started: list[subprocess.Popen[str]] = []

    def start(port: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "infra.kafka", "--dir", str(tmp_path / "log"), "--port", str(port)]
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        started.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "is ready on" in line, line
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def children_of(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(entry.parent.name))
    return found


def ends(pid: int, within: float) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state in "ZX":
            return True
        time.sleep(0.05)
    return False


def append(node: KafkaNode, values: list[bytes]) -> None:
    producer = KafkaProducer(bootstrap_servers=node.bootstrap, acks="all", enable_idempotence=True)
    acknowledged = [
        producer.send(CASE_EVENTS.name, key=CASE.encode(), value=value, timestamp_ms=A_DAY_IN_2020_MS)
        for value in values
    ]
    for future in acknowledged:
        future.get(timeout=30)
    producer.close()


def read(node: KafkaNode, count: int) -> list:
    consumer = KafkaConsumer(bootstrap_servers=node.bootstrap, auto_offset_reset="earliest")
    partition = TopicPartition(CASE_EVENTS.name, partition_of(CASE))
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    records: list = []
    deadline = time.monotonic() + 30
    while len(records) < count and time.monotonic() < deadline:
        for batch in consumer.poll(timeout_ms=500).values():
            records += batch
    consumer.close()
    return records


def test_the_broker_stamps_records_whatever_time_the_producer_says(fresh_kafka):
    node = fresh_kafka()
    before_ms = time.time() * 1000 - 1
    append(node, [b"a call"])
    [record] = read(node, 1)
    assert record.timestamp_type == 1
    assert before_ms <= record.timestamp <= time.time() * 1000 + 1
    assert record.timestamp != A_DAY_IN_2020_MS


def test_acknowledged_records_survive_kill_9_and_a_restart_on_the_same_port(fresh_kafka):
    node = fresh_kafka()
    bootstrap = node.bootstrap
    values = [f"event {number}".encode() for number in range(300)]
    append(node, values)
    node.kill()
    assert not node.is_running()
    node.restart()
    assert node.bootstrap == bootstrap
    assert [record.value for record in read(node, len(values))] == values
    assert create_topics(node.bootstrap) == []


def test_a_frozen_node_does_not_answer_and_a_thawed_one_does(fresh_kafka):
    node = fresh_kafka()
    node.pause()
    with pytest.raises(Refused, match="was not ready within 2 seconds"):
        node.wait_ready(2)
    node.resume()
    node.wait_ready()


def test_a_frozen_node_can_be_stopped(fresh_kafka):
    node = fresh_kafka()
    node.pause()
    node.stop()
    assert not node.is_running()


def test_a_node_outlives_the_thread_that_started_it(fresh_kafka):
    node = fresh_kafka()
    starter = threading.Thread(target=node.restart)
    starter.start()
    starter.join()
    time.sleep(0.5)
    assert node.is_running()


def test_a_second_node_in_the_same_directory_is_refused(fresh_kafka):
    node = fresh_kafka()
    with pytest.raises(Refused, match="Another node of the log runs in"):
        KafkaNode(node.directory).start()


def test_java_ends_when_its_parent_is_killed_and_the_node_starts_again_at_once(start_node):
    port = free_port()
    parent = start_node(port)
    [java] = children_of(parent.pid)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert ends(java, within=10)
    again = start_node(port)
    again.terminate()
    assert again.wait(timeout=40) == 0


def test_sigterm_stops_java_in_good_order(start_node, tmp_path):
    port = free_port()
    parent = start_node(port)
    [java] = children_of(parent.pid)
    parent.terminate()
    assert parent.wait(timeout=40) == 0
    assert ends(java, within=1)
    assert (tmp_path / "log" / "data" / ".kafka_cleanshutdown").exists()
    assert is_free(port)


def test_the_node_ends_with_one_sentence_when_java_ends_by_itself(start_node):
    parent = start_node(free_port())
    [java] = children_of(parent.pid)
    os.kill(java, signal.SIGKILL)
    said, _ = parent.communicate(timeout=40)
    assert parent.returncode == 1
    assert "ended by itself" in said
    assert len(said.strip().splitlines()) == 1


def test_a_node_stops_in_good_order_while_there_is_still_room_and_does_not_start_before_there_is(
    fresh_kafka, monkeypatch
):
    node = fresh_kafka()
    append(node, [b"a call"])
    monkeypatch.setattr(Room, "left_mb", LEAST_MB - 1.0)
    node.wait(40)
    assert "less than 256 MB were free" in node.why_it_ended()
    assert "shut down completed" in (node.logs / "server.log").read_text()
    monkeypatch.setattr(Room, "left_mb", TO_START * LEAST_MB - 1.0)
    with pytest.raises(Refused, match=r"starts with 512 MB free .* 511 are: make room"):
        node.start()
    monkeypatch.undo()
    node.restart()
    assert [record.value for record in read(node, 1)] == [b"a call"]


@pytest.mark.parametrize("said", ["0", "-1", "much", "1.5", ""])
def test_room_that_is_no_number_is_refused_by_name(monkeypatch, tmp_path, said):
    monkeypatch.setenv("KAFKA_LEAST_ROOM_MB", said)
    with pytest.raises(Refused, match="KAFKA_LEAST_ROOM_MB"):
        KafkaNode(tmp_path)


def test_a_node_listens_on_loopback_only(kafka):
    listening = [
        line.split()[1].split(":")[0]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{kafka.pid}/net/{table}").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and int(line.split()[1].split(":")[1], 16) == kafka.port
    ]
    assert listening
    assert all(address in ("0100007F", "0000000000000000FFFF00000100007F") for address in listening)


def test_a_copy_of_the_data_alone_is_the_whole_log(fresh_kafka, tmp_path):
    node = fresh_kafka()
    append(node, [b"a call", b"a visit"])
    node.stop()
    shutil.copytree(node.directory / "data", tmp_path / "restored" / "data")
    restored = KafkaNode(tmp_path / "restored", heap="384m")
    try:
        restored.restart()
        assert [record.value for record in read(restored, 2)] == [b"a call", b"a visit"]
    finally:
        restored.kill()


def test_a_directory_that_holds_something_else_is_refused(tmp_path):
    (tmp_path / "data").mkdir()
    with pytest.raises(Refused, match="is not a log of Apache Kafka"):
        KafkaNode(tmp_path).start()


def test_a_new_log_can_be_read_by_its_owner_only(start_node, tmp_path):
    start_node(free_port())
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o700


def test_a_cluster_id_is_never_taken_for_an_option(monkeypatch):
    drawn = iter([uuid.UUID(int=0xFBFF << 112), uuid.UUID(int=1)])
    monkeypatch.setattr(uuid, "uuid4", lambda: next(drawn))
    assert node_module._new_cluster_id() == "AAAAAAAAAAAAAAAAAAAAAQ"
