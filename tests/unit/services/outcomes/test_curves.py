"""Curves on stories and on published examples. The period is the year 2026."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from services.casework.domain.instants import DAY
from services.outcomes.domain.breakdowns import Breakdown, Dimension
from services.outcomes.domain.curve_disclosure import curve_cell_of
from services.outcomes.domain.curves import CURVES
from services.outcomes.domain.kaplan_meier import estimates
from services.outcomes.domain.periods import MONTH, Period
from services.outcomes.domain.reckoning import reckon_spells
from services.outcomes.domain.spells import SPELLS, Spell
from tests.unit.services.outcomes.case_stories import Story, a_case, day

YEAR_2026 = Period(day("2026-01-01"), day("2027-01-01"))
WEEK = 7 * DAY


def spells(curve: str, *stories: Story, period: Period = YEAR_2026) -> list[tuple[float, bool]]:
    """(days, whether it ended) of each spell."""
    total = reckon_spells(curve, [story.record for story in stories], period, day("2028-01-01")).total
    return [(spell.length / DAY, spell.has_ended) for spell in total]


def test_every_curve_of_the_catalogue_has_its_spells_and_none_is_left_over() -> None:
    assert list(SPELLS) == list(CURVES)
    assert all(set(curve.horizons) <= set(curve.shown_at) for curve in CURVES.values())


# still in work


def in_work() -> Story:
    return a_case().opened("2025-06-01").job("2026-02-01", "started")


def lost(story: Story, on: str, reason: str = "") -> Story:
    return story.event("job_placement", on, {"status": "ended"} | ({"end_reason": reason} if reason else {}))


def test_work_goes_on_from_the_first_start_in_the_period_to_its_end() -> None:
    assert spells("still_in_work", in_work()) == [(334, False)]
    assert spells("still_in_work", lost(in_work(), "2026-03-03", "dismissed")) == [(30, True)]
    assert spells("still_in_work", lost(in_work(), "2026-03-03")) == [(30, True)]
    assert spells("still_in_work", in_work().job("2026-04-01", "started")) == [(334, False)]
    assert spells("still_in_work", a_case().job("2025-12-31", "started")) == []


def test_a_better_job_is_no_end_and_neither_is_one_that_another_follows_within_30_days() -> None:
    assert spells("still_in_work", lost(in_work(), "2026-03-03", "better_job")) == [(334, False)]
    assert spells("still_in_work", lost(in_work(), "2026-03-03").job("2026-04-02", "started")) == [(334, False)]
    assert spells("still_in_work", lost(in_work(), "2026-03-03").job("2026-04-02 00:01", "started")) == [(30, True)]
    twice = lost(lost(in_work(), "2026-03-03").job("2026-03-10", "started"), "2026-05-02")
    assert spells("still_in_work", twice) == [(90, True)]


def test_a_job_that_ended_less_than_30_days_ago_is_out_of_sight_not_lost() -> None:
    story = lost(a_case().opened("2026-01-01").job("2026-11-02", "started"), "2026-12-02")
    assert spells("still_in_work", story) == [(30, False)]
    longer = Period(YEAR_2026.start, YEAR_2026.end + 1)
    assert spells("still_in_work", story, period=longer) == [(30, True)]


def test_who_was_closed_was_seen_until_then_also_where_she_calls_again() -> None:
    closed = in_work().closed("2026-03-03").called_in("2026-04-01")
    assert spells("still_in_work", lost(closed, "2026-05-01")) == [(30, False)]
    assert spells("still_in_work", lost(in_work(), "2026-03-03").closed("2026-03-03")) == [(30, True)]
    before = a_case().opened("2025-06-01").closed("2026-01-15").reopened("2026-01-20").job("2026-02-01", "started")
    assert spells("still_in_work", before) == [(334, False)]


# still with the family, first contact


def test_with_the_family_ends_when_she_settles_on_her_own_or_is_trafficked_again() -> None:
    story = a_case().opened("2025-06-01").settled("2026-02-01")
    assert spells("still_with_the_family", story) == [(334, False)]
    story.event("safety_incident", "2026-05-02", {"kind": "threat", "severity": "high"}).settled("2026-06-01")
    assert spells("still_with_the_family", story) == [(334, False)]
    story.event("safety_incident", "2026-04-02", {"kind": "re_trafficking", "severity": "high"})
    assert spells("still_with_the_family", story) == [(60, True)]
    assert spells("still_with_the_family", story.settled("2026-03-03", "independent")) == [(30, True)]
    assert spells("still_with_the_family", a_case().settled("2026-02-01", "independent")) == []


def test_waiting_for_the_first_contact_ends_with_it() -> None:
    story = a_case().settled("2026-02-01").called("2026-02-01")
    assert spells("not_contacted_yet", story) == [(334, False)]
    assert spells("not_contacted_yet", story.called("2026-02-04").called("2026-02-06")) == [(3, True)]
    assert spells("not_contacted_yet", story.settled("2026-02-05")) == [(1, True)]


def test_a_group_without_a_spell_is_there_and_empty() -> None:
    stories = [a_case(1).opened("2026-01-01").settled("2026-02-01"), a_case(2).opened("2026-01-01", district="khulna")]
    found = reckon_spells(
        "still_with_the_family",
        [story.record for story in stories],
        YEAR_2026,
        day("2028-01-01"),
        Breakdown((Dimension.DISTRICT,)),
    )
    assert {key: len(listed) for key, listed in found.groups.items()} == {("jashore",): 1, ("khulna",): 0}


# Kaplan–Meier

REMISSION = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
"""Weeks of remission under 6-mercaptopurine (Freireich and others 1963), the textbooks' example; + is censored."""

