"""A worker's own port, on the loopback: /healthz (its event loop turns), /readyz (its reading goes on), /metrics.

    health = WorkerHealth("neglect_watch", settings, settings.neglect_watch_port, positions)
    health.watch(app)

Where the port is taken, as by another worker on the same machine, a free one is used, and the log says which.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

import faust
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.runtime.authentication import InvalidToken
from services.runtime.http import create_service_app
from services.runtime.logging import describe_exception
from services.runtime.metrics import show_progress
from services.runtime.progress import Place, ProgressWatch
from services.runtime.serve import HttpServer
from services.runtime.settings import Settings
from streams.crash import crash_on_error
from streams.kafka_clients import partition_reader

_ASK_EVERY_SECONDS: Final = 5.0
_ANSWER_SECONDS: Final = 5.0

Positions = Callable[[], Mapping[Place, int]]
"""The next offset to be worked of each partition that is this worker's now."""

_log = logging.getLogger(__name__)


class WorkerHealth:
    def __init__(self, name: str, settings: Settings, port: int, positions: Positions) -> None:
        self._name = name
        self._settings = settings
        self._port = port
        self._positions = positions
        self._progress = ProgressWatch(_now())

    def watch(self, app: faust.App) -> None:
        """Runs with the app. A worker whose own port cannot be served is not one to be left running."""

        @app.task
        async def serve_health() -> None:
            with crash_on_error(f"the own port of {self._name}"):
                await self._serve()

        @app.task
        async def watch_progress() -> None:
            with crash_on_error(f"the watch over the progress of {self._name}"):
                await self._watch_progress(app)

    async def _serve(self) -> None:
        app = create_service_app(self._name, self._name, _Nobody(), {"progress": self._require_progress})
        server = HttpServer(app, self._settings.inner_host, self._port, or_any_port=True)
        await server.start()
        _log.info("health and metrics are served", extra={"address": f"{server.host}:{server.port}"})
        try:
            await server.wait()
        finally:
            await server.stop(0)

    async def _require_progress(self) -> None:
        self._progress.require(_now())

    async def _watch_progress(self, app: faust.App) -> None:
        consumer: AIOKafkaConsumer | None = None
        try:
            while not app.should_stop:
                try:
                    if consumer is None:
                        consumer = await _started(self._settings)
                    await self._note(consumer)
                except (KafkaError, TimeoutError, OSError) as error:
                    _log.info("the log did not say where it ends", extra={"reason": describe_exception(error)})
                await asyncio.sleep(_ASK_EVERY_SECONDS)
        finally:
            if consumer is not None:
                await consumer.stop()

    async def _note(self, consumer: Any) -> None:
        # Where reading is comes first: what is appended meanwhile is no standstill.
        positions = dict(self._positions())
        places = [TopicPartition(*place) for place in positions]
        found = await asyncio.wait_for(consumer.end_offsets(places), _ANSWER_SECONDS) if places else {}
        ends = {(place.topic, place.partition): end for place, end in found.items()}
        self._progress.note(_now(), positions, ends)
        show_progress(positions, ends)


async def _started(settings: Settings) -> AIOKafkaConsumer:
    consumer = partition_reader(settings)
    try:
        await consumer.start()
    except BaseException:
        await consumer.stop()
        raise
    return consumer


class _Nobody:
    """Nobody signs in to a worker."""

    def verify(self, token: str) -> NoReturn:
        raise InvalidToken("nobody signs in here")

    def known(self, _token: str) -> None:
        return None


def _now() -> int:
    """Monotonic, for durations alone."""
    return time.monotonic_ns() // 1_000_000
