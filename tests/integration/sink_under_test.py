"""A sink as a process, the tables it writes, and events for it: what tests of the sink are arranged with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import clickhouse_connect
from kafka import KafkaProducer

from infra.clickhouse.migrations import migrate
from infra.clickhouse.node import ClickHouseNode
from infra.kafka.node import KafkaNode
from services.casework.codec import encode_event
from services.casework.domain.events import Event, parse_event
from services.runtime.topics import CASE_EVENTS, partition_of

ROOT = Path(__file__).resolve().parents[2]
CAUGHT_UP_SECONDS = 60.0


@dataclass(frozen=True)
class Store:
    """A migrated database of the test's own."""

    node: ClickHouseNode
    database: str

    def client(self) -> Any:
        return clickhouse_connect.get_client(dsn=self.node.url, autogenerate_session_id=False)

    def create(self) -> Store:
        client = self.client()
        migrate(client, self.database)
        client.close()
        return self

    def drop(self) -> None:
        client = self.client()
        client.command(f"DROP DATABASE {self.database} SYNC")
        client.close()

    def rows(self, query: str, **parameters: object) -> list[tuple[Any, ...]]:
        client = clickhouse_connect.get_client(dsn=self.node.url, database=self.database, autogenerate_session_id=False)
        try:
            return list(client.query(query, parameters=parameters).result_rows)
        finally:
            client.close()

    def progress(self) -> dict[tuple[str, int], int]:
        rows = self.rows("SELECT topic, partition, offset FROM sink_progress FINAL")
        return {(topic, partition): offset for topic, partition, offset in rows}

    def wait_for(self, topic: str, partition: int, offset: int, within: float = CAUGHT_UP_SECONDS) -> None:
        deadline = time.monotonic() + within
        while self.progress().get((topic, partition), -1) < offset:
            assert time.monotonic() < deadline, f"not at {topic}[{partition}]@{offset}: {self.progress()}"
            time.sleep(0.05)


class Sink:
    """The worker as a process."""

    def __init__(self, log: KafkaNode, store: Store, var: Path, module: str) -> None:
        environment = {
            **environment_of(log, store),
            "VAR_DIR": str(var),
        }
        self.said = (var / f"{uuid.uuid4().hex}.log").open("wb+")
        command = [sys.executable, "-m", *module.split()]
        self.process = subprocess.Popen(command, env=environment, cwd=var, stdout=self.said, stderr=self.said)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> int:
        """The group is left in order: whoever comes next need not wait until it is missed."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def close(self) -> None:
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.kill()
        print(self.words()[-6000:])
        self.said.close()

    def ended_with(self, within: float = CAUGHT_UP_SECONDS) -> int:
        return self.process.wait(within)

    def words(self) -> str:
        return Path(self.said.name).read_text(errors="replace")


def a_call(case_id: str, *, event_id: str | None = None, **data: object) -> Event:
    stated = {
        "event_id": event_id or str(uuid.uuid4()),
        "case_id": case_id,
        "type": "call",
        "occurred_at": "2026-03-01T09:30:00.000Z",
        "data": {"direction": "outgoing", "outcome": "reached", **data},
    }
    return parse_event(stated, "jashore-network", "c0ffee00-0000-4000-8000-000000000007")


def append(producer: KafkaProducer, *events: Event) -> list[Any]:
    """The metadata of each, once the log has them."""
    sent = [
        producer.send(
            CASE_EVENTS.name, encode_event(event), key=event.case_id.encode(), partition=partition_of(event.case_id)
        )
        for event in events
    ]
    return [future.get(30) for future in sent]


def append_raw(producer: KafkaProducer, value: bytes | None, case_id: str) -> Any:
    return producer.send(CASE_EVENTS.name, value, key=case_id.encode(), partition=partition_of(case_id)).get(30)


def new_case() -> str:
    return str(uuid.uuid4())


def events_of(store: Store, case_id: str) -> list[tuple[Any, ...]]:
    return store.rows(
        "SELECT event_id, data, offset FROM events FINAL WHERE case_id = {case_id:String} ORDER BY offset",
        case_id=case_id,
    )


def environment_of(log: KafkaNode, store: Store) -> dict[str, str]:
    """What a process is told that works between these two."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "proto" / "gen")]),
        "KAFKA_BOOTSTRAP_SERVERS": log.bootstrap,
        "CLICKHOUSE_URL": store.node.address,
        "CLICKHOUSE_USER": store.node.user,
        "CLICKHOUSE_PASSWORD": store.node.password,
        "CLICKHOUSE_DATABASE": store.database,
    }


def dead_letters(log: KafkaNode, store: Store, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    done = subprocess.run(
        [sys.executable, "-m", "streams.dead_letters", *arguments],
        env=environment_of(log, store),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    print(done.stderr)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]
