"""Retractions, duplicates, late and early clocks, attributes as of the end, break-downs and small cells."""

from __future__ import annotations

import pytest

from services.casework.domain.instants import DAY
from services.outcomes.domain.breakdowns import Breakdown, Dimension, TooFine
from services.outcomes.domain.disclosure import NOTHING_TO_DIVIDE_BY, TOO_FEW_SHOWN, cell_of
from services.outcomes.domain.indicators import INDICATORS
from services.outcomes.domain.periods import CohortLength, Period, length_of_union
from services.outcomes.domain.reckoning import Reckoning, reckon
from services.outcomes.domain.tallies import Tally
from tests.unit.services.outcomes.case_stories import Story, a_case, day

QUARTER = Period(day("2026-01-01"), day("2026-04-01"))
LATER = day("2027-01-01")


def follow_up(*stories: Story, by: Breakdown | None = None, as_of: int = LATER) -> Reckoning:
    return reckon("cases_in_follow_up", [story.record for story in stories], QUARTER, as_of, by or Breakdown())


def groups(*stories: Story, by: Breakdown) -> dict[tuple[str, ...], int]:
    return {key: tally.numerator for key, tally in follow_up(*stories, by=by).groups.items()}


def test_a_retracted_event_does_not_exist_once_the_retraction_is_known() -> None:
    story = a_case().opened("2026-01-01").closed("2026-02-01").retracted(2, "2026-02-02", recorded="2026-05-01")
    assert follow_up(story).total.numerator == 1
    assert follow_up(story, as_of=day("2026-04-30")).total.numerator == 0


def test_a_retraction_may_come_before_what_it_retracts_and_cannot_be_retracted() -> None:
    early = a_case().opened("2026-01-01").retracted(3, "2026-01-15").closed("2026-02-01")
    assert follow_up(early).total.numerator == 1
    assert follow_up(early.retracted(2, "2026-03-01")).total.numerator == 1


def test_of_two_records_with_one_id_the_first_stands() -> None:
    story = a_case().opened("2026-01-01").called("2026-01-05")
    story.event("case_closed", "2026-01-06", {"reason": "died"}, event_id=story.event_id(2))
    assert follow_up(story).total.numerator == 1


def test_what_was_recorded_later_than_the_data_goes_is_not_known() -> None:
    story = a_case().opened("2026-01-01").called("2026-02-01", recorded="2026-02-20").called("2026-02-03")
    known = reckon("attempts_per_contact", [story.record], QUARTER, day("2026-02-19")).total
    assert (known.denominator, reckon("attempts_per_contact", [story.record], QUARTER, LATER).total.denominator) == (
        1,
        2,
    )


def test_a_clock_that_ran_ahead_is_cut_to_when_it_was_recorded() -> None:
    story = a_case().opened("2026-01-01").called("2026-04-01", recorded="2026-03-31")
    assert reckon("attempts_per_contact", [story.record], QUARTER, LATER).total.denominator == 1


def test_attributes_are_those_last_written_before_the_end_of_the_period() -> None:
    by = Breakdown((Dimension.DISTRICT,))
    story = a_case().opened("2026-01-01").updated("2026-03-31", district="khulna")
    assert groups(story, by=by) == {("khulna",): 1}
    assert groups(story.updated("2026-04-01", district="satkhira"), by=by) == {("khulna",): 1}


def test_of_two_writings_at_one_instant_the_greater_event_id_wins() -> None:
    story = (
        a_case().opened("2026-01-01").updated("2026-01-02", district="khulna").updated("2026-01-02", district="dhaka")
    )
    assert groups(story, by=Breakdown((Dimension.DISTRICT,))) == {("dhaka",): 1}


def test_a_case_with_several_programmes_counts_under_each_and_once_in_total() -> None:
    stories = [a_case(1).opened("2026-01-01", programmes=["livelihood", "safe-return"]), a_case(2).opened("2026-01-01")]
    by = Breakdown((Dimension.PROGRAMME,))
    assert groups(*stories, by=by) == {("livelihood",): 1, ("safe-return",): 1, ("",): 1}
    assert follow_up(*stories, by=by).total.numerator == 2


