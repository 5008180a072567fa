"""Times as people in Bangladesh read and write them: Asia/Dhaka, which has been UTC+6 without a break since 2010."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

DHAKA: Final = ZoneInfo("Asia/Dhaka")


def local(instant: str) -> datetime:
    """The local time of an RFC 3339 instant. Raises ValueError."""
    moment = datetime.fromisoformat(instant)
    if moment.tzinfo is None:
        raise ValueError(f"an instant without its offset: {instant!r}")
    return moment.astimezone(DHAKA)


def typed_instant(typed: str) -> str:
    """The RFC 3339 instant in UTC of a local time from a form (`2026-03-01T15:30`). Raises ValueError."""
    moment = datetime.fromisoformat(typed)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=DHAKA)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def for_form(moment: datetime) -> str:
    """An aware time as an `<input type=datetime-local>` takes it."""
    return moment.astimezone(DHAKA).strftime("%Y-%m-%dT%H:%M")


def days_between(earlier: datetime, later: datetime) -> int:
    """Whole days between two aware times, never negative."""
    return max(0, (later - earlier) // timedelta(days=1))


def today_in_dhaka(now: datetime) -> date:
    return now.astimezone(DHAKA).date()
