"""recorded_at along a partition: never backwards, the loader's headers only in history, the same after a restart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.casework.domain.log_time import LogTime, PartitionTime, header_instant

MAR_1 = 1_772_323_200_000


def reckoned(records: list[tuple[int, int | None, bool]], time: PartitionTime, first: int = 0) -> list[int]:
    return [
        time.next(first + index, timestamp, header, ends) for index, (timestamp, header, ends) in enumerate(records)
    ]


def test_recorded_at_is_the_timestamp_where_time_runs_forward() -> None:
    assert reckoned([(MAR_1, None, False), (MAR_1 + 5, None, False)], PartitionTime()) == [MAR_1, MAR_1 + 5]


def test_recorded_at_never_runs_backwards_when_the_brokers_clock_does() -> None:
    times = reckoned([(MAR_1 + 9, None, False), (MAR_1, None, False), (MAR_1 + 10, None, False)], PartitionTime())
    assert times == [MAR_1 + 9, MAR_1 + 9, MAR_1 + 10]


def test_headers_count_in_history_up_to_and_with_the_record_that_ends_it() -> None:
    records = [(MAR_1, 100, False), (MAR_1, 300, False), (MAR_1, 200, False), (MAR_1, 400, True), (MAR_1, 500, False)]
    assert reckoned(records, PartitionTime()) == [100, 300, 300, 400, MAR_1]


def test_a_header_means_nothing_in_a_partition_that_no_loader_began() -> None:
    assert reckoned([(MAR_1, None, False), (MAR_1 + 1, 7, False)], PartitionTime()) == [MAR_1, MAR_1 + 1]


def test_a_header_at_a_later_offset_does_not_begin_history() -> None:
    time = PartitionTime.restore(LogTime(newest=50, in_history=False, offset=4))
    assert reckoned([(MAR_1, 60, False), (MAR_1 + 1, 70, False)], time, first=5) == [MAR_1, MAR_1 + 1]


def test_a_record_without_a_header_inside_history_counts_with_its_timestamp() -> None:
    assert reckoned([(MAR_1, 100, False), (MAR_1 + 2, None, False)], PartitionTime()) == [100, MAR_1 + 2]


def test_history_that_ended_does_not_begin_again() -> None:
    records = [(MAR_1, 100, True), (MAR_1 + 1, 200, True), (MAR_1 + 2, 300, False)]
    assert reckoned(records, PartitionTime()) == [100, MAR_1 + 1, MAR_1 + 2]


def test_a_record_read_a_second_time_is_refused() -> None:
    time = PartitionTime()
    time.next(0, MAR_1, None, False)
    with pytest.raises(ValueError, match="read already"):
        time.next(0, MAR_1, None, False)


@given(
    records=st.lists(
        st.tuples(st.integers(0, 1000), st.none() | st.integers(0, 1000), st.booleans()), min_size=1, max_size=30
    ),
    data=st.data(),
)
def test_a_reader_that_goes_on_from_a_saved_state_reckons_as_one_that_never_stopped(
    records: list[tuple[int, int | None, bool]], data: st.DataObject
) -> None:
    stop = data.draw(st.integers(0, len(records)))
    first = PartitionTime()
    before = reckoned(records[:stop], first)
    after = reckoned(records[stop:], PartitionTime.restore(first.state), first=stop)
    whole = reckoned(records, PartitionTime())
    assert before + after == whole
    assert whole == sorted(whole)


@pytest.mark.parametrize(
    ("headers", "instant"),
    [
        ([], None),
        ([("trace", b"1")], None),
        ([("trace", b"1"), ("recorded_at", b"1772323200000")], MAR_1),
        ([("recorded_at", b"-5")], None),
        ([("recorded_at", b"")], None),
        ([("recorded_at", b"1" * 16)], None),
        ([("recorded_at", "১২".encode())], None),
    ],
)
def test_only_ascii_digits_are_a_recorded_at_header(headers: list[tuple[str, bytes]], instant: int | None) -> None:
    assert header_instant(headers) == instant
