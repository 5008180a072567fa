from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerting.domain.position import Mark, Position, UnreadablePosition, fingerprint
from services.alerting.domain.transition_log import MOST_TO_CATCH_UP, CannotContinue, TransitionLog
from services.runtime.topics import PARTITIONS
from tests.unit.services.alerting.alerting_builders import MAR_10, escalated, raised

MARKS = st.one_of(st.just(Mark(0, b"")), st.builds(Mark, st.integers(1, 2**63 - 1), st.binary(min_size=4, max_size=4)))
POSITIONS = st.builds(Position, st.tuples(*[MARKS] * PARTITIONS))
BEGINNING = Position((Mark(0, b""),) * PARTITIONS)


@given(POSITIONS)
def test_a_position_is_read_as_it_was_written(position):
    word = position.encode()
    assert Position.decode(word) == position
    assert word.replace("-", "").replace("_", "").isalnum()
    assert len(word) < 250


@given(st.one_of(st.text(max_size=60), st.binary(max_size=90).map(lambda raw: base64.urlsafe_b64encode(raw).decode())))
def test_what_is_no_position_is_refused_and_never_taken_for_one(word):
    try:
        position = Position.decode(word)
    except UnreadablePosition:
        return
    assert len(position.marks) == PARTITIONS


@given(POSITIONS, st.integers(0, 40))
def test_a_position_cut_short_or_lengthened_is_refused(position, cut):
    raw = base64.urlsafe_b64decode(position.encode() + "=" * (-len(position.encode()) % 4))
    for changed in (raw[: max(0, len(raw) - 1 - cut)], raw + b"\x01"):
        with pytest.raises(UnreadablePosition):
            Position.decode(base64.urlsafe_b64encode(changed).decode().rstrip("="))


def log_with(*told: tuple[int, int], print_of_first: bytes = b"abcd") -> TransitionLog:
    """told: (partition, offset)"""
    log = TransitionLog()
    for number, (partition, offset) in enumerate(told):
        log.note_read(partition, offset, print_of_first)
        log.append(partition, offset, raised(at=MAR_10 + number))
    return log


def offsets_after(log: TransitionLog, position: Position) -> list[int]:
    return [transition.at - MAR_10 for _, transition in log.after(position)]


def test_from_the_end_there_is_nothing_and_from_the_beginning_everything():
    log = log_with((0, 0), (3, 0), (0, 1))
    assert offsets_after(log, log.position()) == []
    assert sorted(offsets_after(log, BEGINNING)) == [0, 1, 2]


@given(st.lists(st.tuples(st.integers(0, PARTITIONS - 1), st.booleans()), max_size=60), st.data())
def test_from_any_position_told_on_the_way_exactly_the_rest_follows(steps, data):
    log, ends = TransitionLog(), [0] * PARTITIONS
    for number, (partition, says_something) in enumerate(steps):
        log.note_read(partition, ends[partition], b"abcd")
        if says_something:
            log.append(partition, ends[partition], raised(at=MAR_10 + number))
        ends[partition] += 1
    told = list(log.after(BEGINNING))
    stop = data.draw(st.integers(0, len(told)))
    position = told[stop - 1][0] if stop else BEGINNING
    rest = [transition for _, transition in log.after(Position.decode(position.encode()))]
    assert [transition for _, transition in told[:stop]] + rest == [transition for _, transition in told]


def test_what_comes_later_follows_a_position_taken_before():
    log = log_with((0, 0), (1, 0))
    position = log.position()
    log.note_read(1, 1, b"")
    log.append(1, 1, raised(at=MAR_10 + 9))
    log.note_read(5, 0, b"efgh")
    log.append(5, 0, raised(at=MAR_10 + 10))
    assert offsets_after(log, position) == [9, 10]


@pytest.mark.parametrize(
    ("mark", "reason"),
    [(Mark(3, b"abcd"), "beyond"), (Mark(1, b"wxyz"), "another log"), (Mark(2**40, b"abcd"), "beyond")],
)
def test_a_position_beyond_the_end_or_in_another_log_cannot_be_continued(mark, reason):
    log = log_with((0, 0), (0, 1))
    with pytest.raises(CannotContinue, match=reason):
        log.after(Position((mark, *BEGINNING.marks[1:])))


def test_who_is_too_far_behind_is_to_read_the_list_anew():
    log = log_with(*((0, offset) for offset in range(MOST_TO_CATCH_UP + 1)))
    with pytest.raises(CannotContinue, match="more than"):
        log.after(BEGINNING)
    assert len(list(log.after(Position((Mark(1, b"abcd"), *BEGINNING.marks[1:]))))) == MOST_TO_CATCH_UP


def test_of_all_partitions_the_latest_are_kept_whichever_was_read_first():
    log = TransitionLog(most=6)
    for partition in (2, 0, 5):
        for offset in range(6):
            log.note_read(partition, offset, b"abcd")
            log.append(partition, offset, raised(at=MAR_10 + 10 * offset + partition))
    marks = [Mark(4, b"abcd") if partition in (0, 2, 5) else Mark(0, b"") for partition in range(PARTITIONS)]
    assert sorted(offsets_after(log, Position(tuple(marks)))) == [40, 42, 45, 50, 52, 55]
    for partition in (0, 2, 5):
        further_back = [*marks[:partition], Mark(3, b"abcd"), *marks[partition + 1 :]]
        with pytest.raises(CannotContinue, match="more than 6"):
            log.after(Position(tuple(further_back)))


def test_what_comes_while_a_slow_reader_reads_neither_disturbs_her_nor_is_lost():
    log = TransitionLog(most=3)
    for offset in range(3):
        log.note_read(0, offset, b"abcd")
        log.append(0, offset, raised(at=MAR_10 + offset))
    reading = log.after(BEGINNING)
    first = next(reading)
    for offset in (3, 4):
        log.note_read(0, offset, b"")
        log.append(0, offset, raised(at=MAR_10 + offset))
    position, _ = [first, *reading][-1]
    assert offsets_after(log, position) == [3, 4]


def test_a_first_record_is_told_apart_by_when_the_broker_took_it_and_by_what_it_says():
    prints = {fingerprint(1, b"a"), fingerprint(2, b"a"), fingerprint(1, b"b"), fingerprint(1, None)}
    assert len(prints) == 4
    assert {len(one) for one in prints} == {4}
    assert escalated(raised()).revision == 2
