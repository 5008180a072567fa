"""Quarters of the calendar, in UTC as cohorts are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from services.casework.domain.instants import parse_day
from services.outcomes.domain.periods import CohortLength, Period, cohort_of

_NAME: Final = re.compile(r"([0-9]{4})-Q([1-4])", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """number: 1 to 4."""

    year: int
    number: int

    @staticmethod
    def parse(text: str) -> Quarter:
        """Raises ValueError for what is not like 2026-Q1."""
        match = _NAME.fullmatch(text)
        if match is None or not 1970 <= int(match[1]) < 9999:
            raise ValueError("expected a quarter like 2026-Q1")
        return Quarter(int(match[1]), int(match[2]))

    @staticmethod
    def of(instant: int) -> Quarter:
        return Quarter.parse(cohort_of(instant, CohortLength.QUARTER))

    @property
    def before(self) -> Quarter:
        return Quarter(self.year, self.number - 1) if self.number > 1 else Quarter(self.year - 1, 4)

    @property
    def after(self) -> Quarter:
        return Quarter(self.year, self.number + 1) if self.number < 4 else Quarter(self.year + 1, 1)

    @property
    def period(self) -> Period:
        return Period(self._start, self.after._start)

    @property
    def _start(self) -> int:
        return parse_day(f"{self.year:04}-{3 * self.number - 2:02}-01")

    def __str__(self) -> str:
        return f"{self.year:04}-Q{self.number}"
