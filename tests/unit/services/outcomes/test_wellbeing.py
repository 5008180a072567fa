"""Pairs of assessments on stories short enough to count on one's fingers."""

from __future__ import annotations

import pytest

from services.casework.domain.instants import DAY, format_day
from services.outcomes.domain.disclosure import means_of
from services.outcomes.domain.periods import MONTH, Period
from services.outcomes.domain.reckoning import reckon_wellbeing
from services.outcomes.domain.wellbeing import PairSum
from tests.unit.services.outcomes.case_stories import Story, a_case, day

SETTLED = day("2025-01-01")
PERIOD = Period(day("2025-01-01"), day("2028-01-01"))


def settled(number: int = 1) -> Story:
    return a_case(number).opened("2024-12-01").settled("2025-01-01")


def assessed(story: Story, on: str, version: str = "1", **scores: float) -> Story:
    return story.event("wellbeing_assessment", on, {"instrument": "who5", "version": version, "scores": scores})


def after(days: float) -> str:
    return format_day(SETTLED + int(days) * DAY)


def found(*stories: Story, period: Period = PERIOD) -> dict[tuple[str, int], tuple[int, float, float]]:
    """(dimension, months) -> (pairs, mean of the first, mean of the later)."""
    total = reckon_wellbeing([story.record for story in stories], period, day("2029-01-01")).total
    return {(scale.dimension, scale.after_months): (added.pairs, *added.means) for scale, added in total.items()}


def test_the_first_after_settling_is_paired_with_the_one_nearest_to_half_a_year() -> None:
    story = assessed(settled(), after(30), social=0.2, mood=0.5)
    assert found(story) == {}
    half = 6 * MONTH // DAY
    for off, score in ((-50, 0.9), (10, 0.4), (40, 0.8)):
        assessed(story, after(half + off), social=score)
    assert found(story) == {("social", 6): (1, pytest.approx(0.2), pytest.approx(0.4))}


def test_before_settling_too_late_or_too_far_off_there_is_no_pair() -> None:
    assert found(assessed(assessed(settled(), "2025-01-01", social=0.2), after(180), social=0.4)) == {}
    assert found(assessed(assessed(settled(), after(61), social=0.2), after(180), social=0.4)) == {}
    assert found(assessed(assessed(settled(), after(60), social=0.2), after(180), social=0.4)) != {}
    assert found(assessed(assessed(settled(), after(10), social=0.2), after(250), social=0.4)) == {}


def test_another_version_or_dimension_is_no_pair() -> None:
    assert found(assessed(assessed(settled(), after(10), social=0.2), after(180), version="2", social=0.4)) == {}
    assert found(assessed(assessed(settled(), after(10), social=0.2), after(180), mood=0.4)) == {}


def test_a_pair_belongs_to_the_period_of_the_later_one() -> None:
    story = assessed(assessed(settled(), after(10), social=0.2), after(180), social=0.4)
    later = day(after(180))
    assert found(story, period=Period(later, later + DAY)) != {}
    assert found(story, period=Period(later + DAY, later + 2 * DAY)) == {}
    assert found(story, period=Period(SETTLED, later)) == {}


def test_means_are_over_the_pairs_of_different_cases() -> None:
    stories = [
        assessed(assessed(settled(number), after(10), social=first), after(365), social=later)
        for number, first, later in ((1, 0.1, 0.4), (2, 0.3, 0.2))
    ]
    assert found(*stories) == {("social", 12): (2, pytest.approx(0.2), pytest.approx(0.3))}


def test_one_or_two_pairs_of_a_group_are_not_shown() -> None:
    two = PairSum(2, 400_000, 600_000)
    assert means_of(two, is_group=True).shown == "1–2"
    assert means_of(two, is_group=True).pairs is None
    assert means_of(two, is_group=False).shown == "+0.10"
    assert means_of(PairSum(3, 900_000, 600_000), is_group=True).shown == "-0.10"
