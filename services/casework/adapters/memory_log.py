"""The log in memory: the twin of the Kafka log, held to the same contract."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from services.casework.application.errors import LogAway
from services.casework.application.event_log import Appended, LogRecord, Stretch
from services.casework.domain.control import PolicyChanged, Record
from services.casework.domain.events import Event
from services.runtime.topics import PARTITIONS, partition_of


class MemoryLog:
    """now: milliseconds, the log's own clock. While `away` is set nothing can be appended; it goes away by itself after
    so many records as `away_after` says."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._records: list[LogRecord] = []
        self._ends = [0] * PARTITIONS
        self._grown = asyncio.Event()
        self.away = False
        self.away_after: int | None = None

    @property
    def records(self) -> tuple[LogRecord, ...]:
        """Everything that was appended, in that order."""
        return tuple(self._records)

    async def append(self, event: Event) -> Appended:
        return await self._put(event, partition_of(event.case_id))

    def append_all(self, events: Sequence[Event]) -> asyncio.Future[list[Appended | LogAway]]:
        return asyncio.ensure_future(self._append_all(events))

    async def _append_all(self, events: Sequence[Event]) -> list[Appended | LogAway]:
        await asyncio.sleep(0)
        return [self._answer(event) for event in events]

    def _answer(self, event: Event) -> Appended | LogAway:
        try:
            return self._take(event, partition_of(event.case_id))
        except LogAway as error:
            return error

    async def publish(self, change: PolicyChanged, partition: int) -> Appended:
        return await self._put(change, partition)

    def partitions(self) -> range:
        return range(PARTITIONS)

    def require_progress(self) -> None:
        """Who reads a list reads it to its end."""

    async def read(self) -> AsyncIterator[Stretch]:
        position, at_start = 0, len(self._records)
        while True:
            records = self._records[position:]
            position += len(records)
            yield Stretch(records, at_end=position >= at_start)
            while position == len(self._records):
                self._grown.clear()
                await self._grown.wait()

    async def _put(self, record: Record, partition: int) -> Appended:
        # Like a broker, it answers later than it is asked.
        await asyncio.sleep(0)
        return self._take(record, partition)

    def _take(self, record: Record, partition: int) -> Appended:
        if self.away_after == 0:
            self.away, self.away_after = True, None
        if self.away:
            raise LogAway
        if self.away_after is not None:
            self.away_after -= 1
        offset, recorded_at = self._ends[partition], self._now()
        self._ends[partition] += 1
        self._records.append(LogRecord(partition, offset, recorded_at, record))
        self._grown.set()
        return Appended(partition, offset, recorded_at)