PUBLISHED = {
    6: (0.8571, 0.6197, 0.9516, 21),
    7: (0.8067, 0.5631, 0.9228, 17),
    10: (0.7529, 0.5032, 0.8894, 15),
    13: (0.6902, 0.4316, 0.8491, 12),
    16: (0.6275, 0.3675, 0.8049, 11),
    22: (0.5378, 0.2678, 0.7468, 7),
    23: (0.4482, 0.1881, 0.6801, 6),
}
"""week: share, interval (Greenwood, log(−log)) and number at risk as statistics packages print them."""


def remission() -> list[Spell]:
    return [Spell(int(weeks.rstrip("+")) * WEEK, not weeks.endswith("+")) for weeks in REMISSION.split()]


def test_shares_intervals_and_numbers_at_risk_are_those_of_the_textbooks() -> None:
    for estimate, (week, published) in zip(
        estimates(remission(), [week * WEEK for week in PUBLISHED]), PUBLISHED.items(), strict=True
    ):
        found = (estimate.share, estimate.low, estimate.high, estimate.at_risk)
        assert found == pytest.approx(published, abs=6e-5), week


def test_between_two_endings_the_share_stays_and_beyond_the_last_one_seen_there_is_none() -> None:
    at_8, at_35, at_36 = estimates(remission(), [8 * WEEK, 35 * WEEK, 36 * WEEK])
    assert (at_8.share, at_8.ended, at_8.at_risk) == (pytest.approx(0.8067, abs=6e-5), 4, 16)
    assert (at_35.share, at_35.at_risk) == (pytest.approx(0.4482, abs=6e-5), 1)
    assert (at_36.share, at_36.low, at_36.at_risk) == (None, None, 0)


def test_with_nothing_ended_or_all_of_it_there_is_no_interval() -> None:
    none_ended, all_ended = (estimates([Spell(WEEK, ended)] * 3, [WEEK])[0] for ended in (False, True))
    assert (none_ended.share, none_ended.low, none_ended.high, none_ended.at_risk) == (1, None, None, 3)
    assert (all_ended.share, all_ended.low, all_ended.high, all_ended.at_risk) == (0, None, None, 3)
    later = estimates([Spell(WEEK, has_ended=True)] * 3, [2 * WEEK])[0]
    assert (later.share, later.at_risk) == (0, 0)
    assert estimates([], [0])[0].share is None


@pytest.mark.parametrize("seed", range(20))
def test_the_share_is_the_product_over_the_endings_counted_one_by_one(seed: int) -> None:
    rng = Random(seed)
    listed = [Spell(rng.randrange(12), rng.random() < 0.6) for _ in range(rng.randrange(1, 30))]
    for estimate in estimates(listed, range(13)):
        share = Fraction(1)
        for time in sorted({spell.length for spell in listed if spell.has_ended and spell.length <= estimate.at}):
            lasting = sum(spell.length >= time for spell in listed)
            share *= 1 - Fraction(sum(spell == (time, True) for spell in listed), lasting)
        assert estimate.at_risk == sum(spell.length >= estimate.at for spell in listed)
        if estimate.share is not None:
            assert estimate.share == pytest.approx(float(share), abs=1e-12)


# what is shown


def test_a_curve_of_one_or_two_cases_is_not_shown_of_a_group_and_is_of_everybody() -> None:
    two = [Spell(5 * MONTH, has_ended=True), Spell(9 * MONTH, has_ended=False)]
    group = curve_cell_of(CURVES["still_in_work"], two, is_group=True)
    assert group.cases is None and group.reason is not None
    assert {point.shown for point in group.points} == {"1–2"}
    assert {(point.share, point.low, point.high, point.at_risk) for point in group.points} == {(None, None, None, None)}
    everybody = curve_cell_of(CURVES["still_in_work"], two, is_group=False)
    assert [point.share for point in everybody.points][4:7] == [100, 50, 50]
    assert everybody.points[-1].shown == "–"


def test_of_a_group_the_points_are_hidden_at_which_one_or_two_are_left() -> None:
    three = [Spell(months * MONTH, has_ended=True) for months in (3, 6, 12)]
    group = curve_cell_of(CURVES["still_in_work"], three, is_group=True)
    assert [point.is_hidden for point in group.points] == [steps > 3 for steps in range(13)]
    assert group.cases == 3
