"""Each indicator on stories short enough to count on one's fingers. The period is the first quarter of 2026."""

from __future__ import annotations

import pytest

from services.casework.domain.instants import DAY
from services.casework.domain.transitions import ObligationEnding
from services.outcomes.domain.disclosure import cell_of
from services.outcomes.domain.indicators import INDICATORS
from services.outcomes.domain.measures import MEASURES
from services.outcomes.domain.periods import MONTH, YEAR, Period
from services.outcomes.domain.reckoning import reckon
from services.outcomes.domain.tallies import figures
from tests.unit.services.outcomes.case_stories import Story, a_case, day

QUARTER = Period(day("2026-01-01"), day("2026-04-01"))
LATER = day("2027-01-01")


def counted(indicator: str, *stories: Story, as_of: int = LATER) -> tuple[int, int]:
    total = reckon(indicator, [story.record for story in stories], QUARTER, as_of).total
    return total.numerator, total.denominator


def value(indicator: str, *stories: Story, as_of: int = LATER) -> float | None:
    return figures(INDICATORS[indicator], reckon(indicator, [s.record for s in stories], QUARTER, as_of).total).value


def test_every_indicator_of_the_catalogue_has_a_measure_and_none_is_left_over() -> None:
    assert list(MEASURES) == list(INDICATORS)


# cases in follow-up


def test_a_case_is_in_follow_up_from_its_opening_until_it_is_closed() -> None:
    assert value("cases_in_follow_up", a_case().opened("2026-03-31")) == 1
    assert value("cases_in_follow_up", a_case().opened("2026-04-01")) == 0
    assert value("cases_in_follow_up", a_case().opened("2026-01-01").closed("2026-02-01")) == 0
    assert value("cases_in_follow_up", a_case().opened("2026-01-01").closed("2026-04-01")) == 1


def test_whoever_calls_is_in_follow_up_again_whatever_closed_her_case() -> None:
    for reason in ("her_wish", "died"):
        story = a_case().opened("2026-01-01").closed("2026-02-01", reason)
        assert value("cases_in_follow_up", story.called_in("2026-03-01")) == 1


def test_a_call_at_the_instant_of_the_closing_does_not_open_the_case_again() -> None:
    story = a_case().opened("2026-01-01").called_in("2026-02-01").closed("2026-02-01")
    assert value("cases_in_follow_up", story) == 0


# contacted on time


def test_contacts_owed_in_the_period_count_as_met_when_they_came_by_their_due_time() -> None:
    story = (
        a_case()
        .opened("2026-01-01")
        .owed("2026-01-10", met="2026-01-10")
        .owed("2026-01-20", met="2026-01-20 00:01")
        .owed("2026-01-30", rule="contact-before-settling")
        .owed("2026-02-10", rule="family-check-in", met="2026-02-01")
        .owed("2026-04-01", met="2026-03-20")
    )
    assert counted("contacted_on_time", story) == (1, 3)


def test_a_late_report_of_work_done_in_time_counts_as_in_time() -> None:
    story = a_case().opened("2026-01-01").owed("2026-01-10", met="2026-01-09", ended="2026-01-25")
    assert counted("contacted_on_time", story) == (1, 1)
    assert counted("contacted_on_time", story, as_of=day("2026-01-24")) == (0, 1)


@pytest.mark.parametrize("ending", ["suspended", "withdrawn", "superseded"])
def test_what_was_lifted_before_it_was_due_is_neither_met_nor_missed(ending: str) -> None:
    how = ObligationEnding(ending)
    before = a_case().opened("2026-01-01").owed("2026-01-10", ended="2026-01-09", ending=how)
    at_due = a_case().opened("2026-01-01").owed("2026-01-10", ended="2026-01-10", ending=how)
    assert counted("contacted_on_time", before) == (0, 0)
    assert value("contacted_on_time", before) is None
    assert counted("contacted_on_time", at_due) == (0, 1)


# days between contacts


def test_gaps_count_in_the_period_of_the_later_contact_and_their_median_is_shown() -> None:
    story = a_case().called("2025-12-30").called("2026-01-01").called("2026-01-08").called("2026-04-02")
    total = reckon("days_between_contacts", [story.record], QUARTER, LATER).total
    assert (total.denominator, total.median) == (2, 4.5 * DAY)
    assert value("days_between_contacts", story) == 4.5


