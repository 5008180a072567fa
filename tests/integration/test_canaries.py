"""The detector's own cases on a real log: raised and ended in every partition, and missed when its timers are dead."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from infra.kafka.node import KafkaNode
from services.casework.codec import decode_record
from services.casework.domain.control import Clock
from services.casework.domain.events import Event
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy
from services.runtime.settings import Settings
from services.runtime.topics import CASE_EVENTS, PARTITIONS
from streams.log_export import line_of, read_log
from streams.replay import transitions_of
from tests.integration.alerting_harness import Organisation, alerting, listed
from tests.kafka_fixture import FreshKafka
from tests.live_log import Appender, TopicReader, Worker, alerts_reader, eventually, transitions_in

EVERY = 12.0


@dataclass(slots=True)
class OddWorker(Worker):
    """Started from another module than streams.worker."""

    module: str = ""

    @property
    def command(self) -> list[str]:
        return ["-m", self.module]


@pytest.fixture
def kafka_alone(fresh_kafka: FreshKafka) -> KafkaNode:
    return fresh_kafka()


@pytest.fixture
def workers(kafka_alone: KafkaNode, tmp_path: Path) -> Iterator[tuple[Worker, Worker]]:
    """One that is well, running; and one without timers, to be started."""
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka_alone.bootstrap,
        "CLOCK_EVERY_SECONDS": "2",
        "CANARY_EVERY_SECONDS": str(EVERY),
        "WORKER_NAME": "one",
    }
    well = Worker("neglect_watch", environment, tmp_path / "well.log")
    broken = OddWorker(
        "neglect_watch", environment, tmp_path / "broken.log", module="tests.integration.detector_without_timers"
    )
    well.start()
    yield well, broken
    for worker in (well, broken):
        if worker.process is not None and worker.process.poll() is None:
            worker.kill()


async def _until(client: httpx.AsyncClient, org: Organisation, holds, seconds: float) -> dict:
    deadline = time.monotonic() + seconds
    while True:
        told = (await client.get("/v1/detector", headers=org.supervisor)).json()
        if holds(told):
            return told
        assert time.monotonic() < deadline, told
        await asyncio.sleep(0.5)


def _all_sang(told: dict) -> bool:
    return all(partition["canary_raised_at"] and partition["canary_ended_at"] for partition in told["partitions"])


async def test_every_partitions_canary_is_raised_and_ended_and_a_worker_whose_timers_are_dead_turns_it_red(
    kafka_alone: KafkaNode, workers: tuple[Worker, Worker]
) -> None:
    well, broken = workers
    org = Organisation()
    Appender(kafka_alone.bootstrap).policy(load_policy(DEFAULT_POLICY_PATH))
    async with alerting(kafka_alone, canary_every_seconds=EVERY) as client:
        fresh = await _until(client, org, lambda told: told["stale"] is False, 40)
        assert not _all_sang(fresh), "a system that has just started is not red for want of its first cycle"
        told = await _until(client, org, _all_sang, 3 * EVERY)
        assert (told["stale"], told["cases_checked"], told["because"]) == (False, 0, [])
        await asyncio.to_thread(well.kill)
        broken.start()
        began = time.monotonic()
        told = await _until(client, org, lambda told: "canary" in " ".join(told["because"]), 4 * EVERY)
        print(f"\nred {time.monotonic() - began:.0f} s after the timers died, in cycles of {EVERY:.0f} s")
        assert (told["stale"], told["cases_checked"]) == (True, None)
        assert not any(partition["silent"] for partition in told["partitions"])
        broken.kill()
        well.start()
        await _until(client, org, lambda told: told["stale"] is False, 4 * EVERY)
        shown = await listed(client, org.supervisor, state="all")
        assert (shown["items"], shown["counts"]["cases"]) == ([], 0)


def test_canaries_are_cases_like_any_other_to_replay_and_cost_little(
    kafka_alone: KafkaNode, workers: tuple[Worker, Worker]
) -> None:
    policy, settings = load_policy(DEFAULT_POLICY_PATH), Settings(kafka_bootstrap_servers=kafka_alone.bootstrap)
    Appender(kafka_alone.bootstrap).policy(policy)
    reader = alerts_reader(kafka_alone.bootstrap)
    eventually(lambda: reader.read(1) >= 0 and len(reader.values) >= 4 * PARTITIONS, 90, "two cycles everywhere")
    workers[0].stop()
    reader.read(2)
    found = {(t.alert_id, t.revision): t for t in transitions_in(reader)}
    expected = {}
    for partition in range(PARTITIONS):
        logged = list(read_log(settings, partition))
        for t in transitions_of(policy, map(line_of, logged), logged[-1].recorded_at - 1):
            expected[t.alert_id, t.revision] = t
    assert found == expected
    reader.close()
    log = TopicReader(kafka_alone.bootstrap, CASE_EVENTS.name)
    log.read(3)
    records = [decode_record(value) for value in log.values]
    kinds = Counter(one.type if isinstance(one, Event) else type(one).__name__ for one in records)
    cycles = kinds["call"] / PARTITIONS
    print(f"\n{kinds} in {cycles:.1f} cycles: {sum(kinds.values()) / kinds['call']:.1f} records a cycle and partition")
    assert kinds[Clock.__name__] <= kinds["call"] * (EVERY / 2 + 4)
    log.close()
