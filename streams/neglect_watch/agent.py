"""The Faust rim of the detector: records in, acknowledged once the desk is done with them."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import faust

from services.runtime.metrics import BATCHES, RECORDS
from services.runtime.settings import Settings
from services.runtime.topics import CASE_EVENTS
from streams.bulk_delivery import batches
from streams.crash import crash_on_error
from streams.health import WorkerHealth
from streams.neglect_watch.canary import Canaries
from streams.neglect_watch.desk import Desk
from streams.neglect_watch.emitter import APP_NAME, Emitter
from streams.neglect_watch.recovery import log_record
from streams.topics import case_events

log = logging.getLogger(__name__)

TICK_SECONDS = 0.1
BEAT_SECONDS = 2.0
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

    @app.on_before_shutdown.connect
    async def stopping(_app: Any, **_: Any) -> None:
        with crash_on_error("the last keeping of neglect_watch"):
            await desk.keep_all()

    @app.agent(topic, name="neglect_watch", concurrency=1)
    async def neglect_watch(stream: Any) -> None:
        async for partition, records in batches(stream):
            # A batch is acknowledged whatever happens to it, so nothing may go wrong with it and the process go on.
            with crash_on_error("neglect_watch"):
                await desk.work(partition, [log_record(record) for record in records])
                BATCHES.labels(APP_NAME, CASE_EVENTS.name).inc()
                RECORDS.labels(APP_NAME, CASE_EVENTS.name).inc(len(records))

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
