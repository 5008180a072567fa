"""Records reach an agent as lists, on a real log: every one, in order, and committed only once it is done with them.

The agent is `counting_worker`, a process that is killed, joined and left. Both ways of delivering are held to it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from infra.kafka.node import KafkaNode
from streams.bulk_delivery import RECORDS_A_POLL

ROOT = Path(__file__).resolve().parents[2]
PARTITIONS = 4
COORDINATOR_IS_SOUGHT = {KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_LOAD_IN_PROGRESS}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaNode]:
    node = KafkaNode(tmp_path_factory.mktemp("bulk-log"), heap="384m")
    node.restart()
    yield node
    node.kill()


@dataclass
class Counted:
    """A topic, a group that counts it, and what it has counted so far."""

    bootstrap: str
    directory: Path
    bulk: bool
    side_by_side: int = 0
    topic: str = field(default_factory=lambda: f"counted-{uuid.uuid4().hex[:8]}")
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    appended: dict[int, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    """{partition: {offset: value}}"""

    def __post_init__(self) -> None:
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        admin.create_topics([NewTopic(self.topic, PARTITIONS, 1)])[self.topic].result(30)
        self.committed_by = Consumer({"bootstrap.servers": self.bootstrap, "group.id": f"reintegration.{self.topic}"})
        self.producer = Producer({"bootstrap.servers": self.bootstrap, "acks": "all", "linger.ms": 2})

    def append(self, count: int) -> None:
        for number in range(count):
            value = f"{number}-{uuid.uuid4()}"
            self.producer.produce(self.topic, value, partition=number % PARTITIONS, on_delivery=self._appended)
            self.producer.poll(0)
        assert self.producer.flush(30) == 0

    def _appended(self, error: object, message: object) -> None:
        assert error is None
        self.appended[message.partition()][message.offset()] = message.value().decode()  # type: ignore[attr-defined]

    def start(self, worker: str = "one", trouble: str = "") -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "proto" / "gen")]),
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            "STREAMS_BULK": str(self.bulk),
            "WORKER_NAME": worker,
            "VAR_DIR": str(self.directory),
            "GROUP": self.topic,
            "COUNTED_TOPIC": self.topic,
            "COUNTED_FILE": str(self.directory / f"{uuid.uuid4().hex}.counted"),
            "TROUBLE": trouble,
            "SIDE_BY_SIDE": str(self.side_by_side),
        }
        with (self.directory / f"{worker}.log").open("ab") as said:
            command = [sys.executable, "-m", "tests.integration.counting_worker"]
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=said, stderr=said)
        self.workers.append(process)
        return process

    def batches(self) -> list[tuple[int, list[int], list[str]]]:
        """Partition, offsets and values of every batch that was counted, those of one worker in their order."""
        lines = [line for file in self.directory.glob("*.counted") for line in file.read_text().splitlines(True)]
        read = [json.loads(line) for line in lines if line.endswith("\n")]
        return [(batch["partition"], batch["offsets"], batch["values"]) for batch in read]

    def counted(self) -> dict[int, dict[int, str]]:
        found: dict[int, dict[int, str]] = defaultdict(dict)
        for partition, offsets, values in self.batches():
            found[partition].update(zip(offsets, values, strict=True))
        return found

    def committed(self) -> dict[int, int]:
        asked = [TopicPartition(self.topic, partition) for partition in range(PARTITIONS)]
        until = time.monotonic() + 30
        while True:
            try:
                return {tp.partition: max(tp.offset, 0) for tp in self.committed_by.committed(asked, 30)}
            except KafkaException as error:
                # A node that has just started looks for the group's coordinator.
                if error.args[0].code() not in COORDINATOR_IS_SOUGHT or time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def nothing_is_committed_that_was_not_counted(self) -> None:
        committed, counted = self.committed(), self.counted()
        for partition, end in committed.items():
            below = {offset for offset in self.appended[partition] if offset < end}
            assert below <= counted[partition].keys(), (partition, end, sorted(below - counted[partition].keys())[:5])

    def eventually(self, holds: Callable[[], bool], seconds: float = 60) -> None:
        """Looks at what is committed all the while."""
        until = time.monotonic() + seconds
        while not holds():
            self.nothing_is_committed_that_was_not_counted()
            assert time.monotonic() < until, (self.committed(), {p: len(c) for p, c in self.counted().items()})
            time.sleep(0.05)

    def counts(self, more: int) -> None:
        """Until so many more batches were counted."""
        batches = len(self.batches()) + more
        self.eventually(lambda: len(self.batches()) >= batches)

    def all_is_counted(self) -> bool:
        return self.counted() == self.appended

    def all_is_committed(self) -> bool:
        return self.committed() == {partition: max(self.appended[partition]) + 1 for partition in range(PARTITIONS)}

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait(10)
        self.committed_by.close()
        for said in self.directory.glob("*.log"):
            print(said.read_text(errors="replace")[-3000:])


@pytest.fixture(params=[True, False], ids=["bulk", "stock"])
def counted(request: pytest.FixtureRequest, log: KafkaNode, tmp_path: Path) -> Iterator[Counted]:
    counted = Counted(log.bootstrap, tmp_path, request.param)
    yield counted
    counted.close()


@pytest.fixture
def counted_in_bulk(log: KafkaNode, tmp_path: Path) -> Iterator[Counted]:
    counted = Counted(log.bootstrap, tmp_path, bulk=True)
    yield counted
    counted.close()


def test_every_record_is_counted_once_in_order_and_then_committed(counted: Counted) -> None:
    counted.append(30_000)
    worker = counted.start()
    counted.eventually(counted.all_is_counted)
    counted.eventually(counted.all_is_committed, 10)
    worker.terminate()
    assert worker.wait(20) == 0
    sizes = [len(offsets) for _, offsets, _ in counted.batches()]
    print(f"\n{sum(sizes)} records in {len(sizes)} batches, the largest of {max(sizes)}")
    assert sum(sizes) == 30_000
    assert max(sizes) <= RECORDS_A_POLL
    for partition in range(PARTITIONS):
        order = [offset for of, offsets, _ in counted.batches() if of == partition for offset in offsets]
        assert all(earlier < later for earlier, later in pairwise(order))


def test_in_bulk_a_list_is_of_many_records(counted_in_bulk: Counted) -> None:
    counted_in_bulk.append(30_000)
    counted_in_bulk.start()
    counted_in_bulk.eventually(counted_in_bulk.all_is_counted)
    assert len(counted_in_bulk.batches()) <= 60


def test_a_worker_that_is_killed_again_and_again_counts_every_record(counted: Counted) -> None:
    counted.append(20_000)
    for _ in range(4):
        worker = counted.start()
        counted.counts(4)
        worker.kill()
        worker.wait(10)
        counted.append(5_000)
    counted.start()
    counted.eventually(counted.all_is_counted)
    counted.eventually(counted.all_is_committed, 10)


def test_workers_that_join_and_leave_in_the_middle_of_batches_count_every_record(counted: Counted) -> None:
    first = counted.start("first")
    counted.append(20_000)
    counted.counts(2)
    second = counted.start("second")
    for _ in range(6):
        counted.append(5_000)
        counted.counts(1)
    first.terminate()
    first.wait(20)
    counted.append(10_000)
    counted.counts(1)
    counted.start("third")
    counted.append(10_000)
    counted.counts(2)
    second.kill()
    counted.append(10_000)
    counted.eventually(counted.all_is_counted)
    counted.eventually(counted.all_is_committed, 10)


def test_a_worker_that_is_told_to_stop_in_the_middle_of_a_batch_leaves_it_to_its_successor(counted: Counted) -> None:
    counted.append(20_000)
    for _ in range(4):
        worker = counted.start()
        counted.counts(1)
        worker.terminate()
        worker.wait(20)
        counted.nothing_is_committed_that_was_not_counted()
        counted.append(1_000)
    counted.start()
    counted.eventually(counted.all_is_counted)


def test_batches_that_are_at_work_at_the_same_time_are_committed_up_to_the_first_that_is_not_done(
    counted_in_bulk: Counted,
) -> None:
    counted_in_bulk.side_by_side = 4
    counted_in_bulk.append(30_000)
    for end in (subprocess.Popen.kill, subprocess.Popen.terminate, subprocess.Popen.kill):
        worker = counted_in_bulk.start()
        counted_in_bulk.counts(3)
        end(worker)
        worker.wait(20)
        counted_in_bulk.append(10_000)
    counted_in_bulk.start()
    counted_in_bulk.eventually(counted_in_bulk.all_is_counted)
    counted_in_bulk.eventually(counted_in_bulk.all_is_committed, 10)


@pytest.mark.parametrize("trouble", ["pause", "seek"])
def test_partitions_that_are_paused_or_read_again_lose_nothing(counted_in_bulk: Counted, trouble: str) -> None:
    counted_in_bulk.append(30_000)
    counted_in_bulk.start(trouble=trouble)
    counted_in_bulk.eventually(counted_in_bulk.all_is_counted)
    counted_in_bulk.eventually(counted_in_bulk.all_is_committed, 10)
    read_again = sum(len(offsets) for _, offsets, _ in counted_in_bulk.batches()) - 30_000
    assert (read_again > 0) == (trouble == "seek")


def test_offsets_that_the_log_itself_leaves_out_hold_up_no_commit(counted: Counted) -> None:
    counted.producer = Producer({"bootstrap.servers": counted.bootstrap, "transactional.id": counted.topic})
    counted.producer.init_transactions(30)
    counted.start()
    for _ in range(10):
        counted.producer.begin_transaction()
        counted.append(200)
        counted.producer.commit_transaction(30)
    counted.eventually(counted.all_is_counted)
    counted.eventually(counted.all_is_committed, 10)