def test_the_cohort_is_the_quarter_or_month_of_the_latest_settling() -> None:
    story = a_case(1).opened("2025-01-01").settled("2025-11-30").settled("2026-03-31 23:59")
    unsettled = a_case(2).opened("2026-01-01")
    assert groups(story, unsettled, by=Breakdown((Dimension.COHORT,))) == {("2026-Q1",): 1, ("",): 1}
    months = Breakdown((Dimension.COHORT,), cohorts=CohortLength.MONTH)
    assert groups(story, by=months) == {("2026-03",): 1}


def test_two_breakdowns_make_pairs_and_a_filter_counts_as_one_of_them() -> None:
    stories = [a_case(1).opened("2026-01-01", age_band="18_24"), a_case(2).opened("2026-01-01", district="khulna")]
    pairs = Breakdown((Dimension.DISTRICT, Dimension.AGE_BAND))
    assert groups(*stories, by=pairs) == {("jashore", "18_24"): 1, ("khulna", ""): 1}
    filtered = Breakdown((Dimension.AGE_BAND,), where={Dimension.DISTRICT: "khulna"})
    assert groups(*stories, by=filtered) == {("",): 1}
    with pytest.raises(TooFine):
        Breakdown((Dimension.AGE_BAND, Dimension.PATHWAY), where={Dimension.DISTRICT: "khulna"})
    with pytest.raises(ValueError, match="once"):
        Breakdown((Dimension.DISTRICT,), where={Dimension.DISTRICT: "khulna"})


def test_a_group_without_anything_to_count_shows_zero_instead_of_being_left_out() -> None:
    stories = [a_case(1).opened("2025-12-01"), a_case(2).opened("2026-03-01", district="khulna")]
    by = Breakdown((Dimension.DISTRICT,))
    found = reckon("silent", [story.record for story in stories], QUARTER, LATER, by)
    assert {key: tally.numerator for key, tally in found.groups.items()} == {("jashore",): 1, ("khulna",): 0}


def test_a_period_is_cut_where_the_data_ends() -> None:
    assert QUARTER.known_at(day("2026-02-01")) == Period(QUARTER.start, day("2026-02-01") + 1)
    assert QUARTER.known_at(LATER) == QUARTER
    with pytest.raises(ValueError, match="ends after it starts"):
        QUARTER.known_at(day("2025-12-31"))


def test_a_union_counts_common_time_once() -> None:
    assert length_of_union([(0, 10), (5, 7), (8, 12), (20, 21), (12, 13)]) == 14
    assert length_of_union([]) == 0
    assert length_of_union([(-5 * DAY, -4 * DAY)]) == DAY


@pytest.mark.parametrize(
    ("tally", "shown", "value", "denominator"),
    [
        (Tally(3, 6, 3, 6), "50.0", 50.0, 6),
        (Tally(2, 6, 2, 6), TOO_FEW_SHOWN, None, 6),
        (Tally(9, 40, 1, 6), TOO_FEW_SHOWN, None, 40),
        (Tally(1, 2, 1, 2), TOO_FEW_SHOWN, None, None),
        (Tally(0, 6, 0, 6), "0.0", 0.0, 6),
        (Tally(0, 0, 0, 0), NOTHING_TO_DIVIDE_BY, None, 0),
    ],
)
def test_a_cell_of_one_or_two_cases_hides_its_number(
    tally: Tally, shown: str, value: float | None, denominator: int | None
) -> None:
    cell = cell_of(INDICATORS["contacted_on_time"], tally, is_group=True)
    assert (cell.shown, cell.figures.value, cell.figures.denominator) == (shown, value, denominator)
    assert cell.is_hidden == (shown == TOO_FEW_SHOWN) == (cell.reason is not None)


def test_the_total_of_the_whole_organisation_is_exact() -> None:
    assert cell_of(INDICATORS["cases_in_follow_up"], Tally(1, 0, 1, 0), is_group=False).figures.value == 1
