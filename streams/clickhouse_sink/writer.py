"""Writes what was delivered of one topic, each record once, whatever happens on the way.

Every attempt starts from what the store itself says of its progress, and works only on what lies above it. The rows
come first, then the dead letters, then the progress: where an attempt breaks off, the next one does the same again,
and rows that are there already stay as they are. Only then may Faust acknowledge.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from services.casework.codec import UnreadableRecord
from services.casework.domain.control import HistoryEnds
from services.casework.domain.log_time import LogTime, PartitionTime
from streams.clickhouse_sink.feeds import Feed
from streams.clickhouse_sink.records import LogRecord
from streams.clickhouse_sink.store import SinkStore, StoreAway
from streams.clickhouse_sink.tables import DEAD_LETTERS, SINK_PROGRESS, Row
from streams.dead_letters import MOST_IN_A_ROW, DeadLetter

APP: Final = "clickhouse_sink"

_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 5.0

_log = logging.getLogger(__name__)


class StoreWentBack(Exception):
    """The store knows less than it confirmed before: it has to be filled again from where it is now."""


class TooManyUnreadable(Exception):
    """So many records in a row that this program, rather than the records, must be wrong."""


class DeadLetterOffice(Protocol):
    async def publish(self, letter: DeadLetter) -> None:
        """Returns when the letter is in the log. Tries for as long as it takes."""
        ...


@dataclass(slots=True)
class _Part:
    """What one partition's records come to."""

    partition: int
    time: PartitionTime
    in_a_row: int
    rows: dict[str, list[Row]] = field(default_factory=dict)
    letters: list[DeadLetter] = field(default_factory=list)


class TopicWriter:
    """Of one feed; used by one task at a time. now: this machine's clock in milliseconds, for `seen_at` alone."""

    def __init__(self, feed: Feed, store: SinkStore, office: DeadLetterOffice, now: Callable[[], int]) -> None:
        self.feed = feed
        self._store = store
        self._office = office
        self._now = now
        self._confirmed: dict[int, int] = {}
        self._in_a_row: dict[int, int] = {}
        self._published: set[tuple[int, int]] = set()

    async def next_offsets(self) -> Mapping[int, int]:
        """{partition: the offset to read from}, from the store's own progress. Raises StoreAway."""
        progress = await self._store.progress(self.feed.topic)
        self._confirmed = {partition: time.offset for partition, time in progress.items()}
        return {partition: time.offset + 1 for partition, time in progress.items()}

    def position(self, partition: int) -> int:
        """The next offset of a partition, as far as the store has confirmed it; 0 before it was asked."""
        return self._confirmed.get(partition, -1) + 1

    async def write(self, records: Sequence[LogRecord]) -> None:
        """Returns when everything of the records is in the store and the progress says so.

        While the store is away it waits and tries again. Raises StoreWentBack, TooManyUnreadable.
        """
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                await self._attempt(records)
            except StoreAway as error:
                _log.warning(
                    "the store is away; what was read is kept and tried again",
                    extra={"topic": self.feed.topic, "records": len(records), "reason": str(error)},
                )
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            else:
                return

    async def _attempt(self, records: Sequence[LogRecord]) -> None:
        progress = await self._store.progress(self.feed.topic)
        self._refuse_going_back(progress)
        parts = self._parts(records, progress)
        await asyncio.gather(*(self._insert_rows(part) for part in parts))
        for part in parts:
            await self._publish(part)
        if parts:
            await self._store.insert(SINK_PROGRESS, [self._progress_row(part) for part in parts])
        for part in parts:
            self._confirmed[part.partition] = part.time.state.offset
            self._in_a_row[part.partition] = part.in_a_row
        self._published.clear()

    def _refuse_going_back(self, progress: Mapping[int, LogTime]) -> None:
        for partition, offset in self._confirmed.items():
            there = progress[partition].offset if partition in progress else -1
            if there < offset:
                raise StoreWentBack(f"{self.feed.topic}[{partition}]: {offset} was confirmed, now it is {there}")

    def _parts(self, records: Iterable[LogRecord], progress: Mapping[int, LogTime]) -> list[_Part]:
        """What is above the progress, by partition. A partition of which nothing is has no part."""
        parts: dict[int, _Part] = {}
        for record in records:
            reached = progress.get(record.partition, LogTime())
            if record.offset <= reached.offset:
                continue
            part = parts.get(record.partition)
            if part is None:
                in_a_row = self._in_a_row.get(record.partition, 0)
                part = parts[record.partition] = _Part(record.partition, PartitionTime.restore(reached), in_a_row)
            self._read(record, part)
        return list(parts.values())

    def _read(self, record: LogRecord, part: _Part) -> None:
        reached = part.time.state.offset
        if record.offset <= reached:
            return  # delivered a second time
        if record.offset > reached + 1:
            _log.warning(
                "offsets are missing from the partition: markers of transactions, or records that were not delivered",
                extra={"topic": record.topic, "partition": record.partition, "offset": reached + 1},
            )
        try:
            stated = self.feed.decode(record.value)
        except UnreadableRecord as error:
            part.time.next(record.offset, record.timestamp_ms, record.header_ms, is_history_end=False)
            self._put_aside(record, error.reason, part)
            return
        part.in_a_row = 0
        recorded_at = part.time.next(
            record.offset, record.timestamp_ms, record.header_ms, isinstance(stated, HistoryEnds)
        )
        for table, row in self.feed.rows(stated, record, recorded_at):
            part.rows.setdefault(table.name, []).append(row)

    def _put_aside(self, record: LogRecord, reason: str, part: _Part) -> None:
        part.in_a_row += 1
        if part.in_a_row >= MOST_IN_A_ROW:
            raise TooManyUnreadable(
                f"{record.topic}[{record.partition}]: {part.in_a_row} unreadable records up to offset {record.offset}"
            )
        letter = DeadLetter(record.topic, record.partition, record.offset, reason, (APP,), record.key, record.value)
        place = (letter.topic, letter.partition, letter.offset)
        part.letters.append(letter)
        row = (*place, letter.case_id, reason, self._now(), letter.case_id, APP)
        part.rows.setdefault(DEAD_LETTERS.name, []).append(row)

    async def _insert_rows(self, part: _Part) -> None:
        """One block a table for the part's range of offsets."""
        for table in (*self.feed.tables, DEAD_LETTERS):
            rows = part.rows.get(table.name)
            if rows:
                await self._store.insert(table, rows)

    async def _publish(self, part: _Part) -> None:
        for letter in part.letters:
            if (letter.partition, letter.offset) not in self._published:
                await self._office.publish(letter)
                self._published.add((letter.partition, letter.offset))
                _log.error(
                    "a record that cannot be read was put aside",
                    extra={
                        "topic": letter.topic,
                        "partition": letter.partition,
                        "offset": letter.offset,
                        "reason": letter.reason,
                    },
                )

    def _progress_row(self, part: _Part) -> Row:
        time = part.time.state
        return (self.feed.topic, part.partition, time.offset, time.newest, time.in_history)
