"""Writes what was delivered of one topic, each record once, whatever happens on the way.

A partition is read from the store's own progress on, without gaps: what was not delivered is read from the log itself.
Of a batch the rows come first, then the dead letters, then the progress, each tried again until it is there; rows that
are there already stay as they are. While the rows of one batch are on their way the next ones are read already, but
the progress of a partition moves batch by batch, and only from where the store says it is. Then Faust may acknowledge.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol, TypeVar

from aiokafka import ConsumerRecord

from services.casework.codec import UnreadableRecord
from services.casework.domain.control import HistoryEnds
from services.casework.domain.log_time import LogTime, PartitionTime, header_instant
from streams.clickhouse_sink.feeds import Feed, Stated
from streams.clickhouse_sink.store import SinkStore, Step, StoreAway
from streams.clickhouse_sink.tables import DEAD_LETTERS, Block, block_of
from streams.dead_letters import MOST_IN_A_ROW, DeadLetter

APP: Final = "clickhouse_sink"

_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 5.0

_Answer = TypeVar("_Answer")
_log = logging.getLogger(__name__)


class StoreWentBack(Exception):
    """The store knows less than it confirmed before: it has to be filled again from where it is now."""


class TooManyUnreadable(Exception):
    """So many records in a row that this program, rather than the records, must be wrong."""


class DeadLetterOffice(Protocol):
    async def publish(self, letter: DeadLetter) -> None:
        """Returns when the letter is in the log. Tries for as long as it takes."""
        ...


class Log(Protocol):
    def between(self, topic: str, partition: int, start: int, stop: int) -> AsyncIterator[Sequence[ConsumerRecord]]:
        """All that the log has from offset `start` up to but not including `stop`. Tries for as long as it takes."""
        ...


@dataclass(slots=True)
class _Part:
    """How far one partition was read.

    confirmed: the last offset that the store is known to have. latest: the last batch on its way there. turn: to read,
    in order.
    """

    time: PartitionTime
    confirmed: int
    in_a_row: int = 0
    latest: asyncio.Task[None] | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class _Batch:
    """What records come to, from after the offset `follows` up to `reached`."""

    partition: int
    follows: int
    reached: LogTime
    blocks: Sequence[Block]
    letters: Sequence[DeadLetter]


class TopicWriter:
    """Of one feed. now: this machine's clock in milliseconds, for `seen_at` alone."""

    def __init__(
        self, feed: Feed, store: SinkStore, office: DeadLetterOffice, log: Log, now: Callable[[], int]
    ) -> None:
        self.feed = feed
        self._store = store
        self._office = office
        self._log = log
        self._now = now
        self._parts: dict[int, _Part] | None = None

    async def next_offsets(self) -> Mapping[int, int]:
        """{partition: the offset to read from}, from the store's own progress, from which reading now begins anew.

        Raises StoreAway.
        """
        progress = await self._store.progress(self.feed.topic)
        self._parts = {
            partition: _Part(PartitionTime.restore(time), time.offset) for partition, time in progress.items()
        }
        return {partition: time.offset + 1 for partition, time in progress.items()}

    def position(self, partition: int) -> int:
        """The next offset of a partition, as far as the store has confirmed it; 0 before it was asked."""
        part = (self._parts or {}).get(partition)
        return 0 if part is None else part.confirmed + 1

    async def write(self, partition: int, records: Sequence[ConsumerRecord]) -> None:
        """Returns when everything of the records is in the store and the progress says so.

        Records of one partition are to be given in order; of several batches the next may be given before this
        returns. While the store is away it waits and tries again. Raises StoreWentBack, TooManyUnreadable.
        """
        part = await self._part_of(partition)
        async with part.turn:
            earlier = part.latest
            async for some in self._without_gaps(partition, part, records):
                if part.latest is not None and part.latest is not earlier:
                    await part.latest  # a gap may be long: one list of it after the other
                batch = self._read(partition, part, some)
                part.latest = asyncio.create_task(self._write_out(part, batch, part.latest))
            latest = part.latest
        if latest is not None:
            await latest

    async def _part_of(self, partition: int) -> _Part:
        if self._parts is None:
            await self._until_it_is_done(self.next_offsets)
        assert self._parts is not None
        return self._parts.setdefault(partition, _Part(PartitionTime(), -1))

    async def _without_gaps(
        self, partition: int, part: _Part, records: Sequence[ConsumerRecord]
    ) -> AsyncIterator[Sequence[ConsumerRecord]]:
        """What of the records is new. If offsets are missing there, all that the log has instead: what it leaves out
        itself (markers of transactions, what was deleted) is no loss, what was not delivered would be."""
        start, stop = part.time.state.offset + 1, records[-1].offset + 1
        new = records if records[0].offset >= start else [record for record in records if record.offset >= start]
        if len(new) == stop - start:
            if new:
                yield new
        elif new:
            place = {"topic": self.feed.topic, "partition": partition, "start": start, "stop": stop}
            _log.warning("offsets are missing from what was delivered: they are read from the log itself", extra=place)
            async for some in self._log.between(self.feed.topic, partition, start, stop):
                yield some

    def _read(self, partition: int, part: _Part, records: Sequence[ConsumerRecord]) -> _Batch:
        follows, decode, time = part.time.state.offset, self.feed.decode, part.time
        read: list[Stated] = []
        letters: list[DeadLetter] = []
        for record in records:
            header = header_instant(record.headers) if record.headers else None
            try:
                stated = decode(record)
            except UnreadableRecord as error:
                time.next(record.offset, record.timestamp, header, is_history_end=False)
                letters.append(self._letter(record, error.reason, part))
                continue
            part.in_a_row = 0
            recorded_at = time.next(record.offset, record.timestamp, header, isinstance(stated, HistoryEnds))
            read.append(Stated(stated, record, recorded_at))
        blocks = self.feed.blocks(read) + ([self._dead_letters(letters)] if letters else [])
        return _Batch(partition, follows, time.state, blocks, letters)

    def _letter(self, record: ConsumerRecord, reason: str, part: _Part) -> DeadLetter:
        part.in_a_row += 1
        if part.in_a_row >= MOST_IN_A_ROW:
            place = f"{self.feed.topic}[{record.partition}]"
            raise TooManyUnreadable(f"{place}: {part.in_a_row} unreadable records up to offset {record.offset}")
        return DeadLetter(self.feed.topic, record.partition, record.offset, reason, (APP,), record.key, record.value)

    def _dead_letters(self, letters: Sequence[DeadLetter]) -> Block:
        now = self._now()
        rows = [(*letter.place, letter.case_id, letter.reason, now, letter.case_id, APP) for letter in letters]
        return block_of(DEAD_LETTERS, rows)

    async def _write_out(self, part: _Part, batch: _Batch, before: asyncio.Task[None] | None) -> None:
        """before: the batch of the partition before this one, whose progress has to be there first."""
        for block in batch.blocks:
            await self._until_it_is_done(partial(self._store.insert, block))
        for letter in batch.letters:
            await self._publish(letter)
        if before is not None:
            await before
        step = Step(batch.partition, batch.follows, batch.reached)
        (went_on,) = await self._until_it_is_done(partial(self._store.go_on, self.feed.topic, (step,)))
        if not went_on:
            raise StoreWentBack(f"{self.feed.topic}[{batch.partition}]: {batch.follows} was confirmed and is gone")
        part.confirmed = batch.reached.offset

    async def _publish(self, letter: DeadLetter) -> None:
        await self._office.publish(letter)
        place = {"topic": letter.topic, "partition": letter.partition, "offset": letter.offset}
        _log.error("a record that cannot be read was put aside", extra={**place, "reason": letter.reason})

    async def _until_it_is_done(self, work: Callable[[], Awaitable[_Answer]]) -> _Answer:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return await work()
            except StoreAway as error:
                away = {"topic": self.feed.topic, "reason": str(error)}
                _log.warning("the store is away; what was read is kept and tried again", extra=away)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
