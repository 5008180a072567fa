"""The Faust rim of the detector: records in, acknowledged once the desk is done with them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from typing import Any

import faust

from services.casework.domain.log_time import header_instant
from services.runtime.metrics import BATCHES, RECORDS
from services.runtime.settings import Settings
from services.runtime.topics import CASE_EVENTS
from streams.crash import crash_on_error
from streams.health import WorkerHealth
from streams.neglect_watch.canary import Canaries
from streams.neglect_watch.desk import Desk
from streams.neglect_watch.emitter import APP_NAME, Emitter
from streams.neglect_watch.partition_watch import LogRecord
from streams.topics import case_events

log = logging.getLogger(__name__)

BATCH_RECORDS = 2_000
BATCH_SECONDS = 0.05
TICK_SECONDS = 0.1
BEAT_SECONDS = 5.0
CANARY_SECONDS = 0.5


def create_agents(app: faust.App, settings: Settings) -> None:
    """Put the detector into a Faust app."""
    topic = case_events(app)
    emitter = Emitter(settings)
    desk = Desk(settings, emitter)
    WorkerHealth(APP_NAME, settings, settings.neglect_watch_port, desk.positions).watch(app)
    canaries = Canaries(round(settings.canary_every_seconds * 1000), emitter.append)

    @app.on_partitions_assigned.connect
    async def assigned(_app: Any, assigned: set[Any], **_: Any) -> None:
        desk.assign(tp.partition for tp in assigned if tp.topic == topic.get_topic_name())

    @app.on_partitions_revoked.connect
    async def revoked(_app: Any, revoked: set[Any], **_: Any) -> None:
        desk.revoke(tp.partition for tp in revoked if tp.topic == topic.get_topic_name())

    @app.agent(topic, name="neglect_watch", concurrency=1)
    async def neglect_watch(stream: Any) -> None:
        # A batch is acknowledged whatever happens to it, so nothing may go wrong with it and the process go on.
        async for events in stream.take_events(BATCH_RECORDS, within=BATCH_SECONDS):
            with crash_on_error("neglect_watch"):
                for partition, records in _by_partition(events).items():
                    await desk.work(partition, records)
                BATCHES.labels(APP_NAME, CASE_EVENTS.name).inc()
                RECORDS.labels(APP_NAME, CASE_EVENTS.name).inc(len(events))

    @app.task
    async def tick() -> None:
        with crash_on_error("the clock of neglect_watch"):
            while not app.should_stop:
                desk.tick()
                await asyncio.sleep(TICK_SECONDS)

    @app.task
    async def keep_canaries() -> None:
        with crash_on_error("the canaries of neglect_watch"):
            while not app.should_stop:
                canaries.keep_up(desk.live(), int(time.time() * 1000))
                await asyncio.sleep(CANARY_SECONDS)

    @app.task
    async def beat() -> None:
        with crash_on_error("the heartbeat of neglect_watch"):
            while not app.should_stop:
                desk.beat()
                await asyncio.sleep(BEAT_SECONDS)


def _by_partition(events: Any) -> dict[int, list[LogRecord]]:
    records: defaultdict[int, list[LogRecord]] = defaultdict(list)
    for event in events:
        message = event.message
        records[message.partition].append(
            LogRecord(
                message.offset,
                round(message.timestamp * 1000),
                message.key,
                message.value,
                header_instant(_pairs(message.headers)),
            )
        )
    return records


def _pairs(headers: Any) -> list[tuple[str, bytes]]:
    """Faust gives headers as a mapping or a list, depending on where they came from."""
    return list(headers.items()) if hasattr(headers, "items") else list(headers or ())
