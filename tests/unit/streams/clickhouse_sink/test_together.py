"""Rows that wait for a store go in together: nothing is left out, nothing said to be in before it is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.casework.domain.log_time import LogTime
from streams.clickhouse_sink.store import Step, StoreAway
from streams.clickhouse_sink.tables import Block, Table
from streams.clickhouse_sink.together import Together

TABLES = (Table("some", {"number": "UInt64", "word": "String"}), Table("others", {"number": "UInt64"}))


def block(table: Table, *numbers: int) -> Block:
    columns: list[list[object]] = [list(numbers), [str(number) for number in numbers]]
    return Block(table, columns[: len(table.columns)])


@dataclass
class HeldStore:
    """Takes rows when it is let go on; fails those inserts whose number is in `fails`."""

    fails: frozenset[int] = frozenset()
    told: list[tuple[str, list[int]]] = field(default_factory=list)
    begun: list[tuple[str, list[int]]] = field(default_factory=list)
    rows: dict[str, list[int]] = field(default_factory=dict)
    at_work: dict[str, int] = field(default_factory=dict)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def progress(self, topic: str) -> Mapping[int, LogTime]:
        return {1: LogTime(offset=len(topic))}

    async def go_on(self, topic: str, steps: Sequence[Step]) -> Sequence[bool]:
        assert len({step.partition for step in steps}) == len(steps)
        self.told.append((topic, [step.partition for step in steps]))
        await self.goes_on.wait()
        return [step.follows == step.partition for step in steps]

    async def insert(self, block: Block) -> None:
        name, numbers = block.table.name, list(block.columns[0])
        assert all(list(column) == [str(number) for number in numbers] for column in block.columns[1:])
        self.begun.append((name, numbers))
        mine = len(self.begun) - 1
        self.at_work[name] = self.at_work.get(name, 0) + 1
        assert self.at_work[name] == 1
        await self.goes_on.wait()
        await asyncio.sleep(0)
        self.at_work[name] -= 1
        if mine in self.fails:
            raise StoreAway("OperationalError")
        self.rows.setdefault(name, []).extend(numbers)


async def test_what_comes_while_an_insert_is_under_way_is_the_next_one() -> None:
    store = HeldStore()
    together = Together(store)
    some, others = TABLES
    asked = [asyncio.create_task(together.insert(block(some, number, number))) for number in (1, 2)]
    await asyncio.sleep(0.01)
    asked += [asyncio.create_task(together.insert(block(some, number))) for number in (3, 4, 5)]
    asked.append(asyncio.create_task(together.insert(block(others, 6))))
    await asyncio.sleep(0.01)
    assert store.begun == [("some", [1, 1, 2, 2]), ("others", [6])]
    store.goes_on.set()
    await asyncio.gather(*asked)
    assert store.begun[2:] == [("some", [3, 4, 5])]
    assert store.rows == {"some": [1, 1, 2, 2, 3, 4, 5], "others": [6]}


async def test_all_whose_rows_went_together_hear_that_they_are_not_in_and_the_next_ones_go_on() -> None:
    store = HeldStore(fails=frozenset({0}))
    together = Together(store)
    first = [asyncio.create_task(together.insert(block(TABLES[0], number))) for number in (1, 2)]
    await asyncio.sleep(0.01)
    later = asyncio.create_task(together.insert(block(TABLES[0], 3)))
    store.goes_on.set()
    for one in first:
        with pytest.raises(StoreAway):
            await one
    await later
    assert store.rows == {"some": [3]}


async def test_one_who_is_cancelled_takes_nobodys_rows_away() -> None:
    store = HeldStore()
    together = Together(store)
    leaving, staying = (asyncio.create_task(together.insert(block(TABLES[0], number))) for number in (1, 2))
    await asyncio.sleep(0.01)
    leaving.cancel()
    store.goes_on.set()
    await staying
    assert leaving.cancelled()
    assert 2 in store.rows["some"]


async def test_how_far_it_is_the_store_itself_says() -> None:
    assert await Together(HeldStore()).progress("four") == {1: LogTime(offset=4)}


async def test_progress_of_several_partitions_goes_on_together_and_each_hears_its_own_answer() -> None:
    store = HeldStore()
    together = Together(store)

    async def asked(topic: str, partition: int, follows: int) -> bool:
        (went_on,) = await together.go_on(topic, (Step(partition, follows, LogTime(offset=9)),))
        return went_on

    first = asyncio.create_task(asked("t", 1, 1))
    await asyncio.sleep(0.01)
    steps = [("t", 2, 2), ("t", 3, 0), ("t", 4, 4), ("t", 4, 0), ("u", 5, 5)]
    later = [asyncio.create_task(asked(*step)) for step in steps]
    await asyncio.sleep(0.01)
    store.goes_on.set()
    assert await first
    assert await asyncio.gather(*later) == [True, False, True, False, True]
    assert store.told == [("t", [1]), ("u", [5]), ("t", [4, 3, 2]), ("t", [4])]


@given(
    st.lists(st.tuples(st.sampled_from(TABLES), st.integers(1, 4), st.integers(0, 3)), max_size=25),
    st.frozensets(st.integers(0, 12)),
)
def test_whoever_tries_until_it_is_in_has_all_rows_in(
    asked: list[tuple[Table, int, int]], fails: frozenset[int]
) -> None:
    async def run() -> None:
        store = HeldStore(fails)
        store.goes_on.set()
        together = Together(store)

        async def until_it_is_in(number: int, table: Table, size: int, wait: int) -> None:
            for _ in range(wait):
                await asyncio.sleep(0)
            mine = block(table, *[number] * size)
            while True:
                try:
                    await together.insert(mine)
                except StoreAway:
                    continue
                assert store.rows[table.name].count(number) == size
                return

        await asyncio.gather(*(until_it_is_in(number, *each) for number, each in enumerate(asked)))
        assert sum(map(len, store.rows.values())) == sum(size for _, size, _ in asked)

    asyncio.run(run())
