"""Days as people write them in registers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.casework.domain.register.dates import is_ambiguous, latin_digits, read_day

BANGLA = str.maketrans("0123456789", "০১২৩৪৫৬৭৮৯")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
WAYS = (
    "{day:%Y-%m-%d}",
    "{day:%d/%m/%Y}",
    "{day.day}/{day.month}/{day.year}",
    "{day:%d.%m.%y}",
    "{day:%d-%m-%Y}",
    "{day.day}-{month}-{day:%y}",
    "{day.day} {month} {day.year}",
    "{day:%Y-%m-%d} 00:00:00",
    "{serial}",
)


def day_of(milliseconds: int) -> date:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date()


def written(way: str, day: date) -> str:
    return way.format(day=day, month=MONTHS[day.month - 1], serial=(day - date(1899, 12, 30)).days)


@given(DAYS, st.sampled_from(WAYS), st.booleans())
def test_a_day_is_the_same_in_every_way_of_writing_it_and_in_both_digits(day: date, way: str, bangla: bool) -> None:
    text = written(way, day)

    assert day_of(read_day(text.translate(BANGLA) if bangla else text)) == day


@given(DAYS)
def test_what_could_be_two_days_is_asked_about_and_read_as_was_said(day: date) -> None:
    text = f"{day.day}/{day.month}/{day.year}"
    swaps = day.day <= 12 and day.day != day.month

    assert is_ambiguous(text) is swaps
    assert day_of(read_day(text)) == day
    other = day_of(read_day(text, day_first=False))
    assert other == (date(day.year, day.day, day.month) if swaps else day)


@given(st.text(max_size=30))
def test_whatever_stands_there_is_a_day_or_is_refused(text: str) -> None:
    try:
        read = read_day(text)
    except ValueError:
        return
    assert read % timedelta(days=1).total_seconds() == 0


@pytest.mark.parametrize("text", ["31/02/2024", "2024-13-01", "0/5/2024", "12/3", "soon", "", "12-Xyz-24", "2024"])
def test_what_no_calendar_has_is_no_day(text: str) -> None:
    with pytest.raises(ValueError):
        read_day(text)


def test_a_month_is_known_in_bangla_too() -> None:
    assert day_of(read_day("১২ মার্চ ২০২৪")) == date(2024, 3, 12)
    assert day_of(read_day("5 সেপ্টেম্বর, 2021")) == date(2021, 9, 5)


@given(st.integers(0, 10**12))
def test_bangla_digits_are_latin_ones(number: int) -> None:
    assert latin_digits(str(number).translate(BANGLA)) == str(number)
