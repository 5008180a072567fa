"""What of the numbers is hidden, decided from the numbers as published and from nothing else.

1. *Too few*: a number below `Method.shown_from`, zero among them: that nobody is in a group says something of everyone
   who might have been. A part of a number that is hidden is hidden too.
2. *Held back*: a table by groups with fewer than `groups_shown` left.
3. *Would give away*: while something small can be narrowed down to fewer than `values_left` values by everything else
   that is shown, another number of its table is hidden, the smallest first, at last the table and its total.

The third is decided by solving for the tightest interval. What can be small are the hidden totals, the rests (those out
of whom the others were counted, but who were not), and of every table what lies *elsewhere*, in groups that are not
shown. Elsewhere stands there whether or not there is such a group: a group of nobody and one of too few look the same,
or the first survivor of a district could be read off what is hidden because of her.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final

from services.outcomes.domain.protection.method import Method
from services.outcomes.domain.protection.places import Knowledge, Part, Place, Relation, Sum, Tightest


class Why(StrEnum):
    TOO_FEW = "too_few"
    HELD_BACK = "held_back"
    GIVES_AWAY = "gives_away"


ELSEWHERE: Final = "*"
"""Stands where a group's key does; no key is like it."""

Hidden = dict[Place, Why]
Contained = Sequence[tuple[tuple[str, Part], tuple[str, Part]]]
"""Pairs ((indicator, part), (indicator, part)): in every group, all of the first are among the second."""


def hidden_of(
    published: Mapping[Place, int],
    method: Method,
    tightest: Tightest,
    overlapping: frozenset[str] = frozenset(),
    contained: Contained = (),
) -> Hidden:
    """The places that are not shown, and why. overlapping: dimensions of which a survivor may be in several groups."""
    hidden = _too_few(published, method)
    for places in _separate(published, contained):
        known = {place: published[place] for place in places if place.is_total or place not in hidden}
        also = {place: Why.TOO_FEW for place in known if place in hidden}
        _hold_back(known, also, method)
        relations = relations_of(known, overlapping, contained)
        while gives := _given_away(known, also, method, relations, tightest):
            for sum_of in gives:
                also |= _hide_beside(sum_of, known, also)
            _hold_back(known, also, method)
        hidden |= also
    return hidden


def _separate(published: Iterable[Place], contained: Contained) -> list[list[Place]]:
    """The places in sets that have nothing to do with each other: indicators, together where one contains another."""
    root: dict[str, str] = {}

    def of(indicator: str) -> str:
        while root.setdefault(indicator, indicator) != indicator:
            indicator = root[indicator]
        return indicator

    for (inner, _), (outer, _) in contained:
        root[of(inner)] = of(outer)
    sets: defaultdict[str, list[Place]] = defaultdict(list)
    for place in published:
        sets[of(place.indicator)].append(place)
    return list(sets.values())


def _too_few(published: Mapping[Place, int], method: Method) -> Hidden:
    few = {place: Why.TOO_FEW for place, number in published.items() if number < method.shown_from}
    of_few = {place.with_part(Part.COUNTED) for place in few if place.part is Part.OUT_OF}
    return few | {place: Why.TOO_FEW for place in of_few if place in published}


def _tables(published: Iterable[Place]) -> dict[tuple[str, str, Part], list[Place]]:
    found: defaultdict[tuple[str, str, Part], list[Place]] = defaultdict(list)
    for place in sorted(published):
        if not place.is_total:
            found[place.table].append(place)
    return found


def _hold_back(published: Mapping[Place, int], hidden: Hidden, method: Method) -> None:
    for places in _tables(published).values():
        shown = [place for place in places if place not in hidden]
        if 0 < len(shown) < method.groups_shown:
            hidden |= _with_its_part(shown, published, hidden, Why.HELD_BACK)


def _with_its_part(
    places: Iterable[Place], published: Mapping[Place, int], hidden: Mapping[Place, Why], why: Why
) -> Hidden:
    """Those that were not hidden yet of these places and, of a whole, what is counted out of it."""
    both = [one for place in places for one in (place, place.with_part(Part.COUNTED))]
    return {one: why for one in both if one in published and one not in hidden}


