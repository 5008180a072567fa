"""Who is due when: the column and the heap say what a plain list would."""

from __future__ import annotations

from random import Random

import pytest

from streams.neglect_watch.timers import Timers


def popped(timers: Timers, before: int) -> list[int]:
    """Rows due before an instant; each is set to never, as the caller must."""
    found = []
    for row in timers.due_before(before):
        found.append(row)
        timers.set(row, None)
    return found


def test_no_rows_are_never_due() -> None:
    timers = Timers()
    timers.expect(10)
    assert (len(timers), timers.earliest(), popped(timers, 10)) == (0, None, [])


def test_rows_come_in_order_of_their_instants_and_an_instant_is_not_before_itself() -> None:
    timers = Timers()
    for due in (30, 10, 20, None):
        timers.set(timers.add(), due)
    timers.expect(100)
    assert timers.earliest() == 10
    assert popped(timers, 10) == []
    assert popped(timers, 31) == [1, 2, 0]
    assert timers.earliest() is None


def test_what_is_set_meanwhile_comes_too_and_what_was_moved_does_not() -> None:
    timers = Timers()
    one, two = timers.add(), timers.add()
    timers.set(one, 10)
    timers.expect(50)
    timers.set(two, 20)
    timers.set(one, 40)
    assert popped(timers, 30) == [two]
    assert popped(timers, 50) == [one]


def test_no_row_is_due_later_than_everybody_was_told() -> None:
    timers = Timers()
    for due in (5, 80, None):
        timers.set(timers.add(), due)
    timers.expect(100)
    timers.all_by(30)
    assert popped(timers, 31) == [0, 1, 2]


def test_time_never_comes_farther_than_was_expected() -> None:
    timers = Timers()
    timers.expect(10)
    with pytest.raises(AssertionError, match="farther"):
        list(timers.due_before(11))


@pytest.mark.parametrize("seed", range(20))
def test_it_says_what_a_plain_list_says(seed: int) -> None:
    rng, timers, plain, now = Random(seed), Timers(), list[int | None](), 0
    for _ in range(60):
        horizon = now + rng.randrange(1, 40)
        timers.expect(horizon)
        while now < horizon and rng.random() < 0.9:
            row = timers.add() if not plain or rng.random() < 0.3 else rng.randrange(len(plain))
            due = None if rng.random() < 0.1 else now + rng.randrange(60)
            plain[row : row + 1] = [due]
            timers.set(row, due)
            now += rng.randrange(0, min(10, horizon - now) + 1)
            expected = sorted((due, row) for row, due in enumerate(plain) if due is not None and due < now)
            for _, row in expected:
                plain[row] = None
            assert popped(timers, now) == [row for _, row in expected]
        assert timers.earliest() == min((due for due in plain if due is not None), default=None)
