"""A TallyStore over an invented population: each survivor adds 1 to what she counts in, as cases do in the real one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from services.outcomes.domain.breakdowns import Breakdown
from services.outcomes.domain.periods import Period
from services.outcomes.domain.protection.places import Part, Place
from services.outcomes.domain.publication.catalogue import RELEASED
from services.outcomes.domain.reckoning import Reckoning
from services.outcomes.domain.tallies import Tally
from services.outcomes.ports import DataState, StoreUnavailable
from tests.simulation.invented_populations import Population

BY_SOURCE = {released.source: released.name for released in RELEASED.values()}


class PopulationTallies:
    """checked_until: how far everything was read; None: nothing was. away: it does not answer.

    turning_into: what it counts from the second question on.
    """

    def __init__(self, population: Population, checked_until: int | None) -> None:
        self.population = population
        self.checked_until = checked_until
        self.away = False
        self.turning_into: Population | None = None
        self.asked_as_of: set[int] = set()
        self._counted: dict[tuple[int, int], Counter[Place]] = {}

    def reckon(
        self, indicators: Sequence[str], organisations: Sequence[str], period: Period, as_of: int, breakdown: Breakdown
    ) -> Mapping[str, Reckoning]:
        if self.away:
            raise StoreUnavailable("away")
        self.asked_as_of.add(as_of)
        number = next(n for n, quarter in enumerate(self.population.quarters) if quarter.period == period)
        counts = self._counts(number)
        # Late records may come in between two questions.
        self.population, self.turning_into = self.turning_into or self.population, None
        (dimension,) = breakdown.by
        return {indicator: _reckoning(counts, BY_SOURCE[indicator], dimension.value) for indicator in indicators}

    def _counts(self, number: int) -> Counter[Place]:
        known = (id(self.population), number)
        if known not in self._counted:
            self._counted[known] = self.population.counts(number)
        return self._counted[known]

    def state(self, organisations: Sequence[str]) -> DataState:
        return DataState(self.checked_until, self.checked_until, None)

    def ping(self) -> None:
        return None


def _reckoning(counts: Counter[Place], name: str, dimension: str) -> Reckoning:
    def tally(where: str, key: str) -> Tally:
        place = Place(name, where, key, Part.COUNTED)
        counted, out_of = counts.get(place, 0), counts.get(place.with_part(Part.OUT_OF), 0)
        # Twice as many events as survivors: a release must not count those.
        return Tally(2 * counted, 2 * out_of, counted, out_of)

    keys = {place.group for place in counts if place.dimension == dimension}
    return Reckoning(tally("", ""), {(key,): tally(dimension, key) for key in keys})
