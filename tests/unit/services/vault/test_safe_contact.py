"""When she may be called: against a plain reading of the plan, minute by minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.vault.domain.safe_contact import (
    DAY,
    MINUTE,
    WEEKDAYS,
    Channel,
    SafeContactPlan,
    Window,
    may_call,
    open_times,
    opens_between,
)

clocks = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 59]))
windows = st.builds(
    Window, st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=7, unique=True).map(tuple), clocks, clocks
)
plans = st.builds(SafeContactPlan, st.sampled_from(Channel), st.lists(windows, max_size=3).map(tuple))
instants = st.integers(0, 4_000_000_000_000)


def plainly_open(plan: SafeContactPlan, instant: int) -> bool:
    """By the calendar of the standard library, a window being the minutes from its beginning to its end."""
    local = datetime.fromtimestamp(instant // MINUTE * 60, UTC) + timedelta(hours=6)
    for window in plan.windows if plan.channel is not Channel.VISIT_ONLY else ():
        for days_ago in (0, 1):
            day = (local - timedelta(days=days_ago)).replace(hour=0, minute=0)
            if WEEKDAYS[day.weekday()] not in window.weekdays:
                continue
            begins = day + timedelta(hours=int(window.begins[:2]), minutes=int(window.begins[3:]))
            ends = day + timedelta(hours=int(window.ends[:2]), minutes=int(window.ends[3:]))
            if ends <= begins:
                ends += timedelta(days=1)
            if begins <= local < ends:
                return True
    return False


@given(plans, instants)
def test_she_may_be_called_exactly_when_a_plain_reading_of_the_plan_says_so(
    plan: SafeContactPlan, instant: int
) -> None:
    assert may_call(plan, instant) == plainly_open(plan, instant)


@given(plans, instants, st.integers(0, DAY))
def test_hours_that_are_still_to_come_are_found(plan: SafeContactPlan, begins: int, length: int) -> None:
    ends = begins + length
    minute_by_minute = [*range(begins, ends, MINUTE), *range(-(-begins // MINUTE) * MINUTE, ends, MINUTE)]
    assert opens_between(plan, begins, ends) == any(plainly_open(plan, instant) for instant in minute_by_minute)


@given(plans, instants, st.integers(1, DAY), st.integers(0, DAY))
def test_the_times_of_a_stretch_are_exactly_those_in_which_she_may_be_called(
    plan: SafeContactPlan, begins: int, length: int, within: int
) -> None:
    ends = begins + length
    times = open_times(plan, begins, ends)
    assert all(begins <= since < until <= ends for since, until in times)
    assert all(until < since for (_, until), (since, _) in pairwise(times))
    borders = {at for time in times for at in (time[0], time[0] - 1, time[1] - 1, time[1])}
    for instant in (begins + within % length, *(at for at in borders if begins <= at < ends)):
        assert any(since <= instant < until for since, until in times) == plainly_open(plan, instant)


def test_without_a_plan_nobody_agreed_to_any_hour() -> None:
    assert not may_call(None, 0)
    assert not opens_between(None, 0, DAY)
