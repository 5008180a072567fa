"""The reference: an indicator over whole histories, case by case, in the plainest way there is."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Final, TypeVar

from services.outcomes.domain.breakdowns import Breakdown, Key, groups_of, is_selected
from services.outcomes.domain.history import CaseRecord, CaseView
from services.outcomes.domain.indicators import INDICATORS
from services.outcomes.domain.measures import MEASURES, Measure
from services.outcomes.domain.periods import Period
from services.outcomes.domain.spells import SPELLS, Spell
from services.outcomes.domain.tallies import Shape, Tally
from services.outcomes.domain.wellbeing import PairSum, Scale, pairs_of, sums

EVERYTHING: Final = Breakdown()
Share = TypeVar("Share")


@dataclass(frozen=True, slots=True)
class Reckoning:
    """The tally of all selected cases together (each once), and of each group."""

    total: Tally
    groups: Mapping[Key, Tally]


@dataclass(frozen=True, slots=True)
class Spells:
    """The spells of all selected cases together (each once), and of each group; in order of their lengths."""

    total: tuple[Spell, ...]
    groups: Mapping[Key, tuple[Spell, ...]]


def reckon(
    indicator: str, cases: Iterable[CaseRecord], period: Period, as_of: int, breakdown: Breakdown = EVERYTHING
) -> Reckoning:
    """The tallies of one indicator. Without break-downs there are no groups.

    A group is there when a case of it was opened before the end of the period, or contributes: a district without a
    silent case shows 0, and is not left out. A case of which nothing had happened by then is not there at all. Raises
    KeyError for an unknown indicator.
    """
    measure, shape = MEASURES[indicator], INDICATORS[indicator].shape
    everybody, groups = _shares(measure, _contributes, cases, partial(CaseView, period=period, as_of=as_of), breakdown)
    return Reckoning(tally(everybody, shape), {key: tally(shares, shape) for key, shares in groups.items()})


def reckon_spells(
    curve: str, cases: Iterable[CaseRecord], period: Period, as_of: int, breakdown: Breakdown = EVERYTHING
) -> Spells:
    """The spells of one curve. The groups are those that `reckon` gives. Raises KeyError for an unknown curve."""
    everybody, groups = _shares(
        SPELLS[curve], _is_there, cases, partial(CaseView, period=period, as_of=as_of), breakdown
    )
    return Spells(_known(everybody), {key: _known(spells) for key, spells in groups.items()})


@dataclass(frozen=True, slots=True)
class Wellbeing:
    """The pairs of all selected cases together, and of each group that has any."""

    total: Mapping[Scale, PairSum]
    groups: Mapping[Key, Mapping[Scale, PairSum]]


def reckon_wellbeing(
    cases: Iterable[CaseRecord], period: Period, as_of: int, breakdown: Breakdown = EVERYTHING
) -> Wellbeing:
    everybody, groups = _shares(pairs_of, bool, cases, partial(CaseView, period=period, as_of=as_of), breakdown)
    added = {key: sums(chain.from_iterable(pairs)) for key, pairs in groups.items()}
    return Wellbeing(sums(chain.from_iterable(everybody)), {key: found for key, found in added.items() if found})


def _is_there(spell: Spell | None) -> bool:
    return spell is not None


def _known(spells: Iterable[Spell | None]) -> tuple[Spell, ...]:
    return tuple(sorted(spell for spell in spells if spell is not None))


def _shares(
    measure: Callable[[CaseView], Share],
    contributes: Callable[[Share], bool],
    cases: Iterable[CaseRecord],
    seen: Callable[[CaseRecord], CaseView],
    breakdown: Breakdown,
) -> tuple[list[Share], Mapping[Key, list[Share]]]:
    """What each selected case contributes: all of them, and those of each group."""
    everybody: list[Share] = []
    groups: defaultdict[Key, list[Share]] = defaultdict(list)
    for view in map(seen, cases):
        share = measure(view)
        if not view.events or not is_selected(view, breakdown) or not (view.is_opened or contributes(share)):
            continue
        everybody.append(share)
        if breakdown.by:
            for key in groups_of(view, breakdown):
                groups[key].append(share)
    return everybody, groups


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
