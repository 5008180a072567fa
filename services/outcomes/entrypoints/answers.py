"""An answer as JSON and as CSV.

    cell: {"group": {dimension: key | null}, "value", "numerator", "denominator", "shown", "hidden", "reason"}

`value` is null when there is nothing to divide by ("–") or when it is hidden ("1–2"): `shown` says which, `reason` why.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from services.casework.domain.instants import format_instant
from services.outcomes.application.asking import Answer, Asked
from services.outcomes.domain.breakdowns import Breakdown, Key
from services.outcomes.domain.disclosure import Cell
from services.outcomes.domain.indicators import Indicator
from services.outcomes.ports import DataState

Json = dict[str, object]


def indicator_to_json(indicator: Indicator) -> Json:
    return {
        "indicator": indicator.name,
        "title": indicator.title,
        "unit": indicator.unit,
        "definition": indicator.definition,
        "counts": {"numerator": indicator.numerator, "denominator": indicator.denominator},
        "internal": indicator.is_internal,
    }


def asked_to_json(asked: Asked, now: int) -> Json:
    """What every answer says of itself: the period it is about, how it was taken apart, and how old it is."""
    breakdown = asked.breakdown
    return {
        "period": {"from": format_instant(asked.period.start), "to": format_instant(asked.period.end)},
        "data_as_of": format_instant(asked.as_of),
        "by": [dimension.value for dimension in breakdown.by],
        "where": {dimension.value: key for dimension, key in breakdown.where.items()},
        "cohorts": breakdown.cohorts.value,
        "freshness": freshness_to_json(asked.state, now),
    }


def freshness_to_json(state: DataState, now: int) -> Json:
    """`now`: milliseconds since 1970. What is not known is null."""
    until = state.checked_until
    return {
        "checked_until": None if until is None else format_instant(until),
        "cases_checked": state.cases,
        "lag_seconds": None if until is None else max(0, now - until) / 1000,
    }


def answer_to_json(answer: Answer, asked: Asked, now: int) -> Json:
    return {
        **indicator_to_json(answer.indicator),
        **asked_to_json(asked, now),
        "total": cell_to_json(answer.total),
        "items": [{"group": _group(key, asked.breakdown), **cell_to_json(cell)} for key, cell in answer.groups.items()],
    }


def summary_to_json(answers: Sequence[Answer], asked: Asked, now: int) -> Json:
    return {
        **asked_to_json(asked, now),
        "items": [{**indicator_to_json(answer.indicator), **cell_to_json(answer.total)} for answer in answers],
    }


def cell_to_json(cell: Cell) -> Json:
    return {
        "value": cell.figures.value,
        "numerator": cell.figures.numerator,
        "denominator": cell.figures.denominator,
        "shown": cell.shown,
        "hidden": cell.is_hidden,
        "reason": cell.reason,
    }


def _group(key: Key, breakdown: Breakdown) -> dict[str, str | None]:
    return {dimension.value: text or None for dimension, text in zip(breakdown.by, key, strict=True)}


def answers_to_csv(answers: Sequence[Answer], asked: Asked) -> str:
    """One line a cell; `row` is total or group. Keys are codes, so that no field can be taken for a formula."""
    text = io.StringIO()
    by = [dimension.value for dimension in asked.breakdown.by]
    writer = csv.writer(text, lineterminator="\r\n")
    head = ("indicator", "unit", "from", "to", "data_as_of", "row")
    writer.writerow((*head, *by, "value", "numerator", "denominator", "shown", "reason"))
    times = (format_instant(asked.period.start), format_instant(asked.period.end), format_instant(asked.as_of))
    for answer in answers:
        start = (answer.indicator.name, answer.indicator.unit, *times)
        writer.writerow((*start, "total", *("" for _ in by), *_columns(answer.total)))
        for key, cell in answer.groups.items():
            writer.writerow((*start, "group", *key, *_columns(cell)))
    return text.getvalue()


def _columns(cell: Cell) -> tuple[object, ...]:
    exact = cell.figures
    return exact.value, exact.numerator, exact.denominator, cell.shown, cell.reason
