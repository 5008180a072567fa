"""Periods and the calendar of cohorts, in milliseconds since 1970 UTC."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Final

from services.casework.domain.instants import DAY, as_datetime, parse_day

MONTH: Final = 2_629_800_000
"""30.4375 days of 24 hours, in milliseconds."""

YEAR: Final = 12 * MONTH
"""365.25 days."""


class CohortLength(StrEnum):
    """How long a stretch of the calendar is."""

    QUARTER = "quarter"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Period:
    """[start, end): what happened at `end` lies outside."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise ValueError("a period ends after it starts")

    def __contains__(self, instant: int) -> bool:
        return self.start <= instant < self.end

    def known_at(self, as_of: int) -> Period:
        """The part of it that had passed at `as_of`, that instant included: nobody is late for what lies ahead.

        Raises ValueError when none of it had.
        """
        return replace(self, end=min(self.end, as_of + 1))

    def slices(self, length: CohortLength) -> list[Period]:
        """The period cut where calendar quarters or months (UTC) begin."""
        starts = [self.start]
        while (following := _next_start(starts[-1], length)) < self.end:
            starts.append(following)
        return [Period(start, end) for start, end in pairwise([*starts, self.end])]

    def overlap(self, start: int, end: int) -> tuple[int, int] | None:
        """The common part of the period and [start, end), or None."""
        start, end = max(start, self.start), min(end, self.end)
        return (start, end) if start < end else None


def cohort_of(settled_at: int, length: CohortLength) -> str:
    """The calendar quarter or month (UTC) of an instant: `2026-Q1`, `2026-03`."""
    day = as_datetime(settled_at)
    if length is CohortLength.MONTH:
        return f"{day.year:04}-{day.month:02}"
    return f"{day.year:04}-Q{(day.month - 1) // 3 + 1}"


def _next_start(instant: int, length: CohortLength) -> int:
    """The first instant after it at which a quarter or month begins."""
    day, months = as_datetime(instant), 1 if length is CohortLength.MONTH else 3
    number = (day.year * 12 + day.month - 1) // months * months + months
    return parse_day(f"{number // 12:04}-{number % 12 + 1:02}-01")


def length_of_union(spans: Iterable[tuple[int, int]]) -> int:
    """Milliseconds covered by at least one of the spans [start, end)."""
    covered = 0
    reached: int | None = None
    for start, end in sorted(spans):
        if reached is None or start > reached:
            covered += end - start
            reached = end
        elif end > reached:
            covered += end - reached
            reached = end
    return covered


__all__ = ["DAY", "MONTH", "YEAR", "CohortLength", "Period", "cohort_of", "length_of_union"]
