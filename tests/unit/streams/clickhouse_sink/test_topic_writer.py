"""The writer against a store in memory: order of writing, skipping, trouble, and time that goes on exactly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from aiokafka import ConsumerRecord

from services.casework.codec import encode_clock, encode_event, encode_history_ends
from services.casework.domain.events import Event, parse_event
from services.casework.domain.log_time import LogTime
from services.runtime.topics import CASE_EVENTS
from streams.clickhouse_sink.feeds import CaseEvents
from streams.clickhouse_sink.store import Step, StoreAway
from streams.clickhouse_sink.tables import DEAD_LETTERS, EVENT_DIGESTS, EVENTS, Block, Row, Table
from streams.clickhouse_sink.writer import StoreWentBack, TooManyUnreadable, TopicWriter
from streams.dead_letters import DeadLetter

MAR_1 = 1_772_323_200_000
CASE_ID = "5f0e7a52-3c1b-4c7e-9a64-0d5b2f1c8e77"


@dataclass
class MemoryStore:
    """Keeps blocks in the order of writing; `away` says how often it fails first, after taking the rows or before."""

    blocks: list[tuple[str, tuple[Row, ...]]] = field(default_factory=list)
    known: dict[int, LogTime] = field(default_factory=dict)
    away: int = 0
    loses_replies: bool = False

    async def progress(self, topic: str) -> Mapping[int, LogTime]:
        assert topic == CASE_EVENTS.name
        return dict(self.known)

    async def insert(self, block: Block) -> None:
        assert len(block.columns) == len(block.table.columns)
        self._fail(before=True)
        self.blocks.append((block.table.name, tuple(zip(*block.columns, strict=True))))
        self._fail(before=False)

    async def go_on(self, topic: str, steps: Sequence[Step]) -> Sequence[bool]:
        assert topic == CASE_EVENTS.name
        ((partition, follows, reached),) = steps
        self._fail(before=True)
        known = self.known.get(partition, LogTime()).offset
        if follows < 0 or known >= follows:
            self.blocks.append(("progress", ((partition, reached),)))
            self.known[partition] = max(self.known.get(partition, LogTime()), reached, key=lambda time: time.offset)
        self._fail(before=False)
        return [self.known.get(partition, LogTime()).offset >= reached.offset]

    def _fail(self, before: bool) -> None:
        if self.away and before is not self.loses_replies:
            self.away -= 1
            raise StoreAway("OperationalError")

    def rows(self, table: Table) -> list[Row]:
        return [row for name, rows in self.blocks if name == table.name for row in rows]

    def column(self, table: Table, name: str) -> list[object]:
        return [row[list(table.columns).index(name)] for row in self.rows(table)]


@dataclass
class MemoryOffice:
    letters: list[DeadLetter] = field(default_factory=list)

    async def publish(self, letter: DeadLetter) -> None:
        self.letters.append(letter)


@dataclass
class MemoryLog:
    records: list[ConsumerRecord] = field(default_factory=list)
    asked: list[tuple[int, int, int]] = field(default_factory=list)

    async def between(
        self, topic: str, partition: int, start: int, stop: int
    ) -> AsyncIterator[Sequence[ConsumerRecord]]:
        assert topic == CASE_EVENTS.name
        self.asked.append((partition, start, stop))
        found = [one for one in self.records if one.partition == partition and start <= one.offset < stop]
        for half in (found[: len(found) // 2], found[len(found) // 2 :]):
            if half:
                yield half


@dataclass
class Bench:
    store: MemoryStore = field(default_factory=MemoryStore)
    office: MemoryOffice = field(default_factory=MemoryOffice)
    log: MemoryLog = field(default_factory=MemoryLog)

    def __post_init__(self) -> None:
        self.writer = TopicWriter(CaseEvents(), self.store, self.office, self.log, lambda: MAR_1)

    async def write(self, records: Sequence[ConsumerRecord]) -> None:
        await self.writer.write(records[0].partition, records)


def a_call(event_number: int, organisation: str = "jashore-network") -> Event:
    stated = {
        "event_id": f"00000000-0000-4000-8000-{event_number:012x}",
        "case_id": CASE_ID,
        "type": "call",
        "occurred_at": "2026-03-01T00:00:00.000Z",
        "data": {"outcome": "reached", "direction": "outgoing"},
    }
    return parse_event(stated, organisation, "account-7")


def record(
    offset: int, value: bytes | None, partition: int = 3, at: int = 0, header: int | None = None
) -> ConsumerRecord:
    headers = () if header is None else (("recorded_at", str(header).encode()),)
    timestamp, key = at or MAR_1 + offset, CASE_ID.encode()
    return ConsumerRecord(CASE_EVENTS.name, partition, offset, timestamp, 1, key, value, None, 36, 0, headers)


def calls(first: int, last: int, partition: int = 3) -> list[ConsumerRecord]:
    return [record(offset, encode_event(a_call(offset)), partition) for offset in range(first, last + 1)]


async def test_rows_come_before_progress_and_digests_before_events() -> None:
    bench = Bench()
    await bench.write(calls(0, 2))
    assert [name for name, _ in bench.store.blocks] == [EVENT_DIGESTS.name, EVENTS.name, "progress"]
    assert bench.store.known == {3: LogTime(MAR_1 + 2, False, 2)}


async def test_what_the_progress_covers_is_not_written_again() -> None:
    bench = Bench()
    await bench.write(calls(0, 4))
    await bench.write(calls(2, 6))
    assert bench.store.column(EVENTS, "offset") == [0, 1, 2, 3, 4, 5, 6]


async def test_a_batch_that_is_wholly_covered_writes_nothing() -> None:
    bench = Bench()
    await bench.write(calls(0, 4))
    written = len(bench.store.blocks)
    await bench.write(calls(1, 3))
    assert len(bench.store.blocks) == written


@pytest.mark.parametrize("loses_replies", [False, True], ids=["cannot be reached", "loses its replies"])
async def test_a_store_that_is_away_gets_the_same_rows_until_it_has_them(
    loses_replies: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.clickhouse_sink.writer._FIRST_PAUSE_SECONDS", 0.001)
    bench = Bench(MemoryStore(away=4, loses_replies=loses_replies))
    await bench.write(calls(0, 4))
    assert bench.store.away == 0
    different = {repr(row) for row in bench.store.rows(EVENTS)}
    assert len(different) == 5, "written again or not, a row is the same"
    assert bench.store.known[3].offset == 4


async def test_a_store_that_forgot_what_it_confirmed_stops_the_writer() -> None:
    bench = Bench()
    await bench.write(calls(0, 4))
    bench.store.known.clear()
    with pytest.raises(StoreWentBack):
        await bench.write(calls(5, 6))


async def test_a_store_that_forgot_what_it_said_at_the_start_stops_the_writer() -> None:
    bench = Bench(MemoryStore(known={3: LogTime(MAR_1, False, 9)}))
    assert await bench.writer.next_offsets() == {3: 10}
    bench.store.known[3] = LogTime(MAR_1, False, 5)
    with pytest.raises(StoreWentBack):
        await bench.write(calls(10, 12))


async def test_a_partition_that_comes_back_is_read_from_where_another_worker_brought_it() -> None:
    bench = Bench()
    await bench.write(calls(0, 4))
    bench.store.known[3] = LogTime(MAR_1 + 900, False, 7)
    assert await bench.writer.next_offsets() == {3: 8}
    await bench.write(calls(5, 9))
    assert bench.store.column(EVENTS, "offset") == [0, 1, 2, 3, 4, 8, 9]
    assert bench.store.column(EVENTS, "recorded_at")[-2:] == [MAR_1 + 900, MAR_1 + 900]


async def test_a_late_writer_lowers_nobodys_progress_and_its_rows_are_the_same() -> None:
    frozen, successor = Bench(), Bench()
    successor.store = frozen.store
    successor.__post_init__()
    await frozen.write(calls(0, 4))
    await successor.write(calls(5, 9))
    await successor.write(calls(10, 12))
    await frozen.write(calls(5, 7))
    assert frozen.store.known[3].offset == 12
    rows = frozen.store.rows(EVENTS)
    assert len(rows) == 16
    assert len({repr(row) for row in rows}) == 13


async def test_a_late_writer_says_nothing_in_a_store_that_was_emptied_and_is_being_filled_again() -> None:
    frozen, successor = Bench(), Bench()
    await frozen.write(calls(0, 4))
    successor.store = frozen.store
    successor.__post_init__()
    frozen.store.known.clear()
    await successor.write(calls(0, 1))
    with pytest.raises(StoreWentBack):
        await frozen.write(calls(5, 7))
    assert frozen.store.known[3].offset == 1


async def test_what_was_not_delivered_is_read_from_the_log() -> None:
    bench = Bench()
    bench.log.records = calls(0, 20)
    await bench.write(calls(0, 4))
    await bench.write(calls(9, 12))
    await bench.write([*calls(13, 14), *calls(17, 18)])
    assert bench.store.column(EVENTS, "offset") == list(range(19))
    assert bench.log.asked == [(3, 5, 13), (3, 13, 19)]
    assert bench.store.known[3].offset == 18


async def test_what_the_log_itself_leaves_out_is_no_loss() -> None:
    bench = Bench()
    bench.log.records = [*calls(2, 4), *calls(6, 7)]
    await bench.write(calls(2, 4))
    await bench.write(calls(6, 7))
    assert bench.store.column(EVENTS, "offset") == [2, 3, 4, 6, 7]
    assert bench.store.known[3].offset == 7


class SlowStore(MemoryStore):
    """The earlier a block begins, the longer it takes."""

    async def insert(self, block: Block) -> None:
        await asyncio.sleep(0.06 - 0.002 * block.columns[list(block.table.columns).index("offset")][0])
        await super().insert(block)


async def test_the_progress_of_a_partition_waits_for_the_batches_before() -> None:
    bench = Bench(SlowStore())
    await asyncio.gather(*(bench.write(calls(first, first + 4)) for first in (0, 5, 10, 15)))
    said = [rows[0][1].offset for name, rows in bench.store.blocks if name == "progress"]
    assert said == [4, 9, 14, 19]
    first_said = [name for name, _ in bench.store.blocks].index("progress")
    assert first_said >= 6, "the rows of the next batches were on their way already"


async def test_a_batch_delivered_again_is_done_only_when_it_is_in_the_store() -> None:
    bench = Bench(SlowStore())
    first = asyncio.create_task(bench.write(calls(0, 4)))
    await asyncio.sleep(0.01)
    await bench.write(calls(1, 3))
    assert bench.store.known[3].offset == 4
    await first


async def test_control_records_move_the_progress_and_are_no_rows() -> None:
    bench = Bench()
    await bench.write([record(0, encode_clock()), record(1, encode_clock())])
    assert [name for name, _ in bench.store.blocks] == ["progress"]
    assert bench.store.known[3] == LogTime(MAR_1 + 1, False, 1)


async def test_the_detectors_canaries_are_no_rows() -> None:
    bench = Bench()
    await bench.write([record(0, encode_event(a_call(0, organisation="reintegration-canary")))])
    assert bench.store.rows(EVENTS) == []
    assert bench.store.known[3].offset == 0


async def test_history_that_is_read_in_two_sittings_keeps_its_recorded_at() -> None:
    first, second = Bench(), Bench()
    early = [record(0, encode_event(a_call(0)), header=100), record(1, encode_event(a_call(1)), header=300)]
    late = [
        record(2, encode_event(a_call(2)), header=200),
        record(3, encode_history_ends(), header=400),
        record(4, encode_event(a_call(4)), header=500),
    ]
    await first.write(early)
    assert first.store.known[3] == LogTime(300, True, 1)
    second.store = MemoryStore(known=dict(first.store.known))
    second.__post_init__()
    await second.write(late)
    assert first.store.column(EVENTS, "recorded_at") == [100, 300]
    assert second.store.column(EVENTS, "recorded_at") == [300, MAR_1 + 4]


async def test_an_unreadable_record_becomes_a_letter_and_a_row_and_the_rest_goes_on() -> None:
    bench = Bench()
    await bench.write([record(0, b"\xff"), *calls(1, 1)])
    assert [(letter.place, letter.reason) for letter in bench.office.letters] == [
        ((CASE_EVENTS.name, 3, 0), "the bytes are no Envelope")
    ]
    (row,) = bench.store.rows(DEAD_LETTERS)
    assert row == (CASE_EVENTS.name, 3, 0, CASE_ID, "the bytes are no Envelope", MAR_1, CASE_ID, "clickhouse_sink")
    assert bench.store.column(EVENTS, "offset") == [1]
    assert bench.store.known[3].offset == 1


async def test_a_thousand_unreadable_records_in_a_row_stop_the_writer_before_anything_is_confirmed() -> None:
    bench = Bench()
    await bench.write([record(offset, b"\xff") for offset in range(999)])
    with pytest.raises(TooManyUnreadable):
        await bench.write([record(999, b"\xff")])
    assert bench.store.known[3].offset == 998


async def test_one_readable_record_between_them_starts_the_count_anew() -> None:
    bench = Bench()
    records = [record(offset, b"\xff") for offset in range(1999)]
    records[999] = calls(999, 999)[0]
    with pytest.raises(TooManyUnreadable):
        await bench.write([*records, record(1999, b"\xff")])
    another = Bench()
    records[998] = calls(998, 998)[0]
    await another.write([*records])
    assert another.store.column(EVENTS, "offset") == [998, 999]


async def test_the_digest_tells_contents_apart_and_nothing_else() -> None:
    bench = Bench()
    same, other = a_call(1), a_call(2)
    await bench.write([record(0, encode_event(same)), record(1, encode_event(same), at=MAR_1 + 99)])
    await bench.write([record(2, encode_event(other))])
    digests = bench.store.column(EVENT_DIGESTS, "digest")
    assert digests[0] == digests[1] != digests[2]
    assert all(isinstance(digest, bytes) and len(digest) == 32 for digest in digests)


async def test_partitions_are_written_side_by_side() -> None:
    bench = Bench(SlowStore())
    began = asyncio.get_running_loop().time()
    await asyncio.gather(*(bench.write(calls(0, 0, partition)) for partition in range(12)))
    assert asyncio.get_running_loop().time() - began < 0.6
