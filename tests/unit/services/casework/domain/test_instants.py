"""Instants and durations, as they are written and read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.casework.domain.instants import (
    DAY,
    HOUR,
    MINUTE,
    as_datetime,
    format_day,
    format_duration,
    format_instant,
    local_day,
    parse_day,
    parse_duration,
    parse_instant,
)

EARLIEST, LATEST = parse_instant("0001-01-01T00:00:00Z"), parse_instant("9999-12-31T23:59:59.999Z")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.001Z", 1),
        ("1970-01-01T00:00:00.5Z", 500),
        ("1970-01-01T00:00:00.07Z", 70),
        ("1970-01-01T00:00:00.9999999Z", 999),
        ("1969-12-31T23:59:59.999Z", -1),
        ("1970-01-01t00:00:01z", 1000),
        ("1970-01-01T06:00:00+06:00", 0),
        ("1969-12-31T18:30:00-05:30", 0),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000),
    ],
)
def test_an_instant_is_read_to_the_millisecond_and_finer_digits_are_cut_off(text: str, instant: int) -> None:
    assert parse_instant(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-03-01",
        "2026-03-01T09:30:00",
        "2026-03-01 09:30:00Z",
        "2026-03-01T09:30Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T23:60:00Z",
        "2026-03-01T23:59:60Z",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-03-01T00:00:00.Z",
        "2026-03-01T00:00:00+24:00",
        "2026-03-01T00:00:00+06:60",
        "2026-03-01T00:00:00+0600",
        "২০২৬-০৩-০১T00:00:00Z",
        "2026-03-01T00:00:00Z ",
    ],
)
def test_what_is_no_instant_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|there is no day"):
        parse_instant(text)


@given(st.integers(EARLIEST, LATEST))
def test_an_instant_written_is_read_back(instant: int) -> None:
    text = format_instant(instant)

    assert len(text) == 24
    assert parse_instant(text) == instant


def test_an_instant_is_written_in_utc_with_milliseconds_and_z() -> None:
    assert format_instant(parse_instant("2026-03-01T15:30:00+06:00")) == "2026-03-01T09:30:00.000Z"
    assert format_instant(-1) == "1969-12-31T23:59:59.999Z"


def test_a_day_is_its_midnight_in_utc() -> None:
    assert parse_day("2026-03-12") == parse_instant("2026-03-12T00:00:00Z")
    assert format_day(parse_instant("2026-03-12T23:59:59.999Z")) == "2026-03-12"
    for text in ("2026-3-12", "12.03.2026", "2026-02-30", "2026-03-12T00:00:00Z"):
        with pytest.raises(ValueError, match=r"expected a day|there is no day"):
            parse_day(text)


def test_in_sentences_a_day_is_that_of_dhaka() -> None:
    assert local_day(parse_instant("2026-03-12T17:59:59.999Z")) == "2026-03-12"
    assert local_day(parse_instant("2026-03-12T18:00:00Z")) == "2026-03-13"


def test_an_aware_datetime_is_the_same_instant() -> None:
    assert as_datetime(1) == datetime(1970, 1, 1, 0, 0, 0, 1000, UTC)
    assert as_datetime(-1) == datetime(1969, 12, 31, 23, 59, 59, 999_000, UTC)


@pytest.mark.parametrize(
    ("text", "duration"),
    [("250ms", 250), ("30s", 30_000), ("15m", 15 * MINUTE), ("4h", 4 * HOUR), ("-2d", -2 * DAY), ("0s", 0), ("0d", 0)],
)
def test_a_duration_is_a_whole_number_and_a_unit(text: str, duration: int) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "7", "d", "1.5d", "1 d", "+1d", "--1d", "1w", "1D", "1d2h", "١d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="whole number and a unit"):
        parse_duration(text)


@given(st.integers(-(10**12), 10**12))
def test_a_duration_written_is_read_back(duration: int) -> None:
    assert parse_duration(format_duration(duration)) == duration


def test_a_duration_is_written_as_short_as_it_can_be_said_exactly() -> None:
    assert [format_duration(d) for d in (0, DAY, 36 * HOUR, 90 * MINUTE, 1500, -2 * DAY)] == [
        "0s",
        "1d",
        "36h",
        "90m",
        "1500ms",
        "-2d",
    ]
