"""The detector's kept state on a real log: whole or not at all, and by one worker alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from confluent_kafka import Message

from infra.kafka.node import KafkaNode
from services.runtime.settings import Settings
from services.runtime.topics import NEGLECT_STATE
from streams.neglect_watch.state_writer import StateWriter, Superseded
from streams.partition_reading import read_partition
from tests.kafka_fixture import FreshKafka

PARTITION = 4


@pytest.fixture
def kafka_alone(fresh_kafka: FreshKafka) -> KafkaNode:
    return fresh_kafka()


@pytest.fixture
def settings(kafka_alone: KafkaNode) -> Settings:
    return Settings(kafka_bootstrap_servers=kafka_alone.bootstrap)


def claimed(settings: Settings) -> StateWriter:
    writer = StateWriter(settings, PARTITION)
    writer.claim()
    return writer


def kept(settings: Settings) -> list[tuple[bytes, bytes]]:
    def of(record: Message) -> tuple[bytes, bytes]:
        key, value = record.key(), record.value()
        assert isinstance(key, bytes) and isinstance(value, bytes)
        return key, value

    return [of(record) for chunk in read_partition(settings, NEGLECT_STATE.name, PARTITION) for record in chunk]


def test_a_worker_that_thaws_after_another_took_over_cannot_write_its_old_state(settings: Settings) -> None:
    frozen = claimed(settings)
    frozen.write([(b"case", b"as the frozen one knows it"), (b"position", b"7")])
    successor = claimed(settings)
    successor.write([(b"case", b"newer"), (b"position", b"9")])
    with pytest.raises(Superseded, match="another worker"):
        frozen.write([(b"case", b"old again"), (b"position", b"8")])
    successor.write([(b"position", b"10")])
    assert kept(settings) == [
        (b"case", b"as the frozen one knows it"),
        (b"position", b"7"),
        (b"case", b"newer"),
        (b"position", b"9"),
        (b"position", b"10"),
    ]


def test_what_a_worker_left_half_written_is_read_by_nobody(settings: Settings) -> None:
    broken_off = claimed(settings)
    broken_off.write([(b"position", b"1")])
    producer = broken_off._producer
    producer.begin_transaction()
    producer.produce(NEGLECT_STATE.name, b"half", b"case", partition=PARTITION)
    producer.flush()
    claimed(settings).write([(b"position", b"2")])
    assert kept(settings) == [(b"position", b"1"), (b"position", b"2")]


def test_the_log_pulled_away_in_the_middle_delays_the_state_and_no_more(
    kafka_alone: KafkaNode, settings: Settings
) -> None:
    writer = claimed(settings)
    writer.write([(b"position", b"1")])
    kafka_alone.kill()
    with ThreadPoolExecutor(1) as threads:
        writing = threads.submit(writer.write, [(b"case", b"x" * 1000), (b"position", b"2")])
        kafka_alone.restart()
        writing.result(60)
    assert kept(settings) == [(b"position", b"1"), (b"case", b"x" * 1000), (b"position", b"2")]
