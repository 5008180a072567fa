"""An attacker of releases. She knows the method to the letter, every release so far, every exact total, and of every
survivor but one everything. She does not have the key of the dice. She shares no code with what protects.

Her ways, each a function that gives what she learned for certain:
- `the_one`: of a number, whether the last survivor is in it: she counts the others, and looks which of "she is" and
  "she is not" can be. Over several releases: whether she is in it in all of them or in none.
- `small_counts`: groups and rests of fewer than eleven, narrowed down by solving for the tightest interval with all
  totals exact (a programme of floats of her own); over several releases with the wager that nothing changed.
- `odds_of_group`: no certainty, but odds: how likely what was published is for each group the last one could be in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from math import comb, factorial, log, prod

import numpy as np
from scipy.optimize import linprog

from services.outcomes.domain.protection.method import Method
from services.outcomes.domain.protection.places import Part, Place

SMALL = 11
OVERLAPPING = ("programme",)
Numbers = Mapping[Place, int]
Interval = tuple[int, int]
Asked = tuple[Place, str]
"""A place and "group", the count itself, or "rest", what is missing to the whole."""


@dataclass(frozen=True)
class Seen:
    """A release as she reads it, beside the truth (of which she takes what she is said to know)."""

    shown: Numbers
    truth: Numbers
    method: Method

    def can_be(self, place: Place, count: int) -> bool:
        """Whether what is published at a place can have been made of this count."""
        if place in self.shown:
            number = self.shown[place]
            reach = self.method.reach
            # A number below zero is published as 0.
            return count - reach <= number <= count + reach if number else count <= reach
        if self.is_part_of_hidden(place) or count <= self.most_hidden:
            return True
        # A table in which one group alone is large enough is held back with it.
        others = (self.truth[other] for other in self.groups_beside(place) if other != place)
        return self.is_held_back(place) and all(other <= self.most_hidden for other in others)

    @property
    def most_hidden(self) -> int:
        """The largest count that is hidden because it is too few; a larger one is hidden for other reasons."""
        return self.method.shown_from - self.method.base + self.method.reach

    def is_part_of_hidden(self, place: Place) -> bool:
        """Whether those it is out of are not shown, so that it is not either."""
        return _whole(place) in self.truth and _whole(place) not in self.shown

    def is_held_back(self, place: Place) -> bool:
        """Whether so few groups of its table are shown that the method would rather show none."""
        shown = sum(other in self.shown for other in self.groups_beside(place))
        return bool(place.dimension) and self.method.groups_shown > 1 and shown == 0

    def groups_beside(self, place: Place) -> list[Place]:
        """Those of its table, itself among them."""
        return self._tables[place.table]

    @cached_property
    def _tables(self) -> Mapping[tuple[str, str, Part], list[Place]]:
        found: defaultdict[tuple[str, str, Part], list[Place]] = defaultdict(list)
        for place in self.truth:
            found[place.table].append(place)
        return found

    @cached_property
    def narrowed(self) -> Mapping[Asked, Interval]:
        """The tightest interval of everything small."""
        found: dict[Asked, Interval] = {}
        for indicator in sorted({place.indicator for place in self.truth}):
            for dimension in sorted({place.dimension for place in self.truth} - {""}):
                places = [p for p in self.truth if p.indicator == indicator and p.dimension == dimension]
                found |= _narrowed_table(self, places)
        return found


# --- the one she does not know ---------------------------------------------------------------------------------------


def the_one(releases: Sequence[Seen]) -> Iterator[tuple[Place, bool]]:
    """(place, whether she is in it) that is certain for the last survivor, whoever she is: of each place once with a
    last one who is in it, and once with one who is not. Several releases: in all of them, or in none."""
    for place in releases[-1].truth:
        counts = [seen.truth.get(place, 0) for seen in releases]
        for is_in in (True, False):
            others = [count - is_in for count in counts]
            if min(others) < 0:
                continue
            without = all(seen.can_be(place, number) for seen, number in zip(releases, others, strict=True))
            within = all(seen.can_be(place, number + 1) for seen, number in zip(releases, others, strict=True))
            if within is not without:
                yield place, within


# --- few of them -----------------------------------------------------------------------------------------------------


def small_counts(releases: Sequence[Seen], values_left: int) -> Iterator[tuple[Place, str, Interval]]:
    """(place, "group" or "rest", interval): what is narrowed down to fewer values than that, of fewer than eleven.

    Over several releases she wagers that a count which is the same in all of them is, and takes what all leave.
    """
    narrowed = [seen.narrowed for seen in releases]
    for asked, interval in narrowed[-1].items():
        same = [found[asked] for found, seen in zip(narrowed, releases, strict=True) if _stays(asked, seen, releases)]
        low, high = max((low for low, _ in same), default=interval[0]), min((high for _, high in same), default=999)
        if high - low + 1 < values_left:
            yield asked[0], asked[1], (low, high)


def tightest_of(releases: Sequence[Seen]) -> int:
    """How many values are left for the one of the small counts of the last release that is narrowed down most."""
    return min((high - low + 1 for low, high in releases[-1].narrowed.values()), default=0)


def _true_of(asked: Asked, seen: Seen) -> int | None:
    place, kind = asked
    if place not in seen.truth:
        return None
    return seen.truth[place] if kind == "group" else seen.truth[_whole(place)] - seen.truth[place]


def _stays(asked: Asked, seen: Seen, releases: Sequence[Seen]) -> bool:
    return _true_of(asked, seen) == _true_of(asked, releases[-1])


def _narrowed_table(seen: Seen, places: Sequence[Place]) -> dict[Asked, Interval]:
    asked: list[Asked] = [(place, "group") for place in places if seen.truth[place] < SMALL]
    asked += [(p, "rest") for p in places if _whole(p) in seen.truth and _rest(seen, p) < SMALL]
    if not asked:
        return {}
    column = {place: number for number, place in enumerate(places)}
    bounds = [_bounds(seen, place) for place in places]
    above, limits, equal, sums = _relations(seen, places, column)
    found = {}
    for place, kind in asked:
        row = np.zeros(len(places))
        row[column[place]] = 1.0
        if kind == "rest":
            row = -row
            row[column[_whole(place)]] = 1.0
        ends = [linprog(sign * row, above, limits, equal, sums, bounds) for sign in (1, -1)]
        assert all(end.status == 0 for end in ends), "the truth itself is possible"
        found[place, kind] = (round(ends[0].fun), round(-ends[1].fun))
    return found


def _relations(seen: Seen, places: Sequence[Place], column: Mapping[Place, int]) -> tuple[object, ...]:
    """A x ≤ b and C x = d: a part is not more than its whole; the groups make up the total, which she knows."""
    above, limits, equal, sums = [], [], [], []
    for place in places:
        if place.part is Part.COUNTED and _whole(place) in column:
            row = np.zeros(len(places))
            row[column[place]], row[column[_whole(place)]] = 1, -1
            above.append(row)
            limits.append(0.0)
    for part in {place.part for place in places}:
        row = np.array([float(place.part is part) for place in places])
        total = seen.truth[places[0].total._replace(part=part)]
        if places[0].dimension in OVERLAPPING:
            above.append(-row)
            limits.append(-total)
        else:
            equal.append(row)
            sums.append(total)
    return above or None, limits or None, equal or None, sums or None


def _bounds(seen: Seen, place: Place) -> tuple[float, float | None]:
    total = seen.truth[place.total]
    if place not in seen.shown:
        return 0, total
    number, reach = seen.shown[place], seen.method.reach
    return max(0, number - reach), min(number + reach, total)


def _whole(place: Place) -> Place:
    """Of a count, those it is out of; of these there is none."""
    return place._replace(part=Part.OUT_OF) if place.part is Part.COUNTED else place._replace(indicator="")


def _rest(seen: Seen, place: Place) -> int:
    return seen.truth[_whole(place)] - seen.truth[place]


# --- odds ------------------------------------------------------------------------------------------------------------


def odds_of_group(releases: Sequence[Seen], counts: Sequence[Iterator[Place]], keys: Sequence[str]) -> dict[str, float]:
    """Natural logarithm of how likely what was published is if the last one were in each group, up to a constant.

    counts: for each release, the places she adds 1 to in the dimension, in the group that she truly is in.
    """
    found = dict.fromkeys(keys, 0.0)
    for seen, places in zip(releases, counts, strict=True):
        for true_place in places:
            for key in keys:
                place = true_place._replace(group=key)
                others = seen.truth.get(place, 0) - (key == true_place.group)
                found[key] += _log_likely(seen, place, others + 1) - _log_likely(seen, place, others)
    return found


def _log_likely(seen: Seen, place: Place, count: int) -> float:
    method = seen.method
    if place in seen.shown:
        return log(_chance(seen.shown[place] - count, method.dice, method.base))
    if seen.is_part_of_hidden(place):
        return 0.0
    if not seen.is_held_back(place):
        return log(_chance_hidden(count, method) or 1.0)
    beside = [seen.truth[other] for other in seen.groups_beside(place) if other != place]
    hidden = [_chance_hidden(each, method) for each in (count, *beside)]
    one_alone = sum((1 - each) * prod(hidden[:n] + hidden[n + 1 :]) for n, each in enumerate(hidden))
    return log(prod(hidden) + one_alone)


@cache
def _chance_hidden(count: int, method: Method) -> float:
    numbers = range(-10 * method.base, method.shown_from, method.base)
    return sum(_chance(number - count, method.dice, method.base) for number in numbers)


@cache
def _chance(off: int, dice: int, base: int) -> float:
    """Of a number so far off its count: a B-spline, the density of dice + 1 even spreads added up."""
    n, x = dice + 1, off / base
    terms = ((-1) ** k * comb(n, k) * max(0.0, x + n / 2 - k) ** (n - 1) for k in range(n + 1))
    return max(0.0, sum(terms)) / factorial(n - 1)
