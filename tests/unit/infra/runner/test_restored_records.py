"""What a restore writes: every record keeps its offset, its content and its time, whatever the log was before."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from infra.runner.backup.reckoning import ends_history
from infra.runner.backup.record_files import KeptRecord
from infra.runner.backup.restored_records import RestoredRecord, restored_partition
from services.casework.codec import decode_record, encode_clock, encode_history_ends
from services.casework.domain.control import Clock, HistoryEnds
from services.casework.domain.log_time import RECORDED_AT_HEADER, PartitionTime, header_instant

LATER = 2_000_000
INSTANTS = st.integers(0, LATER - 1)
VALUES = st.sampled_from([b"", None, b"\xff unreadable", encode_clock(), encode_history_ends(), b'"\x00 more'])
HEADERS = st.lists(
    st.one_of(
        st.tuples(st.just(RECORDED_AT_HEADER), INSTANTS.map(lambda instant: str(instant).encode())),
        st.tuples(st.just(RECORDED_AT_HEADER), st.sampled_from([b"no instant", b""])),
        st.tuples(st.just("trace"), st.sampled_from([b"x", b"", None])),
    ),
    max_size=3,
)
RECORDS = st.lists(st.tuples(st.integers(1, 3), INSTANTS, VALUES, HEADERS), max_size=12)


def kept(written: Sequence[tuple[int, int, bytes | None, list[tuple[str, bytes | None]]]]) -> list[KeptRecord]:
    """A partition as a backup has it; the first number of each is how far it stands from the record before."""
    time, offset, records = PartitionTime(), -1, []
    for step, timestamp, value, headers in written:
        offset += step
        instant = header_instant((name, content or b"") for name, content in headers)
        recorded_at = time.next(offset, timestamp, instant, ends_history(value))
        records.append(KeptRecord(offset, timestamp, recorded_at, b"key", value, headers))
    return records


def reckoned(restored: Sequence[RestoredRecord]) -> dict[int, int]:
    """{offset: recorded_at} as readers reckon it, all of it having been written later than anything before."""
    time = PartitionTime()
    return {
        record.offset: time.next(
            record.offset,
            LATER,
            header_instant((name, content or b"") for name, content in record.headers),
            ends_history(record.value),
        )
        for record in restored
    }


@given(RECORDS)
def test_every_record_keeps_its_offset_and_its_time(written: list) -> None:
    records = kept(written)
    times = reckoned(list(restored_partition(records)))
    assert {record.offset: times[record.offset] for record in records} == {r.offset: r.recorded_at for r in records}


@given(RECORDS)
def test_offsets_have_no_gap_and_the_last_record_alone_ends_the_history(written: list) -> None:
    records = kept(written)
    restored = list(restored_partition(records))
    assert [record.offset for record in restored] == list(range(len(restored)))
    assert len(restored) == (records[-1].offset + 2 if records else 1)
    assert [ends_history(record.value) for record in restored] == [False] * (len(restored) - 1) + [True]
    assert isinstance(decode_record(restored[-1].value or b""), HistoryEnds)


@given(RECORDS)
def test_content_is_as_it_was_but_for_ends_of_histories_which_become_clocks(written: list) -> None:
    records = kept(written)
    restored = {record.offset: record for record in restored_partition(records)}
    for record in records:
        again = restored[record.offset]
        if ends_history(record.value):
            assert isinstance(decode_record(again.value or b""), Clock)
        else:
            assert again.value == record.value
        assert again.key == record.key
        others = [header for header in record.headers if header[0] != RECORDED_AT_HEADER]
        assert again.headers[1:] == others


@given(RECORDS)
def test_what_was_restored_can_be_backed_up_and_restored_again(written: list) -> None:
    records = kept(written)
    once = list(restored_partition(records))
    times = reckoned(once)
    again = [KeptRecord(r.offset, LATER, times[r.offset], r.key, r.value, r.headers) for r in once]
    twice = reckoned(list(restored_partition(again)))
    assert {record.offset: twice[record.offset] for record in records} == {r.offset: r.recorded_at for r in records}
