"""Records delivered in bulk: what was fetched of one partition is one Faust event, not one event a record.

    deliver_in_bulk(app)                                  # before the app starts; of every topic it reads

    async for partition, records in batches(stream):      # in an agent; records: of one partition, by offset
        ...                                               # acknowledged when the body is done with them

    await work_through(stream, work, side_by_side=3)      # or several of them at a time

Faust spends two asyncio tasks and some 85 µs of processor on every event; the agents here want lists anyway. `batches`
gives the same with and without `deliver_in_bulk`, so that an agent knows nothing of it.

Touches what Faust keeps to itself (see consumer_hooks). `Consumer.getmany` gives Faust's own fetch loop a message a
list instead of a message a record; positions and commits are reckoned here, by whole batches:

- a batch is committed once its body is done, and every batch of the partition that was delivered before it. What Faust
  says was acknowledged counts for nothing: it acknowledges what it skips and what it drops.
- `_next` is the offset up to which everything of a partition was delivered since reading began there. Fetched records
  that cannot be delivered, because the partitions move or somebody sought another position, are left, and reading goes
  back to `_next`: they are never passed over.
- a full queue holds up the fetching. Faust's own way, not to fetch partitions whose queue is nearly full, would wait a
  second for those that have nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

from aiokafka import ConsumerRecord
from aiokafka.errors import IllegalStateError
from faust.transport.consumer import ensure_TP
from faust.transport.drivers.aiokafka import Consumer
from faust.types import TP

from streams.consumer_hooks import extend_consumer

RECORDS_A_POLL: Final = 2_000
BATCHES_QUEUED: Final = 4
"""Of one topic: so many wait for the agent, besides the one it works and what is left of one poll."""
_GATHER_SECONDS: Final = 0.05

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Batch:
    """One event's value. end: the offset after its last record. done: the agent's body has come to its end."""

    partition: int
    records: Sequence[ConsumerRecord]
    end: int
    done: bool = False


def deliver_in_bulk(app: Any, records_a_poll: int = RECORDS_A_POLL, seconds_between_polls: float = 0.0) -> None:
    """Has the app's records delivered as lists. Before it starts; it may have no tables. Raises AnotherFaust.

    seconds_between_polls: what comes meanwhile is delivered together, unless a poll was full; after a longer silence
    the first record is delivered at once.
    """
    app.conf.broker_max_poll_records = records_a_poll
    app.conf.stream_buffer_maxsize = BATCHES_QUEUED
    extend_consumer(app, _BulkConsumer, seconds_between_polls=seconds_between_polls)


async def batches(stream: Any, within: float = _GATHER_SECONDS) -> AsyncIterator[tuple[int, Sequence[ConsumerRecord]]]:
    """Partition and records, in the order of their offsets, until the stream stops.

    within: without bulk delivery records are gathered for so many seconds.
    """
    if _is_bulk(stream):
        async for batch in stream:
            yield batch.partition, batch.records
            batch.done = True
    else:
        async for gathered in _gathered(stream, within):
            for partition, records in gathered.items():
                yield partition, records


Work = Callable[[int, Sequence[ConsumerRecord]], Awaitable[None]]
"""Of one batch: partition and records. It has to end the process rather than raise."""


async def work_through(stream: Any, work: Work, side_by_side: int, within: float = _GATHER_SECONDS) -> None:
    """As `batches`, with up to `side_by_side` batches at work at the same time; they begin in the order of delivery.

    Each is acknowledged when its own work is done.
    """
    if not _is_bulk(stream):
        async for gathered in _gathered(stream, within):
            await asyncio.gather(*(work(partition, records) for partition, records in gathered.items()))
        return
    at_work: set[asyncio.Task[None]] = set()
    try:
        async for batch in stream:
            at_work.add(asyncio.create_task(_worked(work, batch)))
            while len(at_work) >= side_by_side:
                done, at_work = await asyncio.wait(at_work, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
    finally:
        for task in at_work:
            task.cancel()


async def _worked(work: Work, batch: _Batch) -> None:
    await work(batch.partition, batch.records)
    batch.done = True


def _is_bulk(stream: Any) -> bool:
    return issubclass(stream.app.transport.Consumer, _BulkConsumer)


async def _gathered(stream: Any, within: float) -> AsyncIterator[Mapping[int, Sequence[ConsumerRecord]]]:
    """Faust's own way: {partition: records} of what came within so many seconds; then it acknowledges them."""
    async for events in stream.take_events(RECORDS_A_POLL, within=within):
        try:
            yield _by_partition(events)
        except GeneratorExit:
            # The work on them was left in the middle. Faust would acknowledge them all the same.
            for event in events:
                event.message.acked = True
            raise


