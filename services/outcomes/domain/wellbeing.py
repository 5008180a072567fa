"""Wellbeing: a survivor's first assessment after settling, beside a later one by the same instrument. Pairs only.

The first assessment of an instrument (and version) after the latest `settled`, within 60 days; against it the one
nearest to 6, 12 or 24 months after settling, at most 60 days off (of two equally near the earlier). A pair belongs to
the period in which the later one lies. Scores are added up in whole millionths, so that sums can be compared exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import floor
from typing import Final, NamedTuple

from services.casework.domain.events import Event
from services.casework.domain.instants import DAY
from services.outcomes.domain.history import CaseView
from services.outcomes.domain.periods import MONTH

SIXTY_DAYS: Final = 60 * DAY
AFTER_MONTHS: Final = (6, 12, 24)
MILLION: Final = 1_000_000

Scores = Mapping[str, float]


class Scale(NamedTuple):
    """What is compared: one dimension of one instrument, so many months after settling."""

    instrument: str
    version: str
    dimension: str
    after_months: int


class Pair(NamedTuple):
    """Of one case: the two scores, in millionths."""

    scale: Scale
    first: int
    later: int


@dataclass(frozen=True, slots=True)
class PairSum:
    """Over the cases of a group: how many pairs, and the sums of their scores in millionths."""

    pairs: int
    first: int
    later: int

    @property
    def means(self) -> tuple[float, float]:
        """(first, later), from 0 to 1."""
        return self.first / self.pairs / MILLION, self.later / self.pairs / MILLION


def pairs_of(case: CaseView) -> list[Pair]:
    if case.settled_at is None:
        return []
    assessments: dict[tuple[str, str], list[Event]] = {}
    for event in case.events:
        if event.type == "wellbeing_assessment" and event.occurred_at > case.settled_at:
            assessments.setdefault((str(event.data["instrument"]), str(event.data["version"])), []).append(event)
    return [
        pair
        for (instrument, version), taken in assessments.items()
        for months in AFTER_MONTHS
        for pair in _paired(taken, case, Scale(instrument, version, "", months))
    ]


def _paired(taken: Sequence[Event], case: CaseView, scale: Scale) -> Iterable[Pair]:
    """taken: in order of (occurred_at, event id), all after settling."""
    assert case.settled_at is not None
    goal = case.settled_at + scale.after_months * MONTH
    near = [event for event in taken if abs(event.occurred_at - goal) <= SIXTY_DAYS]
    later = min(near, key=lambda event: abs(event.occurred_at - goal), default=None)
    if taken[0].occurred_at > case.settled_at + SIXTY_DAYS or later is None or later.occurred_at not in case.period:
        return []
    before, after = _scores(taken[0]), _scores(later)
    return [Pair(scale._replace(dimension=name), before[name], after[name]) for name in before if name in after]


def _scores(event: Event) -> dict[str, int]:
    scores = event.data["scores"]
    assert isinstance(scores, Mapping)
    return {dimension: floor(score * MILLION + 0.5) for dimension, score in scores.items()}


def sums(pairs: Iterable[Pair]) -> dict[Scale, PairSum]:
    """The pairs of different cases, taken together."""
    found: dict[Scale, PairSum] = {}
    for scale, first, later in pairs:
        so_far = found.get(scale, PairSum(0, 0, 0))
        found[scale] = PairSum(so_far.pairs + 1, so_far.first + first, so_far.later + later)
    return found
