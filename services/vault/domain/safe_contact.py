"""When and how she may be called without putting her in danger. Pure.

Times of a plan are of Dhaka, which has had no summer time since 2009: six hours before UTC, always.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from services.vault.domain.identity import InvalidIdentity

MINUTE: Final = 60_000
DAY: Final = 86_400_000
DHAKA_AHEAD: Final = 6 * 60 * MINUTE
REVIEW_AFTER: Final = 30 * DAY
MOST_WINDOWS: Final = 21
WORDS_CHARACTERS: Final = 500

_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
_MINUTES_OF_A_DAY: Final = 24 * 60
# 1970-01-01 was a Thursday.
_WEEKDAY_OF_DAY_NOUGHT: Final = 3


class Channel(StrEnum):
    VOICE = "voice"
    MESSAGE = "message"
    VISIT_ONLY = "visit_only"


WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Window:
    """On these weekdays from `begins` until before `ends` ("HH:MM"); past midnight when `ends` is not later.

    The weekday is the one on which the window begins.
    """

    weekdays: tuple[str, ...]
    begins: str
    ends: str


@dataclass(frozen=True, slots=True)
class SafeContactPlan:
    """Agreed with her. windows: when she may be called; none: never without a reason.

    who_may_answer, cover_story, code_word: words for the caseworker; "" for none. leave_message: whether one may.
    """

    channel: Channel
    windows: tuple[Window, ...]
    who_may_answer: str = ""
    cover_story: str = ""
    code_word: str = ""
    leave_message: bool = False


def check_plan(plan: SafeContactPlan) -> None:
    """Raises InvalidIdentity naming every field that is wrong."""
    problems: list[tuple[str, str]] = []
    if len(plan.windows) > MOST_WINDOWS:
        problems.append(("windows", f"expected at most {MOST_WINDOWS}"))
    for index, window in enumerate(plan.windows):
        if not window.weekdays or not set(window.weekdays) <= set(WEEKDAYS):
            problems.append((f"windows.{index}.weekdays", f"expected some of {', '.join(WEEKDAYS)}"))
        for name, value in (("begins", window.begins), ("ends", window.ends)):
            if not _CLOCK.fullmatch(value):
                problems.append((f"windows.{index}.{name}", "expected a time like 09:30"))
    for name in ("who_may_answer", "cover_story", "code_word"):
        if len(getattr(plan, name)) > WORDS_CHARACTERS:
            problems.append((name, f"expected at most {WORDS_CHARACTERS} characters"))
    if problems:
        raise InvalidIdentity(problems)


def may_call(plan: SafeContactPlan | None, now: int) -> bool:
    """Whether `now` (milliseconds since 1970 UTC) lies in a window. Without a plan nobody agreed to any: no."""
    if plan is None or plan.channel is Channel.VISIT_ONLY:
        return False
    day, within_day = divmod(now + DHAKA_AHEAD, DAY)
    minute = within_day // MINUTE
    return any(_is_open(window, day, minute) for window in plan.windows)


def opens_between(plan: SafeContactPlan | None, begins: int, ends: int) -> bool:
    """Whether she may be called at some instant from `begins` until before `ends` (milliseconds since 1970 UTC)."""
    if plan is None:
        return False
    days = range((begins + DHAKA_AHEAD) // DAY, (ends + DHAKA_AHEAD) // DAY + 1)
    openings = [day * DAY - DHAKA_AHEAD + _minutes(w.begins) * MINUTE for day in days for w in plan.windows]
    # A time that is open at all is open from `begins` on, or from the beginning of a window.
    return any(begins <= instant < ends and may_call(plan, instant) for instant in (begins, *openings))


def open_times(plan: SafeContactPlan, begins: int, ends: int) -> list[tuple[int, int]]:
    """From when until before when she may be called, within `begins` and `ends` (milliseconds since 1970 UTC)."""
    days = range((begins + DHAKA_AHEAD) // DAY, (ends + DHAKA_AHEAD) // DAY + 1)
    clocks = {clock for window in plan.windows for clock in (window.begins, window.ends)} | {"00:00"}
    turns = {day * DAY - DHAKA_AHEAD + _minutes(clock) * MINUTE for day in days for clock in clocks}
    borders = [begins, *sorted(turn for turn in turns if begins < turn < ends), ends]
    found: list[tuple[int, int]] = []
    for since, until in pairwise(borders):
        if not may_call(plan, since):
            continue
        goes_on = bool(found) and found[-1][1] == since
        found.append((found.pop()[0] if goes_on else since, until))
    return found


def _is_open(window: Window, day: int, minute: int) -> bool:
    begins, ends = _minutes(window.begins), _minutes(window.ends)
    if begins < ends:
        return _begins_on(window, day) and begins <= minute < ends
    today = _begins_on(window, day) and minute >= begins
    since_yesterday = _begins_on(window, day - 1) and minute < ends
    return today or since_yesterday


def _begins_on(window: Window, day: int) -> bool:
    return WEEKDAYS[(day + _WEEKDAY_OF_DAY_NOUGHT) % 7] in window.weekdays


def _minutes(clock: str) -> int:
    return (int(clock[:2]) * 60 + int(clock[3:])) % _MINUTES_OF_A_DAY


def needs_review(agreed_at: int, now: int) -> bool:
    """Whether the plan is older than 30 days: what was safe then may not be any more."""
    return now - agreed_at >= REVIEW_AFTER
