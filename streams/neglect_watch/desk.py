"""The partitions this worker watches: recovering them, working their records, letting time be said."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence

from services.runtime.progress import Place
from services.runtime.settings import Settings
from services.runtime.topics import CASE_EVENTS, DEAD_LETTERS
from streams.neglect_watch.emitter import Emitter
from streams.neglect_watch.partition_watch import Findings, LogRecord, PartitionWatch
from streams.neglect_watch.recovery import missed, recover

log = logging.getLogger(__name__)

UNREADABLE_IN_A_ROW = 1_000
"""So many unreadable records one after the other are no accident: the worker stops rather than empty the log into
the dead letters."""
_FILL_AT_ONCE = 5_000


class TooManyUnreadable(RuntimeError):
    """Something is wrong with this reader or with who writes; a person must look."""


class Desk:
    """`assign` and `revoke` follow the group; `work` answers once everything found is in its topics."""

    def __init__(self, settings: Settings, emitter: Emitter) -> None:
        self._settings = settings
        self._emitter = emitter
        self._watches: dict[int, asyncio.Task[PartitionWatch]] = {}
        self._clock_said: dict[int, float] = {}
        self._unreadable_in_a_row = 0

    def assign(self, partitions: Iterable[int]) -> None:
        for partition in partitions:
            if partition not in self._watches:
                task = asyncio.create_task(recover(self._settings, partition), name=f"recover {partition}")
                self._watches[partition] = task

    def revoke(self, partitions: Iterable[int]) -> None:
        for partition in partitions:
            task = self._watches.pop(partition, None)
            self._clock_said.pop(partition, None)
            if task is not None:
                task.cancel()

    async def work(self, partition: int, records: Sequence[LogRecord]) -> None:
        """Take records of one partition, in order. Those of a partition no longer ours are somebody else's."""
        task = self._watches.get(partition)
        if task is None or not records:
            return
        watch = await asyncio.shield(task)
        if records[0].offset > watch.position + 1:
            await self._fill(watch, records[0].offset)
        await self._take(watch, records)

    async def _fill(self, watch: PartitionWatch, stop: int) -> None:
        """Work what was delivered to somebody who did not get to keep its state."""
        batch: list[LogRecord] = []
        async for record in missed(self._settings, watch.partition, watch.position + 1, stop):
            batch.append(record)
            if len(batch) >= _FILL_AT_ONCE:
                await self._take(watch, batch)
                batch = []
        await self._take(watch, batch)

    async def _take(self, watch: PartitionWatch, records: Sequence[LogRecord]) -> None:
        findings = Findings()
        for record in records:
            known = len(findings.unreadable)
            watch.work(record, findings)
            self._count_unreadable(len(findings.unreadable) > known, record)
        await self._emitter.publish(watch.partition, findings)
        await self._emitter.keep(watch)
        watch.said = watch.time.state

    def _count_unreadable(self, unreadable: bool, record: LogRecord) -> None:
        self._unreadable_in_a_row = self._unreadable_in_a_row + 1 if unreadable else 0
        if self._unreadable_in_a_row >= UNREADABLE_IN_A_ROW:
            raise TooManyUnreadable(f"{UNREADABLE_IN_A_ROW} in a row, up to {record.offset}; see {DEAD_LETTERS.name}")

    def _ready(self) -> list[PartitionWatch]:
        done = (task for task in self._watches.values() if task.done() and not task.cancelled())
        return [task.result() for task in done]

    def live(self) -> list[PartitionWatch]:
        """The partitions that this worker watches and whose history is over."""
        return [watch for watch in self._ready() if not watch.time.state.in_history]

    def positions(self) -> dict[Place, int]:
        """The next offset of each partition of this worker whose work is kept; 0 while it is being recovered."""
        ready = {watch.partition: watch.said.offset + 1 for watch in self._ready()}
        return {(CASE_EVENTS.name, partition): ready.get(partition, 0) for partition in self._watches}

    def tick(self) -> None:
        """Say the time where a due time has passed, and everywhere at least every so often.

        Only by records read does a timer fire. A clock that was said but not read yet need not be said again. In
        history nothing is said: its time is the loader's until it ends.
        """
        now, moment = time.monotonic(), int(time.time() * 1000)
        for watch in self.live():
            since_said = now - self._clock_said.get(watch.partition, -1e9)
            due = watch.shelf.next_due()
            unread = since_said < 5 and watch.partition in self._clock_said and not watch.clock_read
            if (due is not None and due < moment and not unread) or since_said >= self._settings.clock_every_seconds:
                self._emitter.say_the_time(watch.partition)
                self._clock_said[watch.partition] = now
                watch.clock_read = False

    def beat(self) -> None:
        """Say of every partition up to when its cases were checked."""
        for watch in self._ready():
            self._emitter.say_alive(watch)
