"""Instants and durations: whole milliseconds in the program, RFC 3339 and short words outside it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

MILLISECOND: Final = 1
SECOND: Final = 1000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

_UNITS: Final = {"ms": MILLISECOND, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_DURATION: Final = re.compile(r"(-?)([0-9]{1,12})(ms|s|m|h|d)", re.ASCII)
_INSTANT: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:([Zz])|([+-])([0-9]{2}):([0-9]{2}))",
    re.ASCII,
)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()

EARLIEST: Final = (date.min.toordinal() - _EPOCH_ORDINAL) * DAY
LATEST: Final = (date.max.toordinal() - _EPOCH_ORDINAL + 1) * DAY - 1
"""The first and the last instant that can be written."""


@lru_cache(maxsize=4096)
def _midnight(day: str) -> int:
    return (date.fromisoformat(day).toordinal() - _EPOCH_ORDINAL) * DAY


def parse_instant(text: str) -> int:
    """Milliseconds since 1970 UTC of an RFC 3339 instant; digits finer than a millisecond are cut off.

    Raises ValueError with what was expected.
    """
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise ValueError("expected an instant like 2026-03-01T09:30:00.000Z")
    day, hours, minutes, seconds, fraction, _, sign, offset_hours, offset_minutes = match.groups()
    hour, minute, second = int(hours), int(minutes), int(seconds)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError("expected a time of day between 00:00:00 and 23:59:59")
    instant = _day_start(day) + hour * HOUR + minute * MINUTE + second * SECOND
    if fraction:
        instant += int(f"{fraction[:3]:0<3}")
    if sign:
        if int(offset_hours) > 23 or int(offset_minutes) > 59:
            raise ValueError("expected an offset between -23:59 and +23:59")
        offset = int(offset_hours) * HOUR + int(offset_minutes) * MINUTE
        instant += offset if sign == "-" else -offset
    if not EARLIEST <= instant <= LATEST:
        raise ValueError("expected an instant between the years 1 and 9999")
    return instant


def _day_start(day: str) -> int:
    try:
        return _midnight(day)
    except ValueError:
        raise ValueError(f"there is no day {day}") from None


def parse_day(text: str) -> int:
    """Milliseconds since 1970 of 00:00 UTC of a day written 2026-03-12. Raises ValueError."""
    if _DAY.fullmatch(text) is None:
        raise ValueError("expected a day like 2026-03-12")
    return _day_start(text)


@lru_cache(maxsize=4096)
def _day_text(days: int) -> str:
    return date.fromordinal(days + _EPOCH_ORDINAL).isoformat()


def format_instant(instant: int) -> str:
    """RFC 3339 in UTC with milliseconds and `Z`, the one way instants are written outside the program."""
    days, rest = divmod(instant, DAY)
    seconds, millis = divmod(rest, SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{_day_text(days)}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z"


def format_day(instant: int) -> str:
    """The UTC day of an instant, like 2026-03-12."""
    return _day_text(instant // DAY)


def as_datetime(instant: int) -> datetime:
    """An aware UTC datetime of the same instant."""
    return datetime.fromtimestamp(instant // SECOND, UTC).replace(microsecond=instant % SECOND * 1000)


def parse_duration(text: str) -> int:
    """Milliseconds of a duration like `15m`, `-2d`, `250ms`. Raises ValueError."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError("expected a whole number and a unit (ms, s, m, h, d), like 15m or -2d")
    sign, number, unit = match.groups()
    duration = int(number) * _UNITS[unit]
    return -duration if sign else duration


def format_duration(duration: int) -> str:
    """The shortest way to write a duration exactly: 86400000 is `1d`, 5400000 is `90m`, 0 is `0s`."""
    if duration == 0:
        return "0s"
    for unit in ("d", "h", "m", "s"):
        if duration % _UNITS[unit] == 0:
            return f"{duration // _UNITS[unit]}{unit}"
    return f"{duration}ms"


_DHAKA_AHEAD: Final = 6 * HOUR
"""Asia/Dhaka is six hours ahead of UTC all the year."""


def local_day(instant: int) -> str:
    """The day of an instant where the people are (Asia/Dhaka), like 2026-03-12: for sentences, not for machines."""
    return format_day(instant + _DHAKA_AHEAD)
