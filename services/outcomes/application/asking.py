"""A question, asked of the store for one organisation, and the answer as it may be shown to its evaluator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from services.casework.domain.instants import DAY
from services.outcomes.domain.breakdowns import Breakdown, Key
from services.outcomes.domain.disclosure import Cell, cell_of
from services.outcomes.domain.indicators import INDICATORS, Indicator
from services.outcomes.domain.periods import Period
from services.outcomes.domain.reckoning import Reckoning
from services.outcomes.ports import DataState, StoreUnavailable, TallyStore

DEFAULT_LENGTH: Final = 90 * DAY


class NotAPeriod(ValueError):
    """It ends before it starts, or at once."""


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


class Outcomes:
    """Indicators of one organisation. Every method may raise StoreUnavailable."""

    def __init__(self, store: TallyStore) -> None:
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

    def answer(self, name: str, asked: Asked, organisation: str) -> Answer:
        """Raises KeyError for a name that is not in the catalogue."""
        indicator = INDICATORS[name]
        reckoning = self._store.reckon(name, [organisation], asked.period, asked.as_of, asked.breakdown)
        return _shown(indicator, reckoning, asked.breakdown)


def _shown(indicator: Indicator, reckoning: Reckoning, breakdown: Breakdown) -> Answer:
    """A filtered total is a cell like any other: it must not show what its group would hide."""
    total = cell_of(indicator, reckoning.total, is_group=bool(breakdown.where))
    groups = {key: cell_of(indicator, tally, is_group=True) for key, tally in sorted(reckoning.groups.items())}
    return Answer(indicator, total, groups)
