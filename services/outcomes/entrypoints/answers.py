"""An answer as JSON.

    cell: {"group": {dimension: key | null}, "value", "numerator", "denominator", "shown", "hidden", "reason"}

`value` is null when there is nothing to divide by ("–") or when it is hidden ("1–2"): `shown` says which, `reason` why.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.casework.domain.instants import format_instant
from services.outcomes.application.asking import Answer, Asked
from services.outcomes.domain.breakdowns import Breakdown, Key
from services.outcomes.domain.disclosure import Cell
from services.outcomes.domain.periods import Period
from services.outcomes.domain.publication.catalogue import released_as
from services.outcomes.domain.tallies import Indicator
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
        "released_as": released_as(indicator.name),
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
        "items": _groups_to_json(answer, asked),
    }


def _groups_to_json(answer: Answer, asked: Asked) -> list[Json]:
    return [{"group": group_to_json(key, asked.breakdown), **cell_to_json(cell)} for key, cell in answer.groups.items()]


def series_to_json(series: Sequence[tuple[Period, Cell]]) -> list[Json]:
    return [
        {"from": format_instant(period.start), "to": format_instant(period.end), **cell_to_json(cell)}
        for period, cell in series
    ]


def summary_to_json(answers: Sequence[Answer], curves: Sequence[Json], wellbeing: Json, asked: Asked, now: int) -> Json:
    """Each item has its total, and as `items` its groups. curves, wellbeing: as their own modules make them."""
    return {
        **asked_to_json(asked, now),
        "items": [
            {
                **indicator_to_json(answer.indicator),
                **cell_to_json(answer.total),
                "items": _groups_to_json(answer, asked),
            }
            for answer in answers
        ],
        "curves": list(curves),
        "wellbeing": wellbeing["items"],
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


def group_to_json(key: Key, breakdown: Breakdown) -> dict[str, str | None]:
    return {dimension.value: text or None for dimension, text in zip(breakdown.by, key, strict=True)}