def test_gaps_never_span_two_cases() -> None:
    assert value("days_between_contacts", a_case(1).called("2026-01-01"), a_case(2).called("2026-02-01")) is None


# first contact in time


def test_a_first_contact_is_in_time_until_the_seventh_day_is_full() -> None:
    settled = "2026-02-01"
    assert counted("first_contact_in_time", a_case().settled(settled).called("2026-02-08")) == (1, 1)
    assert counted("first_contact_in_time", a_case().settled(settled).called("2026-02-08 00:01")) == (0, 1)
    assert counted("first_contact_in_time", a_case().settled(settled).called(settled)) == (0, 1)


def test_whose_seven_days_have_not_passed_counts_only_when_contacted() -> None:
    assert counted("first_contact_in_time", a_case().settled("2026-03-25")) == (0, 1)
    assert counted("first_contact_in_time", a_case().settled("2026-03-26")) == (0, 0)
    assert counted("first_contact_in_time", a_case().settled("2026-03-26").called("2026-03-28")) == (1, 1)
    assert counted("first_contact_in_time", a_case().settled("2026-03-26").called("2026-04-01")) == (0, 0)


def test_a_case_settled_twice_counts_once_under_the_later() -> None:
    story = a_case().settled("2026-01-10").called("2026-01-12").settled("2026-02-10")
    assert counted("first_contact_in_time", story) == (0, 1)


# help answered in 24 h


def test_a_call_for_help_is_answered_by_a_contact_within_24_hours() -> None:
    asked = "2026-02-01 10:00"
    for answered, expected in (("2026-02-02 10:00", (1, 1)), ("2026-02-02 10:01", (0, 1)), (asked, (1, 1))):
        story = a_case().called_in(asked, outcome="no_answer").called(answered)
        assert counted("help_answered_in_24_hours", story) == expected, answered


def test_that_she_calls_for_help_again_is_no_answer_to_her_first_call() -> None:
    story = (
        a_case().called_in("2026-02-01 10:00", help_requested=True).called_in("2026-02-01 12:00", help_requested=True)
    )
    assert counted("help_answered_in_24_hours", story) == (0, 2)


def test_a_call_for_help_of_the_last_day_counts_only_when_answered() -> None:
    asked = a_case().called_in("2026-03-31 10:00", outcome="no_answer")
    assert counted("help_answered_in_24_hours", asked) == (0, 0)
    assert counted("help_answered_in_24_hours", asked.called("2026-03-31 11:00")) == (1, 1)


# neglect episodes, neglected days


def test_first_raisings_are_counted_per_hundred_months_in_follow_up() -> None:
    story = a_case().opened("2025-06-01").alerted("2026-01-05").alerted("2026-01-06", revision=2).alerted("2026-04-01")
    assert counted("neglect_episodes", story) == (1, 90 * DAY)
    assert value("neglect_episodes", story) == pytest.approx(100 / (90 * DAY / MONTH), abs=1e-9)


def test_months_in_follow_up_leave_out_what_lay_before_opening_and_while_closed() -> None:
    story = (
        a_case()
        .opened("2026-01-11")
        .closed("2026-01-21")
        .closed("2026-01-23")
        .called_in("2026-01-31")
        .closed("2026-03-22")
    )
    assert counted("neglect_episodes", story) == (0, (10 + 50) * DAY)


def test_days_on_which_several_things_were_overdue_count_once() -> None:
    story = (
        a_case()
        .opened("2026-01-01")
        .owed("2026-01-10", met="2026-01-20")
        .owed("2026-01-15", rule="help-request", met="2026-01-25")
        .owed("2026-02-01", rule="wellbeing", ended="2026-02-03", ending=ObligationEnding.WITHDRAWN)
        .owed("2026-03-30", rule="job-check")
        .owed("2026-02-10", rule="job-lost", met="2026-02-05", ended="2026-02-20")
    )
    assert counted("neglected_days", story) == ((15 + 2 + 2) * DAY, 90 * DAY)


def test_neglect_is_cut_to_the_period() -> None:
    story = a_case().opened("2025-01-01").owed("2025-12-01", since="2025-11-01", met="2026-01-03")
    assert counted("neglected_days", story) == (2 * DAY, 90 * DAY)


# effect of an alert


