"""When something may be told: mornings, nights and days off where the people are (Asia/Dhaka)."""

from __future__ import annotations

from typing import Final

from services.alerting.domain.notifications.channels import MINUTES_A_DAY, Preferences
from services.casework.domain.instants import DAY, HOUR, MINUTE

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_AHEAD: Final = 6 * HOUR
"""Of UTC, all the year."""
_WEEKDAY_OF_DAY_NOUGHT: Final = WEEKDAYS.index("thursday")

WorkingDays = frozenset[str]
"""Some of WEEKDAYS, at least one."""


def weekday(instant: int) -> str:
    return WEEKDAYS[((instant + _AHEAD) // DAY + _WEEKDAY_OF_DAY_NOUGHT) % 7]


def minute_of_day(instant: int) -> int:
    return (instant + _AHEAD) // MINUTE % MINUTES_A_DAY


def next_morning(since: int, preferences: Preferences, working_days: WorkingDays) -> int:
    """The first instant from `since` on at which a digest goes."""
    midnight = (since + _AHEAD) // DAY * DAY - _AHEAD
    mornings = (midnight + day * DAY + preferences.morning_minute * MINUTE for day in range(9))
    return next(morning for morning in mornings if morning >= since and weekday(morning) in working_days)


def may_go(now: int, preferences: Preferences, working_days: WorkingDays) -> bool:
    """Whether what is not critical may be told now: on a working day, outside the quiet hours."""
    return weekday(now) in working_days and not preferences.is_quiet(minute_of_day(now))
