"""What waits for the same table goes in together, and so does progress: it is the statements that cost, not the rows.

While one statement is under way, all that is asked for meanwhile becomes the next one. Under a light load everything
goes at once and alone; the slower the store, the larger what it is given.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Generic, TypeVar

from services.casework.domain.log_time import LogTime
from streams.clickhouse_sink.store import SinkStore, Step
from streams.clickhouse_sink.tables import Block

_Asked = TypeVar("_Asked")
_Answer = TypeVar("_Answer")


@dataclass(slots=True)
class _Gathering(Generic[_Asked, _Answer]):
    asked: list[_Asked] = field(default_factory=list)
    done: asyncio.Task[Sequence[_Answer]] | None = None


class _Turns(Generic[_Asked, _Answer]):
    """work: what is done, one at a time, for all that was asked since it began last; an answer for each."""

    def __init__(self, work: Callable[[Sequence[_Asked]], Awaitable[Sequence[_Answer]]]) -> None:
        self._work = work
        self._turn = asyncio.Lock()
        self._next = _Gathering[_Asked, _Answer]()

    async def ask(self, one: _Asked) -> _Answer:
        gathering, place = self._next, len(self._next.asked)
        gathering.asked.append(one)
        if gathering.done is None:
            gathering.done = asyncio.create_task(self._do(gathering))
        # One who is cancelled takes away nothing of the others.
        return (await asyncio.shield(gathering.done))[place]

    async def _do(self, gathering: _Gathering[_Asked, _Answer]) -> Sequence[_Answer]:
        async with self._turn:
            self._next = _Gathering()
            return await self._work(gathering.asked)


class Together:
    """A store in front of another, for one event loop. What fails, fails for all who went together."""

    def __init__(self, store: SinkStore) -> None:
        self._store = store
        self._inserts: dict[str, _Turns[Block, None]] = {}
        self._steps: dict[str, _Turns[Step, bool]] = {}

    async def progress(self, topic: str) -> Mapping[int, LogTime]:
        return await self._store.progress(topic)

    async def insert(self, block: Block) -> None:
        turns = self._inserts.get(block.table.name)
        if turns is None:
            turns = self._inserts[block.table.name] = _Turns(self._insert)
        await turns.ask(block)

    async def go_on(self, topic: str, steps: Sequence[Step]) -> Sequence[bool]:
        turns = self._steps.get(topic)
        if turns is None:
            turns = self._steps[topic] = _Turns(partial(self._go_on, topic))
        return await asyncio.gather(*map(turns.ask, steps))

    async def _insert(self, blocks: Sequence[Block]) -> Sequence[None]:
        await self._store.insert(_joined(blocks))
        return [None] * len(blocks)

    async def _go_on(self, topic: str, steps: Sequence[Step]) -> Sequence[bool]:
        """One after the other where two are of one partition: the store is told of each partition once a statement."""
        answers: dict[Step, bool] = {}
        left = list(dict.fromkeys(steps))
        while left:
            now = list({step.partition: step for step in reversed(left)}.values())
            answers.update(zip(now, await self._store.go_on(topic, now), strict=True))
            left = [step for step in left if step not in answers]
        return [answers[step] for step in steps]


def _joined(blocks: Sequence[Block]) -> Block:
    if len(blocks) == 1:
        return blocks[0]
    columns = zip(*(block.columns for block in blocks), strict=True)
    return Block(blocks[0].table, [list(chain.from_iterable(column)) for column in columns])