def test_an_alert_worked_when_a_contact_came_after_it_within_15_days() -> None:
    raised = "2026-02-01"
    for contact, expected in (("2026-02-16", (1, 1)), ("2026-02-16 00:01", (0, 1)), (raised, (0, 1))):
        assert counted("effect_of_an_alert", a_case().alerted(raised).called(contact)) == expected, contact
    assert counted("effect_of_an_alert", a_case().called("2026-01-01").alerted("2026-03-20")) == (0, 0)
    assert counted("effect_of_an_alert", a_case().alerted("2026-03-20").called("2026-03-21")) == (1, 1)


# attempts per contact


def test_only_outgoing_calls_are_attempts_and_a_refusal_is_neither() -> None:
    story = (
        a_case()
        .called("2026-01-02", "no_answer")
        .called("2026-01-03", "refused")
        .called("2026-01-04")
        .called_in("2026-01-05")
        .event("family_check_in", "2026-01-06", {"mode": "visit", "survivor_met": False, "family_met": False})
        .event("counselling", "2026-01-07", {"attended": True})
    )
    assert counted("attempts_per_contact", story) == (2, 1)


# in work


def test_in_work_is_whose_latest_job_started() -> None:
    settled = a_case().opened("2026-01-01").settled("2026-01-10")
    assert counted("in_work", settled) == (0, 1)
    assert counted("in_work", settled.job("2026-02-01", "started").job("2026-02-02", "offered")) == (1, 1)
    assert counted("in_work", settled.job("2026-02-03", "ended")) == (0, 1)


def test_of_closed_cases_only_the_self_reliant_count_as_in_work_or_not() -> None:
    for reason, expected in (("self_reliant", (1, 1)), ("moved_abroad", (0, 0))):
        story = a_case().opened("2026-01-01").settled("2026-01-10").job("2026-02-01", "started")
        assert counted("in_work", story.closed("2026-03-01", reason)) == expected, reason
    assert counted("in_work", a_case().opened("2026-01-01").job("2026-02-01", "started")) == (0, 0)


# wages


def a_wage(number: int, wage: int, status: str = "started") -> Story:
    story = a_case(number).opened("2026-01-01").settled("2026-01-10").job("2026-02-01", "started")
    return story.event("job_placement", "2026-02-02", {"status": status, "monthly_wage_bdt": wage})


def test_a_wage_is_the_last_one_said_of_who_is_in_work() -> None:
    stories = [a_wage(number, 10_000 + number) for number in range(1, 6)]
    assert value("median_wage", *stories) == 10_003
    assert value("median_wage", *stories[:4], a_wage(5, 90_000, "offered"), a_wage(6, 1, "ended")) == 10_002.5


def test_a_median_of_fewer_than_five_wages_is_not_shown_not_even_of_everybody() -> None:
    indicator = INDICATORS["median_wage"]
    for wages, shown in ((0, "–"), (1, "1–4"), (4, "1–4"), (5, "10003")):
        stories = [a_wage(number, 10_000 + number).record for number in range(1, wages + 1)]
        cell = cell_of(indicator, reckon("median_wage", stories, QUARTER, LATER).total, is_group=False)
        assert cell.shown.removesuffix(".0") == shown
        assert cell.is_hidden == (shown == "1–4") == (cell.reason is not None)


# stigma, safety, prosecution, completion


def a_check_in(on: str, stigma: str) -> Story:
    data = {"mode": "visit", "survivor_met": True, "family_met": True, "stigma": stigma}
    return a_case().opened("2026-01-01").event("family_check_in", on, data)


def test_stigma_is_what_the_latest_check_in_that_knows_it_says() -> None:
    assert counted("severe_stigma", a_check_in("2026-02-01", "severe")) == (1, 1)
    assert counted("severe_stigma", a_check_in("2025-12-31", "severe")) == (0, 0)
    assert counted("severe_stigma", a_check_in("2026-02-01", "unknown")) == (0, 0)
    later = {"mode": "phone", "survivor_met": False, "family_met": True}
    for said, expected in (({"stigma": "some"}, (0, 1)), ({"stigma": "unknown"}, (1, 1)), ({}, (1, 1))):
        story = a_check_in("2026-02-01", "severe").event("family_check_in", "2026-02-02", later | said)
        assert counted("severe_stigma", story) == expected, said


