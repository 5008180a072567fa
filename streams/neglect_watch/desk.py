"""The partitions this worker watches: recovering them, working their records, letting time be said.

While what a batch brought about goes to its topics, the next batch is worked already. State is kept now and then, not
after every batch: what came since it was kept is worked again after a crash, with the same outcome.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.casework.domain.fact_book import id_of
from services.casework.domain.log_time import LogTime
from services.runtime.progress import Place
from services.runtime.settings import Settings
from services.runtime.topics import CASE_EVENTS, DEAD_LETTERS
from streams.crash import crash_on_error
from streams.neglect_watch.emitter import Emitter
from streams.neglect_watch.partition_watch import Findings, LogRecord, PartitionWatch
from streams.neglect_watch.recovery import missed, recover
from streams.neglect_watch.state_codec import POLICIES_KEY, POSITION_KEY, encode_policies, encode_position
from streams.neglect_watch.state_writer import StateWriter, Superseded

log = logging.getLogger(__name__)

UNREADABLE_IN_A_ROW: Final = 1_000
"""So many unreadable records one after the other are no accident: the worker stops rather than empty the log into
the dead letters."""
KEEP_RECORDS: Final = 20_000
KEEP_SECONDS: Final = 5.0
KEEP_SECONDS_BEHIND: Final = 30.0
"""Of a partition: its state is kept with the first batch after so many records or so much time; more of it while there
is much to catch up on, when a few seconds are as many cases as many records are, each of them to be written."""
_BEHIND_MS: Final = 60_000
_UNREAD_SECONDS: Final = 5.0
"""A clock record that was said and not read for so long is said again."""

StateRecords = list[tuple[bytes, bytes]]


class TooManyUnreadable(RuntimeError):
    """Something is wrong with this reader or with who writes; a person must look."""


@dataclass(slots=True)
class Watched:
    """A partition in this worker's hands. kept_at, clock_said: by the monotonic clock, seconds.

    first_clock: an offset by which the first clock record that was said had been read. is_heard: whether it was told
    already that all was checked up to there.
    """

    watch: PartitionWatch
    state: StateWriter
    kept_position: int = -1
    kept_at: float = field(default_factory=time.monotonic)
    clock_said: float | None = None
    first_clock: int | None = None
    is_heard: bool = False


class Desk:
    """`assign` and `revoke` follow the group. `work` takes a batch; what it brought about is in its topics before the
    batch after the next one is taken, and before anybody is told that the time up to it was checked."""

    def __init__(self, settings: Settings, emitter: Emitter) -> None:
        self._settings = settings
        self._emitter = emitter
        self._hands: dict[int, asyncio.Task[Watched]] = {}
        self._saying: asyncio.Task[None] | None = None
        self._working: set[asyncio.Task[None]] = set()
        self._at_work = asyncio.Lock()
        self._is_leaving = False

    def assign(self, partitions: Iterable[int]) -> None:
        for partition in partitions:
            if partition not in self._hands:
                task = asyncio.create_task(self._take_over(partition), name=f"recover {partition}")
                self._hands[partition] = task

    def revoke(self, partitions: Iterable[int]) -> None:
        for partition in partitions:
            task = self._hands.pop(partition, None)
            if task is not None:
                task.cancel()

    async def _take_over(self, partition: int) -> Watched:
        """First nobody else may write, then what was written is read."""
        state = StateWriter(self._settings, partition)
        await asyncio.to_thread(state.claim)
        watch = await asyncio.to_thread(recover, self._settings, partition)
        return Watched(watch, state, watch.position)

    async def work(self, partition: int, records: Sequence[LogRecord]) -> None:
        """Take records of one partition, in order. Those of a partition no longer ours are somebody else's."""
        task = self._hands.get(partition)
        if task is None or not records:
            return
        watched = await asyncio.shield(task)
        watch = watched.watch
        if records[0].offset > watch.position + 1:
            log.info("partition %d: from %d on what was delivered before is worked", partition, watch.position + 1)
            async for batch in missed(self._settings, partition, watch.position + 1, records[0].offset):
                await self._take(watched, batch)
        await self._take(watched, records)

    async def _take(self, watched: Watched, records: Sequence[LogRecord]) -> None:
        """A batch is worked to its end, also when whoever waits for it is cancelled: between working it and saying
        what was found, the state already speaks of what nobody was told yet."""
        task = asyncio.create_task(self._work_alone(watched, records), name=f"work {watched.watch.partition}")
        # The event loop holds tasks but weakly.
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        await asyncio.shield(task)

    async def _work_alone(self, watched: Watched, records: Sequence[LogRecord]) -> None:
        with crash_on_error("neglect_watch"):
            async with self._at_work:
                await self._work(watched, records)

    async def _work(self, watched: Watched, records: Sequence[LogRecord]) -> None:
        watch, findings = watched.watch, Findings()
        watch.work(records, findings)
        if watch.unreadable_in_a_row >= UNREADABLE_IN_A_ROW:
            raise TooManyUnreadable(
                f"{watch.unreadable_in_a_row} in a row, up to {watch.position}; see {DEAD_LETTERS.name}"
            )
        if self._saying is not None:
            await self._saying
        # What was put aside stays so, also if a reader that could read it takes over: it is told by a replay.
        state = _state_of(watched) if findings.unreadable or _is_to_be_kept(watched) else []
        self._emitter.put(watch.partition, findings)
        self._saying = asyncio.create_task(self._say(watched, watch.time.state, state), name=f"say {watch.partition}")

    async def keep_all(self) -> None:
        """When the worker stops: who comes next begins where it left off, if it has not begun already."""
        self._is_leaving = True
        async with self._at_work:
            if self._saying is not None:
                await self._saying
            unkept = [watched for watched in self._ready() if watched.watch.position > watched.kept_position]
            await asyncio.gather(*(self._say(one, one.watch.time.state, _state_of(one)) for one in unkept))

    async def _say(self, watched: Watched, reached: LogTime, state: StateRecords) -> None:
        """What was found, and then what is to be kept: state never speaks of what nobody was told."""
        await self._emitter.flush()
        try:
            if state:
                await asyncio.to_thread(watched.state.write, state)
        except Superseded:
            if self._is_in_hands(watched):
                raise
            log.info("partition %d has another worker now; its state is not ours to keep", watched.watch.partition)
        else:
            watched.watch.said = reached

    def _is_in_hands(self, watched: Watched) -> bool:
        """Whether the partition is ours, as far as we know: neither taken from us by the group, nor left."""
        return not self._is_leaving and any(watched is mine for mine in self._ready())

    def _ready(self) -> list[Watched]:
        done = (task for task in self._hands.values() if task.done() and not task.cancelled())
        return [task.result() for task in done]

    def live(self) -> list[PartitionWatch]:
        """The partitions in which this worker lets time be said: those whose history is over.

        Of generations only the one that people see says anything into the log; a new one beside it reads it.
        """
        return [watched.watch for watched in self._live()]

    def _live(self) -> list[Watched]:
        if self._settings.generation:
            return []
        return [watched for watched in self._ready() if not watched.watch.time.state.in_history]

    def positions(self) -> dict[Place, int]:
        """The next offset of each partition of this worker whose work is said; 0 while it is being recovered."""
        ready = {watched.watch.partition: watched.watch.said.offset + 1 for watched in self._ready()}
        return {(CASE_EVENTS.name, partition): ready.get(partition, 0) for partition in self._hands}

    def tick(self) -> None:
        """Say the time where a due time has passed, and everywhere at least every so often.

        Only by records read does a timer fire. A clock that was said but not read yet need not be said again. In
        history nothing is said: its time is the loader's until it ends.
        """
        if self._saying is not None and self._saying.done():
            self._saying.result()
        now, moment = time.monotonic(), int(time.time() * 1000)
        self._beat_at_first()
        for watched in self._live():
            if self._is_time_to_be_said(watched, now, moment):
                self._emitter.say_the_time(watched.watch.partition)
                watched.clock_said, watched.watch.clock_read = now, False

    def _is_time_to_be_said(self, watched: Watched, now: float, moment: int) -> bool:
        if watched.clock_said is None or now - watched.clock_said >= self._settings.clock_every_seconds:
            return True
        if not watched.watch.clock_read and now - watched.clock_said < _UNREAD_SECONDS:
            return False
        due = watched.watch.shelf.next_due()
        return due is not None and due < moment

    def _beat_at_first(self) -> None:
        """Who has just begun is heard once its first clock was worked, not only with the next beat of all."""
        for watched in self._live():
            watch = watched.watch
            if watched.first_clock is None and watched.clock_said is not None and watch.clock_read:
                watched.first_clock = watch.position
            if not watched.is_heard and watched.first_clock is not None and watch.said.offset >= watched.first_clock:
                watched.is_heard = True
                self._emitter.say_alive(watch)

    def beat(self) -> None:
        """Say of every partition up to when its cases were checked."""
        for watched in self._ready():
            self._emitter.say_alive(watched.watch)


def _is_to_be_kept(watched: Watched) -> bool:
    since = watched.watch.position - watched.kept_position
    is_behind = time.time() * 1000 - watched.watch.time.newest > _BEHIND_MS
    patience = KEEP_SECONDS_BEHIND if is_behind else KEEP_SECONDS
    return since > 0 and (since >= KEEP_RECORDS or time.monotonic() - watched.kept_at >= patience)


def _state_of(watched: Watched) -> StateRecords:
    """What changed since it was last kept: policies first, then cases, then the position that stands for all."""
    watch, records = watched.watch, StateRecords()
    if watch.policies_moved:
        records.append((POLICIES_KEY, encode_policies(watch.policies, watch.position)))
        watch.policies_moved = False
    records.extend((id_of(key).encode(), state) for key, state in watch.shelf.take_changes().items())
    records.append((POSITION_KEY, encode_position(watch.time.state)))
    watched.kept_position, watched.kept_at = watch.position, time.monotonic()
    return records
