"""The tables hang: who only records must not wait for them."""

from __future__ import annotations

import asyncio
import threading

import httpx

from services.casework.adapters.clickhouse_history import ClickHouseHistory
from services.casework.adapters.memory_log import MemoryLog
from services.casework.bootstrap import LogFollower, assemble, create_app
from tests.unit.services.casework.application.casework_in_memory import (
    MARCH,
    POLICY,
    KnownPeople,
    NobodyIsGone,
    ReplayingMemory,
    StandingClock,
    bearer,
    called,
    opened,
)

MORE_THAN_THE_SHARED_THREADS = 60


async def test_an_event_is_taken_at_once_while_every_look_at_the_tables_hangs() -> None:
    clock, released = StandingClock(), threading.Event()

    def connect() -> object:
        released.wait(20)
        raise OSError("the tables never answered")

    log = MemoryLog(clock)
    casework = assemble(log, ClickHouseHistory(connect), ReplayingMemory(log), {"": POLICY}, now=clock)
    app, follower = create_app(casework, KnownPeople()), LogFollower(casework, NobodyIsGone())
    await follower.start()
    await asyncio.wait_for(casework.view.published.wait(), 5)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://casework") as client:
        await client.post("/v1/events", json=opened(1, 100, MARCH), headers=bearer("anna"))
        looks = [
            asyncio.create_task(client.get("/v1/worklist", headers=bearer("anna")))
            for _ in range(MORE_THAN_THE_SHARED_THREADS)
        ]
        await asyncio.sleep(0.2)
        try:
            taken = client.post("/v1/events", json=called(2, 100, MARCH), headers=bearer("anna"))
            assert (await asyncio.wait_for(taken, 2)).status_code == 201
        finally:
            released.set()
        assert {answer.status_code for answer in await asyncio.gather(*looks)} == {503}
    await follower.stop(1)
