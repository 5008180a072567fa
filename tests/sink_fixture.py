"""A real log, real tables and sinks between them, for the tests of the sink.

Fixtures: `sink_log`, `sink_producer` and `sink_tables`, one a module; `store`, a database of its own for each test;
`start_sink`, whose sinks end with the test.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kafka import KafkaProducer

from infra.clickhouse.node import ClickHouseNode
from infra.kafka.create_topics import create_topics
from infra.kafka.node import KafkaNode
from tests.integration.sink_under_test import Sink, Store

StartSink = Callable[..., Sink]


@pytest.fixture(scope="module")
def sink_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaNode]:
    node = KafkaNode(tmp_path_factory.mktemp("sink-log"), heap="384m")
    node.restart()
    create_topics(node.bootstrap)
    yield node
    node.kill()


@pytest.fixture(scope="module")
def sink_producer(sink_log: KafkaNode) -> Iterator[KafkaProducer]:
    producer = KafkaProducer(bootstrap_servers=sink_log.bootstrap, acks="all", linger_ms=5)
    yield producer
    producer.close()


@pytest.fixture(scope="module")
def sink_tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseNode]:
    with ClickHouseNode(tmp_path_factory.mktemp("sink-tables") / "data") as node:
        yield node


@pytest.fixture
def store(sink_tables: ClickHouseNode) -> Store:
    return Store(sink_tables, f"sink_{uuid.uuid4().hex[:12]}").create()


@pytest.fixture
def start_sink(sink_log: KafkaNode, tmp_path: Path) -> Iterator[StartSink]:
    sinks: list[Sink] = []

    def start(store: Store, module: str = "streams.worker clickhouse_sink") -> Sink:
        sinks.append(Sink(sink_log, store, tmp_path, module))
        return sinks[-1]

    yield start
    for sink in sinks:
        sink.close()
