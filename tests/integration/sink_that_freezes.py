"""A sink that freezes itself (SIGSTOP) once, before its first rows or before its first progress: run as a program.

Argument: `insert` or `go_on`.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import faust

from services.casework.domain.log_time import LogTime
from services.runtime.settings import Settings, load_settings
from streams import app as apps
from streams.clickhouse_sink.agents import create_agents
from streams.clickhouse_sink.store import ClickHouseStore, Step
from streams.clickhouse_sink.tables import Block


class FreezingStore:
    def __init__(self, settings: Settings, before: str) -> None:
        self._store = ClickHouseStore(settings)
        self._before = before

    async def progress(self, topic: str) -> Mapping[int, LogTime]:
        return await self._store.progress(topic)

    async def insert(self, block: Block) -> None:
        self._freeze("insert")
        await self._store.insert(block)

    async def go_on(self, topic: str, steps: Sequence[Step]) -> Sequence[bool]:
        self._freeze("go_on")
        return await self._store.go_on(topic, steps)

    def _freeze(self, here: str) -> None:
        if self._before == here:
            self._before = ""
            os.kill(os.getpid(), signal.SIGSTOP)


def _agents(app: faust.App, settings: Settings) -> Any:
    return create_agents(app, settings, FreezingStore(settings, sys.argv.pop()))


if __name__ == "__main__":
    apps.APPS["clickhouse_sink"] = _agents  # type: ignore[index]
    faust.Worker(apps.build_app("clickhouse_sink", load_settings()), loglevel="INFO").execute_from_commandline()
