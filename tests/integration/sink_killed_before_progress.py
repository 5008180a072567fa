"""A sink that is killed (-9) after its rows are in the tables and before its progress is: run as a program."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from typing import Any

import faust

from services.casework.domain.log_time import LogTime
from services.runtime.settings import Settings, load_settings
from streams import app as apps
from streams.clickhouse_sink.agents import create_agents
from streams.clickhouse_sink.store import ClickHouseStore, Step
from streams.clickhouse_sink.tables import Block


class DyingStore:
    def __init__(self, settings: Settings) -> None:
        self._store = ClickHouseStore(settings)
        self._written = 0

    async def progress(self, topic: str) -> Mapping[int, LogTime]:
        return await self._store.progress(topic)

    async def insert(self, block: Block) -> None:
        await self._store.insert(block)
        self._written += len(block)

    async def go_on(self, topic: str, steps: Sequence[Step]) -> Sequence[bool]:
        if self._written:
            os.kill(os.getpid(), signal.SIGKILL)
        return await self._store.go_on(topic, steps)


def _agents(app: faust.App, settings: Settings) -> Any:
    return create_agents(app, settings, DyingStore(settings))


if __name__ == "__main__":
    apps.APPS["clickhouse_sink"] = _agents  # type: ignore[index]
    faust.Worker(apps.build_app("clickhouse_sink", load_settings()), loglevel="INFO").execute_from_commandline()
