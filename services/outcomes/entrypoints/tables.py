"""Answers as tables, for files: CSV of one, XLSX of several with a sheet that says what they are.

`row` is total or group.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

from services.casework.domain.instants import format_instant
from services.outcomes.application.asking import Answer, Asked, CurveAnswer, WellbeingAnswer
from services.outcomes.domain.breakdowns import Key
from services.runtime.workbooks import Row, Sheet

Shown = TypeVar("Shown")

_PERIOD: Final = ("from", "to", "data_as_of", "row")


def table_of_indicators(answers: Sequence[Answer], asked: Asked) -> Sheet:
    """One line a cell."""
    head = ("indicator", "unit", *_PERIOD, *_by(asked), "value", "numerator", "denominator", "shown", "reason")
    rows: list[Row] = []
    for answer in answers:
        start = (answer.indicator.name, answer.indicator.unit)
        for place, cell in _cells(answer.total, answer.groups, asked):
            exact = cell.figures
            counted = (exact.value, exact.numerator, exact.denominator)
            rows.append((*start, *place, *counted, cell.shown, cell.reason))
    return Sheet("Indicators", head, tuple(rows))


def table_of_curves(answers: Sequence[CurveAnswer], asked: Asked) -> Sheet:
    """One line a point."""
    seen = ("step", "after", "value", "low", "high", "at_risk", "shown", "reason")
    rows: list[Row] = []
    for answer in answers:
        for place, cell in _cells(answer.total, answer.groups, asked):
            for point in cell.points:
                found = (point.steps, point.share, point.low, point.high, point.at_risk, point.shown)
                reason = cell.reason if point.is_hidden else None
                rows.append((answer.curve.name, "%", *place, answer.curve.step.value, *found, reason))
    return Sheet("Curves", ("curve", "unit", *_PERIOD, *_by(asked), *seen), tuple(rows))


def table_of_wellbeing(answer: WellbeingAnswer, asked: Asked) -> Sheet:
    """One line a scale: an instrument's dimension, so many months after settling."""
    seen = (
        "instrument",
        "version",
        "dimension",
        "after_months",
        "pairs",
        "first",
        "later",
        "change",
        "shown",
        "reason",
    )
    rows: list[Row] = [
        (*place, *scale, means.pairs, means.first, means.later, means.change, means.shown, means.reason)
        for place, scales in _cells(answer.total, answer.groups, asked)
        for scale, means in scales.items()
    ]
    return Sheet("Wellbeing", (*_PERIOD, *_by(asked), *seen), tuple(rows))


def _by(asked: Asked) -> tuple[str, ...]:
    return tuple(dimension.value for dimension in asked.breakdown.by)


def _cells(total: Shown, groups: Mapping[Key, Shown], asked: Asked) -> Iterable[tuple[Row, Shown]]:
    """The total and every group, each behind the columns that say what it is of."""
    times = (format_instant(asked.period.start), format_instant(asked.period.end), format_instant(asked.as_of))
    yield (*times, "total", *("" for _ in asked.breakdown.by)), total
    for key, group in groups.items():
        yield (*times, "group", *key), group
