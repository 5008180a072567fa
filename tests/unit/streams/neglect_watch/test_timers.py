"""Who is due when: the column says what a plain list would."""

from __future__ import annotations

from random import Random

import pytest

from streams.neglect_watch.timers import Timers


def timers_of(*dues: int | None) -> Timers:
    timers = Timers()
    for due in dues:
        timers.set(timers.add(), due)
    return timers


def test_no_rows_are_never_due() -> None:
    timers = Timers()
    assert (len(timers), timers.earliest(), timers.due_before(10)) == (0, None, [])


def test_rows_come_in_order_of_their_instants_and_an_instant_is_not_before_itself() -> None:
    timers = timers_of(30, 10, 20, None)
    assert timers.earliest() == 10
    assert timers.due_before(10) == []
    assert timers.due_before(31) == [1, 2, 0]
    assert [timers.due(row) for row in range(4)] == [30, 10, 20, None]


def test_what_was_moved_counts_where_it_was_moved_to() -> None:
    timers = timers_of(10, None)
    timers.set(1, 20)
    timers.set(0, 40)
    assert timers.due_before(30) == [1]
    assert timers.due_before(50) == [1, 0]
    timers.set(1, None)
    assert (timers.due_before(50), timers.earliest()) == ([0], 40)


def test_no_row_is_due_later_than_everybody_was_told() -> None:
    timers = timers_of(5, 80, None)
    timers.all_by(30)
    assert timers.due_before(31) == [0, 1, 2]
    assert timers.due_before(30) == [0]


@pytest.mark.parametrize("seed", range(20))
def test_it_says_what_a_plain_list_says(seed: int) -> None:
    rng, timers, plain, now = Random(seed), Timers(), list[int | None](), 0
    for _ in range(60):
        row = timers.add() if not plain or rng.random() < 0.3 else rng.randrange(len(plain))
        due = None if rng.random() < 0.1 else now + rng.randrange(60)
        plain[row : row + 1] = [due]
        timers.set(row, due)
        now += rng.randrange(10)
        expected = sorted((due, row) for row, due in enumerate(plain) if due is not None and due < now)
        assert timers.due_before(now) == [row for _, row in expected]
        for _, row in expected:
            plain[row] = None
            timers.set(row, None)
        assert timers.earliest() == min((due for due in plain if due is not None), default=None)
