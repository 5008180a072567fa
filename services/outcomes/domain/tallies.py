"""What an indicator is, what is counted for it over the cases of a group, and the value that gives."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Shape(StrEnum):
    COUNT = "count"
    RATIO = "ratio"
    MEDIAN = "median"


@dataclass(frozen=True, slots=True)
class Indicator:
    """What is shown beside a number so that nobody has to guess what it means.

    numerator_scale, denominator_scale: how many counted units (1, or milliseconds) make one of those shown.
    factor: of the ratio: 100 for per cent and for "per 100".
    is_internal: for the organisation's own eyes only; never in anything that leaves it.
    needs_cases: on how many cases at least a value must rest to be shown at all.
    """

    name: str
    title: str
    shape: Shape
    unit: str
    numerator: str
    denominator: str | None
    definition: str
    factor: int = 1
    numerator_scale: int = 1
    denominator_scale: int = 1
    is_internal: bool = False
    needs_cases: int = 0


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted over the cases of one group, in whole units.

    numerator_cases, denominator_cases: how many different cases it rests on. For a median, `denominator` is the
    number of samples and `median` the middle one, of an even number the mean of the two in the middle.
    """

    numerator: int = 0
    denominator: int = 0
    numerator_cases: int = 0
    denominator_cases: int = 0
    median: float | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """value is None ("–") when there is nothing to divide by; a count has no denominator, a median no numerator."""

    value: float | int | None
    numerator: float | int | None
    denominator: float | int | None


def figures(indicator: Indicator, tally: Tally) -> Figures:
    match indicator.shape:
        case Shape.COUNT:
            return Figures(tally.numerator, tally.numerator, None)
        case Shape.MEDIAN:
            middle = None if tally.median is None else tally.median / indicator.numerator_scale
            return Figures(middle, None, tally.denominator)
        case Shape.RATIO:
            above = _scaled(tally.numerator, indicator.numerator_scale)
            below = _scaled(tally.denominator, indicator.denominator_scale)
            return Figures(indicator.factor * above / below if below else None, above, below)


def _scaled(counted: int, scale: int) -> float | int:
    return counted if scale == 1 else counted / scale