def elsewhere(place: Place) -> Place:
    """What the groups of its table that are not shown have together."""
    return place._replace(group=ELSEWHERE)


def relations_of(published: Iterable[Place], overlapping: frozenset[str], contained: Contained) -> list[Relation]:
    """What anybody knows without a number: groups make up the total, a part is not more than the whole."""
    places = set(published)
    found: list[Relation] = []
    for groups in _tables(places).values():
        total, rest = groups[0].total, elsewhere(groups[0])
        overlaps = groups[0].dimension in overlapping
        found.append(Relation(dict.fromkeys([*groups, rest], 1) | {total: -1}, 0, None if overlaps else 0))
        found += [Relation({total: 1, group: -1}, 0) for group in groups if overlaps]
    wholes = [(place, place.with_part(Part.OUT_OF)) for place in places if place.part is Part.COUNTED]
    for (inner, part), (outer, outer_part) in contained:
        inside = (place for place in places if (place.indicator, place.part) == (inner, part))
        wholes += [(place, place._replace(indicator=outer, part=outer_part)) for place in inside]
    found += [Relation({whole: 1, place: -1}, 0) for place, whole in sorted(wholes) if whole in places]
    return found


def knowledge_of(
    published: Mapping[Place, int], hidden: Mapping[Place, Why], method: Method, relations: Sequence[Relation]
) -> Knowledge:
    """What follows from the numbers shown and from why the others are not, for who knows the method."""
    bounds: dict[Place, tuple[int, int | None]] = {}
    for place, number in published.items():
        if place not in hidden:
            bounds[place] = (max(0, number - method.reach), number + method.reach)
        elif number < method.shown_from:
            bounds[place] = (0, method.shown_from - method.base + method.reach)
        else:
            bounds[place] = (max(0, method.shown_from - method.reach), None)
    bounds |= {elsewhere(places[0]): (0, None) for places in _tables(published).values()}
    return Knowledge(bounds, relations)


def _given_away(
    published: Mapping[Place, int],
    hidden: Mapping[Place, Why],
    method: Method,
    relations: Sequence[Relation],
    tightest: Tightest,
) -> list[Sum]:
    """The sums that can be narrowed down too far, and beside which something can still be hidden."""
    sums: list[Sum] = [{place: 1} for place in hidden]
    sums += [{elsewhere(places[0]): 1} for places in _tables(published).values()]
    for place in published:
        whole = place.with_part(Part.OUT_OF)
        if place.part is Part.COUNTED and whole in published and place not in hidden and whole not in hidden:
            sums.append({whole: 1, place: -1})
    sums = [sum_of for sum_of in sums if _hide_beside(sum_of, published, hidden)]
    intervals = tightest(knowledge_of(published, hidden, method, relations), sums) if sums else []
    return [sum_of for sum_of, ends in zip(sums, intervals, strict=True) if is_given_away(ends, method)]


def is_given_away(interval: tuple[int | None, int | None], method: Method) -> bool:
    """Whether it may be a count below `least`, and is narrowed down to fewer than `values_left` values."""
    low, high = interval
    return high is not None and (low or 0) < method.least and high - (low or 0) + 1 < method.values_left


def _hide_beside(sum_of: Sum, published: Mapping[Place, int], hidden: Mapping[Place, Why]) -> Hidden:
    """What is hidden next because a sum is given away; nothing when nothing beside it is shown any more."""
    *_, place = sum_of
    if place in published and place not in hidden:
        return {place: Why.GIVES_AWAY}
    shown = [other for other in published if other.indicator == place.indicator and other not in hidden]
    beside = [other for other in shown if other.table == place.table and not place.is_total]
    groups = [other for other in shown if other.part is place.part and not other.is_total]
    candidates = beside or groups or shown
    if not candidates:
        return {}
    smallest = min(candidates, key=lambda other: (published[other], other))
    return _with_its_part([smallest], published, hidden, Why.GIVES_AWAY)
