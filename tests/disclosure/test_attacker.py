"""Disclosure (I12): the attacker breaks deliberately weak releases, and no number of two consecutive real ones."""

from __future__ import annotations

import time
from collections import Counter
from functools import cache
from math import exp, log

import pytest

from services.outcomes.adapters.interval_solver import tightest_intervals
from services.outcomes.domain.protection.hiding import Why
from services.outcomes.domain.protection.method import METHOD, Method
from services.outcomes.domain.publication.release import Made, Previous, Source, make_release, numbers_of
from tests.disclosure.attacker import SMALL, Seen, odds_of_group, small_counts, the_one, tightest_of
from tests.simulation.invented_populations import Population, invented_population

KEY = bytes(range(32))
SEEDS = {1: 1_000, 2: 2_500, 3: 5_000, 4: 1_500}
"""How many survivors the invented organisation of each seed has."""
EXACT = Method(least=1, base=1, dice=0, values_left=1, groups_shown=0)
WITHOUT_HIDING_BESIDE = Method(least=11, base=1, dice=0, values_left=1, groups_shown=0)
ROUNDED_ONLY = Method(least=11, base=5, dice=0)


@cache
def population(seed: int) -> Population:
    return invented_population(seed, SEEDS[seed], quarters=2)


@cache
def releases(seed: int, method: Method) -> tuple[list[Seen], list[Made]]:
    """Those of both quarters, one after the other."""
    people = population(seed)
    made: list[Made] = []
    for number, quarter in enumerate(people.quarters):
        previous = Previous(made[-1].content, made[-1].digest) if made else None
        source = Source("rupantar", quarter, quarter.period.end)
        made.append(make_release(people.counts(number), source, previous, KEY, method, tightest_intervals))
    seen = [Seen(numbers_of(one.content), people.counts(number), method) for number, one in enumerate(made)]
    return seen, made


@pytest.mark.parametrize("seed", SEEDS)
def test_the_attacker_breaks_no_number_of_two_consecutive_releases(seed: int) -> None:
    began = time.process_time()
    seen, made = releases(seed, METHOD)
    took = time.process_time() - began
    for one in seen:
        assert list(the_one([one])) == []
        assert list(small_counts([one], METHOD.values_left)) == []
    assert list(the_one(seen)) == [], "both releases together"
    assert list(small_counts(seen, METHOD.values_left)) == [], "both releases together"
    _print_shares(seed, seen, made, took, time.process_time() - began - took)


def _print_shares(seed: int, seen: list[Seen], made: list[Made], took: float, attack: float) -> None:
    for one, release in zip(seen, made, strict=True):
        counted, hidden = len(one.truth), release.hidden
        whys = ", ".join(f"{why} {count}" for why, count in Counter(hidden.values()).items())
        of_people = sum(one.truth[place] for place in hidden) / sum(one.truth.values())
        print(
            f"\nseed {seed}, {SEEDS[seed]} survivors, {release.quarter}: {len(hidden)} of {counted} numbers suppressed "
            f"({len(hidden) / counted:.0%}; {whys}), {of_people:.1%} of what they count; "
            f"tightest small count {tightest_of([one])} values",
            end="",
        )
    print(f"\n  two releases made in {took:.1f} s, attacked in {attack:.1f} s of CPU")


@pytest.mark.parametrize("seed", SEEDS)
def test_the_attacker_reads_everything_off_a_release_without_protection(seed: int) -> None:
    seen, _ = releases(seed, EXACT)
    broken = Counter(place for place, _ in the_one(seen[:1]))
    assert set(broken) == {place for place, count in seen[0].truth.items() if count}, "every number there is"
    assert len(list(small_counts(seen[:1], METHOD.values_left))) > 50


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_only_hidden_is_worked_out_from_the_totals(seed: int) -> None:
    seen, _ = releases(seed, WITHOUT_HIDING_BESIDE)
    found = list(small_counts(seen[:1], METHOD.values_left))
    hidden = [place for place, kind, _ in found if kind == "group" and place not in seen[0].shown]
    assert hidden, "a small count that is not shown"
    for place, kind, (low, high) in found:
        if kind == "group":
            assert low <= seen[0].truth[place] <= high


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_only_rounded_tells_of_the_one_whom_the_attacker_does_not_know(seed: int) -> None:
    """Of 37 others and a 40: she is there. That is why the numbers are moved by dice before they are rounded."""
    seen, _ = releases(seed, ROUNDED_ONLY)
    broken = list(the_one(seen[:1]))
    shown = len(seen[0].shown)
    print(f"\nseed {seed}: {len(broken)} of {2 * shown} looks at {shown} rounded numbers tell")
    assert len(broken) > shown / 10
    for place, is_in in broken:
        assert place in seen[0].shown or seen[0].truth[place] < 2 * SMALL, (place, is_in)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_zero_is_never_shown(seed: int) -> None:
    seen, made = releases(seed, METHOD)
    for one, release in zip(seen, made, strict=True):
        zeros = [place for place, count in one.truth.items() if count == 0]
        assert all(release.hidden[place] is Why.TOO_FEW for place in zeros)
        assert min(one.truth[place] for place in one.shown) >= SMALL


@pytest.mark.parametrize("seed", SEEDS)
def test_odds_are_all_that_can_be_had_and_they_stay_poor(seed: int) -> None:
    """Knowing everything of everybody else, and of her everything but her district: how much better is the guess?"""
    seen, _ = releases(seed, METHOD)
    people = population(seed)
    known = [life for life in people.lives[-1] if life is not None]
    sizes = Counter(life.groups["district"][0] for life in known)
    right = blind = tried = 0
    surest = 0.0
    for number in range(0, SEEDS[seed], SEEDS[seed] // 200):
        lives = [people.lives[quarter][number] for quarter in (0, 1)]
        if lives[0] is None or lives[1] is None:
            continue
        places = [[p for p in life.places() if p.dimension == "district"] for life in lives if life is not None]
        odds = odds_of_group(seen, [iter(each) for each in places], sorted(sizes))
        odds = {key: value + log(sizes[key]) for key, value in odds.items()}
        best = max(odds, key=lambda key: odds[key])
        sure = 1 / sum(exp(value - odds[best]) for value in odds.values())
        truth = lives[1].groups["district"][0]
        tried, right, blind = tried + 1, right + (best == truth), blind + (truth == sizes.most_common(1)[0][0])
        surest = max(surest, sure)
    print(f"\nseed {seed}: {right / tried:.0%} of guesses right, {blind / tried:.0%} blind; surest {surest:.3f}")
    assert tried > 100
    assert surest < 0.999
    assert right / tried < blind / tried + 0.35