def test_incidents_are_counted_per_hundred_years_in_follow_up() -> None:
    story = a_case().opened("2025-01-01")
    for on, kind in (("2025-12-31", "threat"), ("2026-01-01", "threat"), ("2026-02-01", "re_trafficking")):
        story.event("safety_incident", on, {"kind": kind, "severity": "high"})
    assert counted("safety_incidents", story) == (2, 90 * DAY)
    assert value("safety_incidents", story) == pytest.approx(200 / (90 * DAY / YEAR), abs=1e-9)
    assert counted("re_trafficking", story) == (1, 90 * DAY)


def prosecuted(*steps: str) -> dict[str, int]:
    """The steps under which a case with these, a day apart, counts."""
    story = a_case().opened("2026-01-01")
    for number, step in enumerate(steps, 1):
        story.event("legal_step", f"2026-02-{number:02}", {"step": step})
    names = [name for name in INDICATORS if name.startswith("prosecution_")]
    found = {name.removeprefix("prosecution_"): counted(name, story)[0] for name in names}
    return {step: number for step, number in found.items() if number}


def test_a_prosecution_counts_once_at_its_furthest_step() -> None:
    assert prosecuted() == {}
    assert prosecuted("police_report") == {"police_report": 1}
    assert prosecuted("police_report", "hearing", "statement") == {"hearing": 1}
    assert prosecuted("compensation", "verdict") == {"compensation": 1}


def test_a_prosecution_that_was_settled_or_withdrawn_stands_apart_until_it_goes_on() -> None:
    assert prosecuted("verdict", "withdrawn") == {"withdrawn": 1}
    assert prosecuted("settled_out_of_court", "hearing") == {"hearing": 1}


def test_a_completion_is_a_closing_as_self_reliant_that_still_stands() -> None:
    story = a_case().opened("2025-01-01").settled("2026-01-01")
    assert counted("completed", story.closed("2026-03-02", "self_reliant")) == (1, 0)
    assert value("days_to_completion", story) == 60
    assert counted("completed", story.called_in("2026-03-03")) == (0, 0)
    assert value("days_to_completion", story) is None
    for on, reason in (("2026-02-01", "her_wish"), ("2025-12-31", "self_reliant"), ("2026-04-01", "self_reliant")):
        assert counted("completed", a_case().opened("2025-01-01").closed(on, reason)) == (0, 0), on
    never_settled = a_case().opened("2025-01-01").closed("2026-02-01", "self_reliant")
    assert (counted("completed", never_settled), value("days_to_completion", never_settled)) == ((1, 0), None)


# trainings, livelihood, silent, workload


def test_a_training_is_one_kind_in_one_case() -> None:
    story = (
        a_case()
        .training("2025-12-01", "enrolled", "business")
        .training("2026-01-05", "enrolled")
        .training("2026-01-06", "attended")
        .training("2026-01-07", "completed", "life_skills")
        .training("2026-01-08", "dropped", "capacity_building")
    )
    assert counted("trainings_completed", story) == (1, 2)


def test_livelihood_counts_a_case_once_for_support_or_a_job() -> None:
    both = a_case(1).job("2026-01-05", "started").event("livelihood_support", "2026-01-06", {"kind": "grant"})
    before = a_case(2).event("livelihood_support", "2025-12-31", {"kind": "loan"})
    assert value("livelihood_supported", both, before) == 1


def test_silent_is_a_case_of_which_90_days_say_nothing() -> None:
    assert value("silent", a_case().opened("2025-12-31")) == 1
    assert value("silent", a_case().opened("2026-01-01")) == 0
    assert value("silent", a_case().opened("2025-12-31").updated("2026-03-01", risk="low")) == 1
    assert value("silent", a_case().opened("2025-12-01").closed("2025-12-31")) == 0


def test_workload_is_counted_over_different_caseworkers() -> None:
    other = "5f0c1c1e-9a5e-4c69-8f5f-3f6f1f0f6a12"
    stories = [a_case(number).opened("2026-01-01") for number in (1, 2, 3)]
    stories.append(a_case(4).opened("2026-01-01", caseworker_id=other).alerted("2026-02-01"))
    stories.append(a_case(5).opened("2026-01-01").closed("2026-02-01").alerted("2026-01-05", ended="2026-02-01"))
    assert counted("cases_per_caseworker", *stories) == (4, 2)
    assert counted("open_alerts_per_caseworker", *stories) == (1, 2)
