"""The sink where it must not be wrong by a single row: late writers, stores that went back, offsets left out."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka import TopicPartition as AdminPartition
from confluent_kafka.admin import AdminClient
from kafka import KafkaProducer

from infra.kafka.node import KafkaNode
from services.casework.codec import encode_clock
from services.casework.domain.log_time import LogTime
from services.runtime.settings import Settings
from services.runtime.topics import ALERTS, CASE_EVENTS, OBLIGATIONS
from streams.clickhouse_sink.missed_records import KafkaLog
from streams.clickhouse_sink.store import ClickHouseStore, Step
from tests.integration.sink_under_test import Sink, Store, a_call, append, new_case
from tests.sink_fixture import StartSink


class Appended:
    """Events that were appended, and what is to be seen of them: of each the record with the lowest offset."""

    def __init__(self, sink_producer: KafkaProducer) -> None:
        self._producer = sink_producer
        self._random = random.Random(7)
        self._events: list[Any] = []
        self.lowest: dict[tuple[str, str], int] = {}
        self.places: list[Any] = []

    def more(self, cases: int) -> None:
        """Five new events a case, and one that stands in the log already, however long."""
        for case_id in [new_case() for _ in range(cases)]:
            events = [a_call(case_id, wellbeing=1 + number) for number in range(5)]
            self._append([*events, self._random.choice([*self._events, events[0]])])
            self._events.extend(events)

    def _append(self, events: list[Any]) -> None:
        places = append(self._producer, *events)
        self.places.extend(places)
        for event, place in zip(events, places, strict=True):
            self.lowest.setdefault((event.case_id, event.event_id), place.offset)

    def reached(self, store: Store) -> None:
        for place in self.places:
            store.wait_for(CASE_EVENTS.name, place.partition, place.offset)


def seen(store: Store) -> dict[tuple[str, str], int]:
    found = store.rows("SELECT case_id, event_id, offset FROM events FINAL")
    assert len({(case, event) for case, event, _ in found}) == len(found)
    return {(case, event): offset for case, event, offset in found}


def frozen(sink: Sink, within: float = 60) -> None:
    until = time.monotonic() + within
    while Path(f"/proc/{sink.process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "T":
        assert time.monotonic() < until, "it did not freeze"
        time.sleep(0.1)


@pytest.mark.parametrize("before", ["insert", "go_on"])
def test_a_frozen_twin_that_writes_late_changes_nothing(
    sink_producer: KafkaProducer, store: Store, start_sink: StartSink, before: str
) -> None:
    appended = Appended(sink_producer)
    appended.more(20)
    twin = start_sink(store, f"tests.integration.sink_that_freezes {before}")
    frozen(twin)
    start_sink(store)
    appended.more(10)
    appended.reached(store)
    whole, progress = seen(store), store.progress()
    twin.process.send_signal(signal.SIGCONT)
    for _ in range(40):
        time.sleep(0.1)
        now = store.progress()
        assert all(now[place] >= offset for place, offset in progress.items()), "late progress lowered it"
    assert seen(store) == whole
    appended.more(10)
    appended.reached(store)
    found = seen(store)
    assert {key: found.get(key) for key in appended.lowest} == appended.lowest
    assert twin.process.poll() is None


async def test_progress_goes_on_only_from_where_the_store_says_it_is(store: Store) -> None:
    sink_store = ClickHouseStore(
        Settings(
            clickhouse_url=store.node.address,
            clickhouse_user=store.node.user,
            clickhouse_password=store.node.password,  # type: ignore[arg-type]
            clickhouse_database=store.database,
        )
    )
    topic = CASE_EVENTS.name
    assert await sink_store.go_on(topic, [Step(3, -1, LogTime(1000, True, 0))]) == [True]
    assert await sink_store.go_on(topic, [Step(3, 0, LogTime(2000, False, 9))]) == [True]
    assert await sink_store.go_on(topic, [Step(3, 10, LogTime(3000, False, 19))]) == [False]
    assert await sink_store.go_on(topic, [Step(4, 0, LogTime(3000, False, 19))]) == [False], (
        "of another partition it knows nothing"
    )
    assert await sink_store.go_on(ALERTS.name, [Step(3, 9, LogTime(3000, False, 19))]) == [False], (
        "nor of another topic"
    )
    assert await sink_store.progress(topic) == {3: LogTime(2000, False, 9)}
    assert await sink_store.go_on(topic, [Step(3, 2, LogTime(1500, True, 4))]) == [True], "what is late changes nothing"
    assert await sink_store.progress(topic) == {3: LogTime(2000, False, 9)}
    assert await sink_store.progress(ALERTS.name) == {}
    several = [
        Step(3, 9, LogTime(4000, False, 12)),
        Step(4, 0, LogTime(3000, False, 19)),
        Step(5, -1, LogTime(8, True, 0)),
    ]
    assert await sink_store.go_on(topic, several) == [True, False, True]
    assert await sink_store.progress(topic) == {3: LogTime(4000, False, 12), 5: LogTime(8, True, 0)}


async def test_what_was_not_delivered_is_found_in_the_log_and_what_the_log_leaves_out_is_not_waited_for(
    sink_log: KafkaNode,
) -> None:
    producer = Producer({"bootstrap.servers": sink_log.bootstrap, "transactional.id": "gaps"})
    producer.init_transactions(30)
    for _ in range(4):
        producer.begin_transaction()
        for _ in range(3):
            producer.produce(OBLIGATIONS.name, encode_clock(), partition=5)
        producer.commit_transaction(30)
    here = KafkaLog(Settings(kafka_bootstrap_servers=sink_log.bootstrap))

    async def offsets(start: int, stop: int) -> list[int]:
        return [one.offset async for some in here.between(OBLIGATIONS.name, 5, start, stop) for one in some]

    assert await offsets(0, 15) == [0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14]
    assert await offsets(2, 6) == [2, 4, 5]
    assert await offsets(3, 4) == []
    admin = AdminClient({"bootstrap.servers": sink_log.bootstrap})
    for future in admin.delete_records([AdminPartition(OBLIGATIONS.name, 5, 6)]).values():
        future.result(30)
    assert await offsets(0, 10) == [6, 8, 9]
