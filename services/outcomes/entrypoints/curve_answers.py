"""A curve as JSON.

    point: {"after", "value", "low", "high", "at_risk", "shown", "hidden"}, after so many of the curve's `step`
    cell:  {"group": {dimension: key | null}, "cases", "points": [point], "reason"}

`value`, `low` and `high` in per cent: null when nobody was followed so long ("–") or when it is hidden ("1–2"); `low`
and `high` also while nothing has ended, or when all has.
"""

from __future__ import annotations

from services.outcomes.application.asking import Asked, CurveAnswer
from services.outcomes.domain.curve_disclosure import CurveCell, Point
from services.outcomes.domain.curves import Curve
from services.outcomes.entrypoints.answers import Json, asked_to_json, group_to_json


def curve_to_json(curve: Curve) -> Json:
    return {
        "curve": curve.name,
        "title": curve.title,
        "unit": "%",
        "definition": curve.definition,
        "started": curve.started,
        "step": curve.step.value,
        "horizons": list(curve.horizons),
    }


def curve_answer_to_json(answer: CurveAnswer, asked: Asked, now: int) -> Json:
    return {**asked_to_json(asked, now), **cells_of_curve_to_json(answer, asked)}


def cells_of_curve_to_json(answer: CurveAnswer, asked: Asked) -> Json:
    """The curve and its total, and as `items` its groups."""
    return {
        **curve_to_json(answer.curve),
        "total": _cell_to_json(answer.total),
        "items": [
            {"group": group_to_json(key, asked.breakdown), **_cell_to_json(cell)} for key, cell in answer.groups.items()
        ],
    }


def _cell_to_json(cell: CurveCell) -> Json:
    return {"cases": cell.cases, "points": [_point_to_json(point) for point in cell.points], "reason": cell.reason}


def _point_to_json(point: Point) -> Json:
    return {
        "after": point.steps,
        "value": point.share,
        "low": point.low,
        "high": point.high,
        "at_risk": point.at_risk,
        "shown": point.shown,
        "hidden": point.is_hidden,
    }
