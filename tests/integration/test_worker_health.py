"""A worker's own port: alive while its loop turns, ready while its reading goes on, and numbers about both."""

from __future__ import annotations

import signal
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from infra.clickhouse.migrations import DATABASE, migrate
from infra.clickhouse.node import ClickHouseNode
from infra.kafka.node import KafkaNode
from infra.kafka.ports import free_port
from services.casework.domain.events import Event
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy
from services.runtime.topics import CASE_EVENTS
from tests import local_http
from tests.clickhouse_fixture import client_of
from tests.kafka_fixture import FreshKafka
from tests.live_log import Appender, Worker, eventually

A_CALL = {"direction": "outgoing", "outcome": "reached"}


@pytest.fixture
def kafka_alone(fresh_kafka: FreshKafka) -> KafkaNode:
    return fresh_kafka()


@pytest.fixture
def start(kafka_alone: KafkaNode, tmp_path: Path) -> Iterator[Callable[..., tuple[Worker, str]]]:
    """Starts a worker; answers it and the address of its own port."""
    workers: list[Worker] = []

    def started(app: str, port: int = 0, **more: str) -> tuple[Worker, str]:
        port = port or free_port()
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": kafka_alone.bootstrap,
            f"{app.upper()}_PORT": str(port),
            "CLOCK_EVERY_SECONDS": "2",
            **more,
        }
        worker = Worker(app, environment, tmp_path / f"{app}-{len(workers)}.log")
        workers.append(worker)
        worker.start()
        return worker, f"http://127.0.0.1:{port}"

    yield started
    for worker in workers:
        worker.kill()


def asked(url: str, path: str) -> httpx.Response | None:
    """None: nobody answered within two seconds."""
    try:
        return local_http.get(url + path, timeout=2)
    except httpx.TransportError:
        return None


def status_of(url: str, path: str) -> int:
    answer = asked(url, path)
    return 0 if answer is None else answer.status_code


def metric(url: str, name: str) -> float:
    """The sum over all labels."""
    answer = asked(url, "/metrics")
    lines = [] if answer is None else answer.text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name + "{"))


def call_of(number: int) -> Event:
    case_id = str(uuid.UUID(int=number, version=4))
    return Event(str(uuid.uuid4()), case_id, "call", int(time.time() * 1000), A_CALL, "ngo-a", str(uuid.UUID(int=1)))


def test_a_detector_says_how_far_it_is_and_a_frozen_one_does_not_answer(
    kafka_alone: KafkaNode, start: Callable[..., tuple[Worker, str]]
) -> None:
    append = Appender(kafka_alone.bootstrap)
    append.policy(load_policy(DEFAULT_POLICY_PATH))
    worker, url = start("neglect_watch")
    eventually(lambda: status_of(url, "/healthz") == 200, 40, "alive")
    append.events(map(call_of, range(500)))
    append.raw(0, b"nobody", b"\xff\xfe not an envelope")
    append.flush()
    eventually(lambda: metric(url, "reintegration_records_total") > 500, 40, "the records are counted")
    eventually(lambda: metric(url, "reintegration_log_position") > 500, 20, "the position is shown")
    eventually(lambda: metric(url, "reintegration_log_lag") == 0, 20, "nothing is behind")
    assert metric(url, "reintegration_dead_letters_total") == 1
    assert metric(url, "reintegration_batches_total") >= 1
    assert status_of(url, "/readyz") == 200
    worker.running.send_signal(signal.SIGSTOP)
    assert asked(url, "/healthz") is None
    worker.running.send_signal(signal.SIGCONT)
    eventually(lambda: status_of(url, "/readyz") == 200, 40, "ready again")


def test_a_second_worker_on_the_same_machine_takes_another_port_and_says_so(
    kafka_alone: KafkaNode, start: Callable[..., tuple[Worker, str]]
) -> None:
    _, url = start("neglect_watch")
    eventually(lambda: status_of(url, "/healthz") == 200, 40, "alive")
    second, _ = start("neglect_watch", port=int(url.rsplit(":", 1)[1]))
    eventually(lambda: "health and metrics are served" in second.log.read_text(), 40, "served elsewhere")
    assert "a free one is taken this time" in second.log.read_text()
    assert second.running.poll() is None


@pytest.mark.timeout(300)
def test_a_sink_that_stands_still_while_the_log_grows_is_not_ready_and_names_the_place(
    kafka_alone: KafkaNode,
    start: Callable[..., tuple[Worker, str]],
    start_clickhouse: Callable[..., ClickHouseNode],
) -> None:
    store, append = start_clickhouse(), Appender(kafka_alone.bootstrap)
    client = client_of(store)
    migrate(client)
    client.close()
    credentials = {"CLICKHOUSE_USER": store.user, "CLICKHOUSE_PASSWORD": store.password}
    _, url = start("clickhouse_sink", CLICKHOUSE_URL=store.address, CLICKHOUSE_DATABASE=DATABASE, **credentials)
    append.events(map(call_of, range(100)))
    eventually(lambda: metric(url, "reintegration_log_position") >= 100, 60, "the sink has begun")
    eventually(lambda: status_of(url, "/readyz") == 200, 20, "ready")
    store.kill()
    append.events(map(call_of, range(100)))
    began = time.monotonic()
    eventually(lambda: status_of(url, "/readyz") == 503, 90, "not ready")
    print(f"\nnot ready {time.monotonic() - began:.0f} s after its store was gone")
    answer = asked(url, "/readyz")
    assert answer is not None
    (error,) = answer.json()["errors"]
    assert error["field"] == "progress"
    assert f"{CASE_EVENTS.name} partition" in error["message"]
    assert "has not moved for" in error["message"]
    assert status_of(url, "/healthz") == 200
    store.restart()
    eventually(lambda: status_of(url, "/readyz") == 200, 60, "ready again")
    eventually(lambda: metric(url, "reintegration_log_lag") == 0, 20, "caught up")
