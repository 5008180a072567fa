"""The order in which things are worked, said and kept, also when whoever waits for it goes away."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from services.runtime.settings import Settings
from streams.neglect_watch.desk import Desk, Watched, _is_to_be_kept
from streams.neglect_watch.partition_watch import Findings, LogRecord, PartitionWatch
from streams.neglect_watch.state_codec import POSITION_KEY, decode_position
from streams.neglect_watch.state_writer import Superseded
from tests.case_builder import DAY, MAR_1, MAR_2, MAR_10, MINUTE, a_case
from tests.unit.streams.neglect_watch.test_partition_watch import clock, events_of, policy_record

LOG = [policy_record(0, MAR_1), *events_of(a_case().settled_on(MAR_1), 1), clock(2, MAR_2), clock(3, MAR_10)]
RAISED_AT = MAR_1 + 7 * DAY


@dataclass
class FakeEmitter:
    """Says what it is given. answers: set once the log answers. alive: each heartbeat, up to when all was checked."""

    said: list[Findings] = field(default_factory=list)
    alive: list[int | None] = field(default_factory=list)
    answers: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, partition: int, findings: Findings) -> None:
        self.said.append(findings)

    async def flush(self) -> None:
        await self.answers.wait()

    def say_alive(self, watch: PartitionWatch) -> None:
        self.alive.append(watch.checked_until)

    def say_the_time(self, partition: int) -> None:
        pass

    @property
    def raised(self) -> list[int]:
        return [t.at for findings in self.said for t, _ in findings.transitions if t.transition.value == "raised"]


@dataclass
class FakeState:
    kept: list[int] = field(default_factory=list)
    is_superseded: bool = False

    def write(self, records: list[tuple[bytes, bytes]]) -> None:
        if self.is_superseded:
            raise Superseded("partition 3 has another worker")
        self.kept.extend(decode_position(value).offset for key, value in records if key == POSITION_KEY)


async def a_desk(emitter: Any, state: Any) -> tuple[Desk, Watched]:
    desk, watched = Desk(Settings(), emitter), Watched(PartitionWatch(3), state)

    async def in_hands() -> Watched:
        return watched

    desk._hands[3] = asyncio.create_task(in_hands())
    await asyncio.sleep(0)
    return desk, watched


async def _soon() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_time_is_claimed_to_be_checked_only_when_what_was_found_is_in_its_topics() -> None:
    async def story() -> None:
        emitter, state = FakeEmitter(), FakeState()
        desk, watched = await a_desk(emitter, state)
        await desk.work(3, LOG)
        await _soon()
        assert (emitter.raised, watched.watch.checked_until) == ([RAISED_AT], None)
        emitter.answers.set()
        await _soon()
        assert watched.watch.checked_until == MAR_10

    asyncio.run(story())


def test_a_batch_whose_agent_is_cancelled_while_it_waits_is_said_all_the_same_before_state_is_kept() -> None:
    async def story() -> None:
        emitter, state = FakeEmitter(), FakeState()
        desk, watched = await a_desk(emitter, state)
        await desk.work(3, LOG[:3])
        waiting = asyncio.create_task(desk.work(3, LOG[3:]))
        await _soon()
        waiting.cancel()
        await _soon()
        assert waiting.cancelled()
        assert watched.watch.position == 3, "worked, and nobody was told yet"
        leaving = asyncio.create_task(desk.keep_all())
        await _soon()
        assert state.kept == []
        emitter.answers.set()
        await leaving
        assert emitter.raised == [RAISED_AT]
        assert state.kept == [3]

    asyncio.run(story())


def test_who_has_just_begun_is_heard_as_soon_as_its_first_clock_was_worked_and_then_with_the_beat_of_all() -> None:
    async def story() -> None:
        emitter = FakeEmitter()
        desk, _ = await a_desk(emitter, FakeState())
        await desk.work(3, LOG[:3])
        desk.tick()
        clock_comes = asyncio.create_task(desk.work(3, LOG[3:]))
        await _soon()
        desk.tick()
        assert emitter.alive == [], "nobody was told yet what was found"
        emitter.answers.set()
        await clock_comes
        await _soon()
        desk.tick()
        desk.tick()
        assert emitter.alive == [MAR_10]
        desk.beat()
        assert emitter.alive == [MAR_10, MAR_10]

    asyncio.run(story())


def test_a_worker_that_leaves_lets_a_quicker_successor_be() -> None:
    async def story() -> None:
        emitter, state = FakeEmitter(), FakeState(is_superseded=True)
        emitter.answers.set()
        desk, _ = await a_desk(emitter, state)
        await desk.work(3, LOG)
        await desk.keep_all()
        assert state.kept == []

    asyncio.run(story())


def test_what_was_put_aside_is_kept_at_once() -> None:
    async def story() -> None:
        emitter, state = FakeEmitter(), FakeState()
        emitter.answers.set()
        desk, _ = await a_desk(emitter, state)
        await desk.work(3, [*LOG[:2], LogRecord(2, MAR_2, LOG[1].key, b"\xff")])
        for _ in range(200):
            await asyncio.sleep(0.005)
            if state.kept:
                break
        assert state.kept == [2]

    asyncio.run(story())


@pytest.mark.parametrize(
    ("behind", "waited", "is_kept"),
    [(0, 4, False), (0, 6, True), (2 * MINUTE, 6, False), (2 * MINUTE, 31, True)],
)
def test_state_is_kept_every_few_seconds_and_less_often_while_much_is_to_be_caught_up_on(
    behind: int, waited: float, is_kept: bool
) -> None:
    state: Any = FakeState()
    watched = Watched(PartitionWatch(3), state)
    assert not _is_to_be_kept(watched)
    watched.watch.work([clock(0, int(time.time() * 1000) - behind)], Findings())
    watched.kept_at -= waited
    assert _is_to_be_kept(watched) == is_kept
