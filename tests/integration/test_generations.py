"""A generation beside the one that people see, alone with a log: it writes its own topics and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.kafka.create_topics import create_topics
from infra.kafka.node import KafkaNode
from infra.runner.log_records import ends_of
from infra.runner.stores import LogWatch
from services.casework.domain.control import PolicyChanged
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy
from services.runtime.settings import Settings
from services.runtime.topics import (
    ALERTS,
    CASE_EVENTS,
    DERIVED_TOPICS,
    DETECTOR,
    NEGLECT_STATE,
    PARTITIONS,
    in_generation,
)
from streams.load_history import load_history, read_history
from tests.kafka_fixture import FreshKafka
from tests.live_log import Appender, Worker, eventually
from tests.simulation.random_histories import random_history

NEXT = tuple(in_generation(topic, "next") for topic in DERIVED_TOPICS)


@pytest.fixture
def kafka_alone(fresh_kafka: FreshKafka) -> KafkaNode:
    return fresh_kafka()


@pytest.fixture
def detector(kafka_alone: KafkaNode, tmp_path: Path) -> Iterator[Worker]:
    create_topics(kafka_alone.bootstrap, topics=NEXT)
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka_alone.bootstrap,
        "CLOCK_EVERY_SECONDS": "0.5",
        "GENERATION": "next",
        "VAR_DIR": str(tmp_path / "var"),
    }
    worker = Worker("neglect_watch", environment, tmp_path / "neglect_watch.log")
    yield worker
    worker.kill()


def test_a_detector_of_another_generation_says_nothing_into_the_log_and_writes_topics_of_its_own(
    kafka_alone: KafkaNode, detector: Worker
) -> None:
    settings = Settings(kafka_bootstrap_servers=kafka_alone.bootstrap)
    history = [{**record, "organisation": "ngo-a"} for record in random_history(3, 6, 25)]
    policy = load_policy(DEFAULT_POLICY_PATH)
    load_history(settings, read_history(map(json_line, history)), [PolicyChanged("", policy)])
    appender = Appender(kafka_alone.bootstrap)
    appender.raw(0, b"x", b"\xff no record")
    appender.flush()
    ends = ends_of(settings, CASE_EVENTS)
    detector.start()
    watch = LogWatch(settings.model_copy(update={"generation": "next"}))

    def has_worked_it_twice_over() -> bool:
        """Heard from everywhere, and so often that one who says the time would have said it."""
        beats = watch.beats()
        heard = sum(ends_of(settings, in_generation(DETECTOR, "next")).values())
        return heard >= 2 * PARTITIONS and all(p in beats and beats[p].offset >= end for p, end in ends.items())

    eventually(has_worked_it_twice_over, 60, "it has worked the log")
    watch.close()
    assert ends_of(settings, CASE_EVENTS) == ends
    assert {topic.name: sum(ends_of(settings, topic).values()) for topic in DERIVED_TOPICS} == dict.fromkeys(
        (topic.name for topic in DERIVED_TOPICS), 0
    )
    # State is kept now and then, with the batch after so many seconds: here there is none.
    said = [topic for topic in DERIVED_TOPICS if topic is not NEGLECT_STATE]
    counts = {topic.name: sum(ends_of(settings, in_generation(topic, "next")).values()) for topic in said}
    assert all(counts.values()), counts
    assert sum(ends_of(settings, in_generation(ALERTS, "next")).values()) > 20


def json_line(record: dict[str, object]) -> str:
    return json.dumps(record)


def test_the_log_is_the_same_for_every_generation_and_derived_topics_are_not() -> None:
    assert in_generation(CASE_EVENTS, "next") == CASE_EVENTS
    assert [in_generation(topic, "") for topic in DERIVED_TOPICS] == list(DERIVED_TOPICS)
    assert {topic.name for topic in NEXT} == {f"{topic.name}.next" for topic in DERIVED_TOPICS}
