"""What an organisation's own evaluator may see of a curve: by the rule of `disclosure`, point by point.

Of a group, a curve that one or two cases make is not shown; nor is a point at which one or two are left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.outcomes.domain.curves import Curve
from services.outcomes.domain.disclosure import NOTHING_TO_DIVIDE_BY, TOO_FEW, TOO_FEW_SHOWN, WHY_HIDDEN
from services.outcomes.domain.kaplan_meier import Estimate, estimates
from services.outcomes.domain.spells import Spell


@dataclass(frozen=True, slots=True)
class Point:
    """steps: days or months since the start, as the curve counts. at_risk None: hidden, with all that rests on it.

    share, low and high in per cent; None where there is none, or where it is hidden (`shown` says which).
    """

    steps: int
    share: float | None
    low: float | None
    high: float | None
    at_risk: int | None
    shown: str
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class CurveCell:
    """cases: how many spells the curve is made of, None when that is hidden. reason: why something is."""

    cases: int | None
    points: tuple[Point, ...]
    reason: str | None = None


def curve_cell_of(curve: Curve, spells: Sequence[Spell], *, is_group: bool) -> CurveCell:
    if is_group and len(spells) in TOO_FEW:
        return CurveCell(None, tuple(_hidden(steps) for steps in curve.shown_at), WHY_HIDDEN)
    found = zip(curve.shown_at, estimates(spells, curve.times), strict=True)
    points = tuple(_point(steps, estimate, is_group=is_group) for steps, estimate in found)
    return CurveCell(len(spells), points, WHY_HIDDEN if any(point.is_hidden for point in points) else None)


def _point(steps: int, estimate: Estimate, *, is_group: bool) -> Point:
    if is_group and estimate.at_risk in TOO_FEW:
        return _hidden(steps)
    share, low, high = (_percent(part) for part in (estimate.share, estimate.low, estimate.high))
    shown = NOTHING_TO_DIVIDE_BY if share is None else f"{share:.1f}"
    return Point(steps, share, low, high, estimate.at_risk, shown)


def _hidden(steps: int) -> Point:
    return Point(steps, None, None, None, None, TOO_FEW_SHOWN, is_hidden=True)


def _percent(part: float | None) -> float | None:
    return None if part is None else 100 * part
