"""What an organisation's own evaluator may see of a group: a cell that rests on one or two cases hides its number.

A cell is a group of a break-down, or the total when it is filtered; the total of the whole organisation is exact. A
number counted over 1 or 2 cases is not shown, nor what it could be worked out from in the same cell. This keeps an
aggregate from being about one woman by accident. It does not withstand somebody who subtracts cells from totals:
an evaluator may know her own organisation's total, and publications are another matter with stricter rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.outcomes.domain.tallies import Figures, Indicator, Tally, figures
from services.outcomes.domain.wellbeing import PairSum

TOO_FEW: Final = (1, 2)
TOO_FEW_SHOWN: Final = "1–2"
NOTHING_TO_DIVIDE_BY: Final = "–"
WHY_HIDDEN: Final = "The number rests on one or two cases, so that it could be about one person."
WHY_TOO_FEW: Final = "The number would rest on fewer than {needed} cases."


@dataclass(frozen=True, slots=True)
class Cell:
    """Figures as shown. `shown` is the value in words a page can print; `reason` says why a value is hidden."""

    figures: Figures
    shown: str
    is_hidden: bool = False
    reason: str | None = None


def cell_of(indicator: Indicator, tally: Tally, *, is_group: bool) -> Cell:
    exact = figures(indicator, tally)
    if is_group and tally.denominator_cases in TOO_FEW:
        return Cell(Figures(None, None, None), TOO_FEW_SHOWN, is_hidden=True, reason=WHY_HIDDEN)
    if 0 < tally.denominator_cases < indicator.needs_cases:
        reason = WHY_TOO_FEW.format(needed=indicator.needs_cases)
        return Cell(Figures(None, None, None), f"1–{indicator.needs_cases - 1}", is_hidden=True, reason=reason)
    if is_group and tally.numerator_cases in TOO_FEW:
        return Cell(Figures(None, None, exact.denominator), TOO_FEW_SHOWN, is_hidden=True, reason=WHY_HIDDEN)
    return Cell(exact, _shown(exact))


@dataclass(frozen=True, slots=True)
class PairedMeans:
    """Means of paired scores, from 0 to 1, as shown; None, the number of pairs too, where they are hidden."""

    pairs: int | None
    first: float | None
    later: float | None
    change: float | None
    shown: str
    reason: str | None = None


def means_of(found: PairSum, *, is_group: bool) -> PairedMeans:
    if is_group and found.pairs in TOO_FEW:
        return PairedMeans(None, None, None, None, TOO_FEW_SHOWN, WHY_HIDDEN)
    first, later = found.means
    return PairedMeans(found.pairs, first, later, later - first, f"{later - first:+.2f}")


def _shown(exact: Figures) -> str:
    if exact.value is None:
        return NOTHING_TO_DIVIDE_BY
    return str(exact.value) if isinstance(exact.value, int) else f"{exact.value:.1f}"
