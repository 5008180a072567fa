"""A question, asked of the store for one organisation, and the answer as it may be shown to its evaluator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from services.casework.domain.instants import DAY
from services.outcomes.domain.breakdowns import Breakdown, Key
from services.outcomes.domain.curve_disclosure import CurveCell, curve_cell_of
from services.outcomes.domain.curves import CURVES, Curve
from services.outcomes.domain.disclosure import (
    TOO_FEW,
    TOO_FEW_SHOWN,
    WHY_HIDDEN,
    Cell,
    PairedMeans,
    cell_of,
    means_of,
)
from services.outcomes.domain.htcds import Said
from services.outcomes.domain.indicators import INDICATORS
from services.outcomes.domain.periods import CohortLength, Period
from services.outcomes.domain.reckoning import Reckoning, Spells
from services.outcomes.domain.tallies import Indicator
from services.outcomes.domain.wellbeing import PairSum, Scale
from services.outcomes.ports import DataState, OutcomesStore, StoreUnavailable

DEFAULT_LENGTH: Final = 90 * DAY
MOST_SLICES: Final = 36


class NotAPeriod(ValueError):
    """It ends before it starts, or at once."""


class TooLong(ValueError):
    """More months or quarters than are shown at once."""


class NothingKnownYet(ValueError):
    """The period had not begun when the data ends: there is no answer, and 0 would be a wrong one."""


@dataclass(frozen=True, slots=True)
class Question:
    """start, end: of the period; without an end, up to where the data goes; without a start, 90 days before the end.
    as_of: leave out what was recorded later; None, or later than the data goes: all of it."""

    start: int | None = None
    end: int | None = None
    as_of: int | None = None
    breakdown: Breakdown = field(default_factory=Breakdown)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with nothing left open. period: cut where the data goes; a page says so beside the numbers."""

    period: Period
    as_of: int
    breakdown: Breakdown
    state: DataState


@dataclass(frozen=True, slots=True)
class Answer:
    indicator: Indicator
    total: Cell
    groups: Mapping[Key, Cell]


@dataclass(frozen=True, slots=True)
class CurveAnswer:
    curve: Curve
    total: CurveCell
    groups: Mapping[Key, CurveCell]


@dataclass(frozen=True, slots=True)
class WellbeingAnswer:
    total: Mapping[Scale, PairedMeans]
    groups: Mapping[Key, Mapping[Scale, PairedMeans]]


@dataclass(frozen=True, slots=True)
class CountSaid:
    """How many cases say something, as it may be shown. cases None: hidden, and why."""

    said: Said
    cases: int | None
    shown: str
    reason: str | None = None


class Outcomes:
    """Indicators of one organisation. Every method may raise StoreUnavailable."""

    def __init__(self, store: OutcomesStore) -> None:
        self._store = store

    def state(self, organisation: str) -> DataState:
        return self._store.state([organisation])

    def settle(self, question: Question, organisation: str) -> Asked:
        """Raises NothingKnownYet, NotAPeriod."""
        state = self._store.state([organisation])
        if state.newest is None:
            raise StoreUnavailable("nothing has been read from the log yet")
        as_of = state.newest if question.as_of is None else min(question.as_of, state.newest)
        end = as_of + 1 if question.end is None else question.end
        start = end - DEFAULT_LENGTH if question.start is None else question.start
        if start >= end:
            raise NotAPeriod("a period ends after it starts")
        if start > as_of:
            raise NothingKnownYet("the period begins later than the data goes")
        return Asked(Period(start, end).known_at(as_of), as_of, question.breakdown, state)

    def answers(self, names: Sequence[str], asked: Asked, organisation: str) -> list[Answer]:
        """In the order of the names. Raises KeyError for one that is not in the catalogue."""
        indicators = [INDICATORS[name] for name in names]
        found = self._store.reckon(names, [organisation], asked.period, asked.as_of, asked.breakdown)
        return [_shown(indicator, found[indicator.name], asked.breakdown) for indicator in indicators]

    def series(
        self, name: str, asked: Asked, organisation: str, every: CohortLength
    ) -> tuple[tuple[Period, Cell], ...]:
        """The total of each month or quarter of the period. Raises KeyError, TooLong."""
        indicator, slices = INDICATORS[name], asked.period.slices(every)
        if len(slices) > MOST_SLICES:
            raise TooLong(f"at most {MOST_SLICES} at once: choose a shorter period, or quarters")
        only = replace(asked.breakdown, by=())
        return tuple((period, self._total(indicator, organisation, period, asked.as_of, only)) for period in slices)

    def _total(self, indicator: Indicator, organisation: str, period: Period, as_of: int, breakdown: Breakdown) -> Cell:
        reckoning = self._store.reckon([indicator.name], [organisation], period, as_of, breakdown)
        return _shown(indicator, reckoning[indicator.name], breakdown).total

    def curves(self, names: Sequence[str], asked: Asked, organisation: str) -> list[CurveAnswer]:
        """In the order of the names. Raises KeyError for one that is not in the catalogue."""
        curves = [CURVES[name] for name in names]
        found = self._store.spells(names, [organisation], asked.period, asked.as_of, asked.breakdown)
        return [_drawn(curve, found[curve.name], asked.breakdown) for curve in curves]

    def wellbeing(self, asked: Asked, organisation: str) -> WellbeingAnswer:
        found = self._store.wellbeing([organisation], asked.period, asked.as_of, asked.breakdown)
        total = _means(found.total, is_group=bool(asked.breakdown.where))
        return WellbeingAnswer(
            total, {key: _means(group, is_group=True) for key, group in sorted(found.groups.items())}
        )

    def htcds(self, asked: Asked, organisation: str) -> list[CountSaid]:
        """Of all cases of the organisation, in the order of fields and values."""
        found = self._store.htcds([organisation], asked.period, asked.as_of)
        return [_count(Said(field, value), cases) for (field, value), cases in sorted(found.items())]


def _count(said: Said, cases: int) -> CountSaid:
    if cases in TOO_FEW:
        return CountSaid(said, None, TOO_FEW_SHOWN, WHY_HIDDEN)
    return CountSaid(said, cases, str(cases))


def _drawn(curve: Curve, spells: Spells, breakdown: Breakdown) -> CurveAnswer:
    total = curve_cell_of(curve, spells.total, is_group=bool(breakdown.where))
    groups = {key: curve_cell_of(curve, spelt, is_group=True) for key, spelt in sorted(spells.groups.items())}
    return CurveAnswer(curve, total, groups)


def _means(sums: Mapping[Scale, PairSum], *, is_group: bool) -> dict[Scale, PairedMeans]:
    return {scale: means_of(found, is_group=is_group) for scale, found in sorted(sums.items())}


def _shown(indicator: Indicator, reckoning: Reckoning, breakdown: Breakdown) -> Answer:
    """A filtered total is a cell like any other: it must not show what its group would hide."""
    total = cell_of(indicator, reckoning.total, is_group=bool(breakdown.where))
    groups = {key: cell_of(indicator, tally, is_group=True) for key, tally in sorted(reckoning.groups.items())}
    return Answer(indicator, total, groups)
