"""The reference: an indicator over whole histories, case by case, in the plainest way there is."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from services.outcomes.domain.breakdowns import Breakdown, Key, groups_of, is_selected
from services.outcomes.domain.history import CaseRecord, CaseView
from services.outcomes.domain.indicators import INDICATORS, Shape, Tally
from services.outcomes.domain.measures import MEASURES, Measure
from services.outcomes.domain.periods import Period

EVERYTHING: Final = Breakdown()


@dataclass(frozen=True, slots=True)
class Reckoning:
    """The tally of all selected cases together (each once), and of each group."""

    total: Tally
    groups: Mapping[Key, Tally]


def reckon(
    indicator: str, cases: Iterable[CaseRecord], period: Period, as_of: int, breakdown: Breakdown = EVERYTHING
) -> Reckoning:
    """The tallies of one indicator. Without break-downs there are no groups.

    A group is there when a case of it was opened before the end of the period, or contributes: a district without a
    silent case shows 0, and is not left out. A case of which nothing had happened by then is not there at all. Raises
    KeyError for an unknown indicator.
    """
    measure, shape = MEASURES[indicator], INDICATORS[indicator].shape
    everybody: list[Measure] = []
    groups: defaultdict[Key, list[Measure]] = defaultdict(list)
    for case in cases:
        view = CaseView(case, period, as_of)
        share = measure(view)
        if not view.events or not is_selected(view, breakdown) or not (view.is_opened or _contributes(share)):
            continue
        everybody.append(share)
        if breakdown.by:
            for key in groups_of(view, breakdown):
                groups[key].append(share)
    return Reckoning(tally(everybody, shape), {key: tally(shares, shape) for key, shares in groups.items()})


def _contributes(share: Measure) -> bool:
    return bool(share.numerator or share.denominator or share.samples)


def tally(shares: Iterable[Measure], shape: Shape) -> Tally:
    """The shares of different cases, taken together."""
    shares = list(shares)
    samples = [sample for share in shares for sample in share.samples]
    labels = {share.counted_once for share in shares if share.counted_once is not None}
    if shape is Shape.MEDIAN:
        sampled = sum(bool(share.samples) for share in shares)
        middle = float(statistics.median(samples)) if samples else None
        return Tally(0, len(samples), 0, sampled, middle)
    return Tally(
        sum(share.numerator for share in shares),
        sum(share.denominator for share in shares) + len(labels),
        sum(share.numerator > 0 for share in shares),
        sum(share.denominator > 0 or share.counted_once is not None for share in shares),
    )
