"""The alerting service upon a real log, as its tests share it: who asks, what the log says, the service, its stream."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from aiokafka import AIOKafkaProducer

from infra.kafka.node import KafkaNode
from services.access.domain.supervisors import Supervisor
from services.alerting.bootstrap import alerting_of
from services.casework.codec import encode_event, encode_transition
from services.casework.domain.events import Event
from services.casework.domain.instants import HOUR
from services.casework.domain.transitions import AlertTransition, LogPosition
from services.runtime.serve import HttpServer
from services.runtime.settings import Settings
from services.runtime.topics import ALERTS, CASE_EVENTS, DETECTOR, PARTITIONS, partition_of
from tests import local_http, tokens
from tests.unit.services.alerting.alerting_builders import opened, raised

CAUSE = LogPosition(0, 1)
ROOT = Path(__file__).resolve().parents[2]


def now() -> int:
    return time.time_ns() // 1_000_000


class Organisation:
    """Its own people and cases, so that tests can share a log."""

    def __init__(self) -> None:
        self.name = f"org-{uuid.uuid4().hex[:8]}"
        self.supervisor_id, self.caseworker_id = str(uuid.uuid4()), str(uuid.uuid4())
        self.supervisor = tokens.bearer("supervisor", self.name, self.supervisor_id)
        self.caseworker = tokens.bearer("caseworker", self.name, self.caseworker_id)

    def opened(self, case_id: str, **more: object) -> Event:
        return opened(case_id, **{"caseworker_id": self.caseworker_id, "organisation": self.name, **more})

    def alert(self, case_id: str, rule_id: str = "contact", at: int | None = None, **more: object) -> AlertTransition:
        given = {"organisation": self.name, "caseworker_id": self.caseworker_id, **more}
        return raised(case_id, rule_id, at=now() - HOUR if at is None else at, **given)


class Log:
    """What casework and the detector would write."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    async def transitions(self, *transitions: AlertTransition) -> None:
        for transition in transitions:
            key = transition.case_id.encode()
            value = encode_transition(transition, CAUSE)
            partition = partition_of(transition.case_id)
            await self._producer.send_and_wait(ALERTS.name, value, key, partition)

    async def events(self, *events: Event) -> None:
        for one in events:
            partition = partition_of(one.case_id)
            await self._producer.send_and_wait(CASE_EVENTS.name, encode_event(one), one.case_id.encode(), partition)

    async def heartbeats(self, at: int | None = None, offset: int = 10**9) -> None:
        at = now() if at is None else at
        for partition in range(PARTITIONS):
            beat = {"partition": partition, "checked_until": at, "cases": 3, "offset": offset, "at": at}
            await self._producer.send_and_wait(DETECTOR.name, json.dumps(beat).encode(), None, partition)


@asynccontextmanager
async def log_of(kafka: KafkaNode) -> AsyncIterator[Log]:
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)
    await producer.start()
    try:
        yield Log(producer)
    finally:
        await producer.stop()


@asynccontextmanager
async def alerting(
    kafka: KafkaNode,
    casework_grpc: str = "127.0.0.1:1",
    canary_every_seconds: float = 300,
    supervisors: Sequence[Supervisor] = (),
    **more: object,
) -> AsyncIterator[httpx.AsyncClient]:
    """The service on a free port, read to the end of the log. more: settings; without a VAR_DIR, one of its own."""
    with TemporaryDirectory() as directory:
        told = {
            "kafka_bootstrap_servers": kafka.bootstrap,
            "casework_grpc": casework_grpc,
            "canary_every_seconds": canary_every_seconds,
            "var_dir": Path(directory),
        }
        service = alerting_of(Settings.model_validate(told | more), tokens.test_verifier(*supervisors))
        server = HttpServer(service.app, "127.0.0.1", 0)
        await service.following.start()
        await service.notifier.start()
        await server.start()
        try:
            async with local_http.async_client(base_url=f"http://127.0.0.1:{server.port}", timeout=30) as client:
                await until(lambda: ready(client))
                yield client
        finally:
            await server.stop(1)
            await service.notifier.stop(3)
            await service.following.stop(3)


async def ready(client: httpx.AsyncClient) -> bool:
    return (await client.get("/readyz")).status_code == 200


async def until(question, within_seconds: float = 20) -> None:
    deadline = time.monotonic() + within_seconds
    while not await question():
        assert time.monotonic() < deadline, "it did not come to be in time"
        await asyncio.sleep(0.05)


async def listed(client: httpx.AsyncClient, headers: dict[str, str], **params: str) -> dict:
    answer = await client.get("/v1/alerts", headers=headers, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def alert_ids(answer: dict) -> set[str]:
    return {alert["alert_id"] for item in answer["items"] for alert in item["alerts"]}


async def listed_with(client: httpx.AsyncClient, headers: dict[str, str], *alerts: AlertTransition) -> dict:
    """The list once it has these alerts."""
    wanted = {alert.alert_id for alert in alerts}

    async def there() -> bool:
        return wanted <= alert_ids(await listed(client, headers, state="all"))

    await until(there)
    return await listed(client, headers)


class Stream:
    """A reader of the stream, as a browser reads it."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def next(self, name: str = "", within_seconds: float = 15) -> tuple[str, str, dict]:
        """(event, id, data) of the next event, or of the next of that name."""
        async with asyncio.timeout(within_seconds):
            while True:
                found: dict[str, str] = {}
                async for line in self._lines:
                    if not line:
                        break
                    field, _, value = line.partition(": ")
                    found[field] = value
                else:
                    raise EOFError
                if "event" in found and name in ("", found["event"]):
                    return found["event"], found["id"], json.loads(found["data"])

    async def transitions(self, count: int) -> list[tuple[str, int]]:
        return [
            (data["alert_id"], data["revision"]) for _, _, data in [await self.next("transition") for _ in range(count)]
        ]


@asynccontextmanager
async def streaming(client: httpx.AsyncClient, headers: dict[str, str], after: str = "") -> AsyncIterator[Stream]:
    async with client.stream("GET", "/v1/alerts/stream", headers=headers, params={"after": after}) as answer:
        assert answer.status_code == 200, await answer.aread()
        yield Stream(answer.aiter_lines())


def case_ids(count: int) -> list[str]:
    return [str(uuid.uuid4()) for _ in range(count)]
