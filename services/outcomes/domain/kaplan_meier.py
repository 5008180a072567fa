"""Kaplan–Meier: the share that still goes on after a time, where some were not seen to the end.

Source: Kaplan and Meier, "Nonparametric estimation from incomplete observations", 1958; the variance is Greenwood's,
the interval is on the log(−log) scale (Kalbfleisch and Prentice, "The statistical analysis of failure time data").
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Final

from services.outcomes.domain.spells import Spell

Z_95: Final = 1.959963984540054
"""The 97.5th percentile of the standard normal distribution."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """After `at` milliseconds: share from 0 to 1, its 95 % interval, how many lasted at least so long, and how many
    had ended by then.

    share None: nobody was seen so long. low, high None: the formula gives no interval (nothing ended, or all did).
    """

    at: int
    share: float | None
    low: float | None
    high: float | None
    at_risk: int
    ended: int


def estimates(spells: Sequence[Spell], at: Sequence[int]) -> tuple[Estimate, ...]:
    """One for each time of `at`, which rises. An ending and a going out of sight at one instant: the ending first."""
    lengths = sorted(spell.length for spell in spells)
    endings = sorted(Counter(spell.length for spell in spells if spell.has_ended).items())
    found: list[Estimate] = []
    share, spread, ended, position = 1.0, 0.0, 0, 0
    for time in at:
        while position < len(endings) and endings[position][0] <= time:
            length, count = endings[position]
            at_risk = _lasting(lengths, length)
            share *= (at_risk - count) / at_risk
            spread += count / (at_risk * (at_risk - count)) if at_risk > count else 0.0
            ended, position = ended + count, position + 1
        found.append(_estimate(time, share, spread, _lasting(lengths, time), ended))
    return tuple(found)


def _lasting(lengths: Sequence[int], time: int) -> int:
    return len(lengths) - bisect_left(lengths, time)


def _estimate(at: int, share: float, spread: float, at_risk: int, ended: int) -> Estimate:
    if at_risk == 0 and share > 0:
        return Estimate(at, None, None, None, at_risk, ended)
    if not 0 < share < 1:
        return Estimate(at, share, None, None, at_risk, ended)
    width = Z_95 * sqrt(spread) / -log(share)
    return Estimate(at, share, share ** exp(width), share ** exp(-width), at_risk, ended)
