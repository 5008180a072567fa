"""Rows of one table that wait for the same store go in together: what an insert costs is mostly by the statement.

While an insert into a table is under way, all that is asked for meanwhile becomes the next one. Under a light load
every block goes at once and alone; the slower the store, the larger what it is given.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from services.casework.domain.log_time import LogTime
from streams.clickhouse_sink.store import SinkStore
from streams.clickhouse_sink.tables import Block


@dataclass(slots=True)
class _Gathering:
    """Blocks of one table that go in next, and the task that will have put them in."""

    blocks: list[Block] = field(default_factory=list)
    going_in: asyncio.Task[None] | None = None


class Together:
    """A store in front of another. For one event loop."""

    def __init__(self, store: SinkStore) -> None:
        self._store = store
        self._turns: dict[str, asyncio.Lock] = {}
        self._gathering: dict[str, _Gathering] = {}

    async def progress(self, topic: str) -> Mapping[int, LogTime]:
        return await self._store.progress(topic)

    async def go_on(self, topic: str, partition: int, follows: int, reached: LogTime) -> bool:
        return await self._store.go_on(topic, partition, follows, reached)

    async def insert(self, block: Block) -> None:
        """Fails for all whose rows went together; each then tries its own again."""
        name = block.table.name
        gathering = self._gathering.setdefault(name, _Gathering())
        gathering.blocks.append(block)
        if gathering.going_in is None:
            gathering.going_in = asyncio.create_task(self._put_in(name, gathering))
        # One who is cancelled takes nobody's rows away with it.
        await asyncio.shield(gathering.going_in)

    async def _put_in(self, name: str, gathering: _Gathering) -> None:
        async with self._turns.setdefault(name, asyncio.Lock()):
            del self._gathering[name]
            await self._store.insert(_joined(gathering.blocks))


def _joined(blocks: Sequence[Block]) -> Block:
    if len(blocks) == 1:
        return blocks[0]
    columns = zip(*(block.columns for block in blocks), strict=True)
    return Block(blocks[0].table, [list(chain.from_iterable(column)) for column in columns])