def _by_partition(events: Iterable[Any]) -> Mapping[int, Sequence[ConsumerRecord]]:
    records: defaultdict[int, list[ConsumerRecord]] = defaultdict(list)
    for event in events:
        records[event.message.partition].append(_record_of(event.message))
    return records


def _record_of(message: Any) -> ConsumerRecord:
    """The record that Faust made the message of."""
    headers = message.headers or ()
    return ConsumerRecord(
        message.topic,
        message.partition,
        message.offset,
        # Faust keeps seconds as a float; a millisecond is far above what it loses.
        round(message.timestamp * 1000),
        message.timestamp_type,
        message.key,
        message.value,
        message.checksum,
        message.serialized_key_size,
        message.serialized_value_size,
        tuple(headers.items() if isinstance(headers, Mapping) else headers),
    )


class _BulkConsumer(Consumer):  # type: ignore[misc]  # Faust is untyped to us
    seconds_between_polls: float

    def __init__(self, *args: Any, **options: Any) -> None:
        self._next: dict[TP, int] = {}
        self._delivered: defaultdict[TP, deque[_Batch]] = defaultdict(deque)
        self._seeks = 0
        self._not_before = 0.0
        super().__init__(*args, **options)

    # Delivering.

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:  # noqa: ASYNC109 -- as Faust has it
        """What Faust's fetch loop asks for: messages to deliver, with their partition."""
        await asyncio.sleep(self._not_before - monotonic())
        seeks = self._seeks
        fetched, _ = await self._wait_next_records(timeout)
        if sum(map(len, (fetched or {}).values())) < self.app.conf.broker_max_poll_records:
            self._not_before = monotonic() + self.seconds_between_polls
        for tp, records in (fetched or {}).items():
            if self.should_stop:
                return
            if not self.flow_active or self._seeks != seeks:
                await self._go_back(fetched)
                return
            message = self._message_of(ensure_TP(tp), records)
            if message is not None:
                yield message.tp, message

    def _message_of(self, tp: TP, records: Sequence[ConsumerRecord]) -> Any | None:
        """What is new of the records, as one message; counted as delivered. None if nothing is."""
        begin = self._next.get(tp, 0)
        new = records if records[0].offset >= begin else [record for record in records if record.offset >= begin]
        if not new:
            return None
        message = self._to_message(tp, new[-1])
        message.value = batch = _Batch(tp.partition, new, new[-1].offset + 1)
        self._next[tp] = batch.end
        self._delivered[tp].append(batch)
        # Faust would look for gaps between single records, and leave out what was sought again.
        self._read_offset[tp] = None
        return message

    async def _go_back(self, fetched: Iterable[Any]) -> None:
        """Leaves what was fetched: reading goes on where delivering came to, once partitions are where they belong."""
        if not self.flow_active:
            await self.wait(self.can_resume_flow)
        assigned = self.assignment()
        try:
            await self.seek_wait({tp: self._next.get(tp, 0) for tp in map(ensure_TP, fetched) if tp in assigned})
        except IllegalStateError:
            _log.info("a partition was taken away while reading went back; whoever has it now begins anew")

    def on_buffer_full(self, tp: TP) -> None:
        """Nothing: see above."""

    # Beginning and leaving off.

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """At every assignment. A partition of which nothing is committed is read from its beginning."""
        found = await super().seek_to_committed()
        begun = {ensure_TP(tp): max(offset or 0, 0) for tp, offset in found.items()}
        # The client does not seek where nothing is committed; it may have read on there in the meantime.
        await self.seek_wait({tp: offset for tp, offset in begun.items() if offset == 0})
        self._begin(begun)
        return begun

    async def seek(self, partition: TP, offset: int) -> None:
        """Reads on from `offset`, after what is queued already."""
        tp = ensure_TP(partition)
        await self.seek_wait({tp: offset})
        self._begin({tp: offset})

    def _begin(self, positions: Mapping[TP, int]) -> None:
        self._seeks += 1
        for tp, offset in positions.items():
            self._next[tp] = offset
            self._delivered.pop(tp, None)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        self._seeks += 1
        for tp in revoked:
            self._next.pop(tp, None)
            self._delivered.pop(tp, None)
        await super().on_partitions_revoked(revoked)

    # Committing.

    def _filter_committable_offsets(self, tps: Iterable[TP]) -> dict[TP, int]:
        """{partition: where a successor is to begin}, as Faust asks it before every commit."""
        committable = {}
        for tp, delivered in self._delivered.items():
            end = _done_with(delivered)
            if end is not None and self._should_commit(tp, end):
                committable[tp] = end
            self._acked[tp].clear()
            self._acked_index[tp].clear()
        return committable


def _done_with(delivered: deque[_Batch]) -> int | None:
    """Takes away the batches that are done, up to the first that is not. None when there is none."""
    end = None
    while delivered and delivered[0].done:
        end = delivered.popleft().end
    return end
