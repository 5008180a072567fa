"""The catalogue: name, words, unit and arithmetic of every indicator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.casework.domain.instants import DAY
from services.outcomes.domain.periods import MONTH, YEAR
from services.outcomes.domain.tallies import Indicator, Shape

WAGES_NEEDED: Final = 5


def _share(name: str, title: str, numerator: str, denominator: str, definition: str) -> Indicator:
    return Indicator(name, title, Shape.RATIO, "%", numerator, denominator, definition, factor=100)


def _per_hundred_years(name: str, title: str, numerator: str, definition: str) -> Indicator:
    return Indicator(
        name,
        title,
        Shape.RATIO,
        "per 100 case-years",
        numerator,
        "case-years in follow-up",
        definition,
        factor=100,
        denominator_scale=YEAR,
    )


def _furthest(step: str, title: str) -> Indicator:
    return Indicator(
        f"prosecution_{step}",
        f"Prosecution: {title}",
        Shape.COUNT,
        "cases",
        "cases",
        None,
        "Cases by the furthest legal step before the end of the period, in the order police report, statement, charge "
        "sheet, hearing, verdict, compensation. A case whose latest step is a settlement out of court or a withdrawal "
        "counts under that alone.",
    )


_ALL: Final = (
    Indicator(
        "cases_in_follow_up",
        "Cases in follow-up",
        Shape.COUNT,
        "cases",
        "cases",
        None,
        "Cases opened before the end of the period and not ended or closed at it.",
    ),
    _share(
        "contacted_on_time",
        "Contacted on time",
        "obligations met by their due time",
        "obligations due in the period",
        "Of the contacts a case was owed with a due time in the period, those made by then. What was suspended, "
        "withdrawn or superseded before it was due is not counted.",
    ),
    Indicator(
        "days_between_contacts",
        "Days between contacts",
        Shape.MEDIAN,
        "median days",
        "days",
        "gaps",
        "The median of the gaps between successive contacts of a case, the later one in the period.",
        numerator_scale=DAY,
    ),
    _share(
        "first_contact_in_time",
        "First contact in time",
        "cases contacted within 7 days after settling",
        "cases settled in the period",
        "Of the cases last settled in the period, those contacted within 7 days after it. A case whose 7 days have not "
        "passed at the end of the period counts only if she was contacted.",
    ),
    _share(
        "help_answered_in_24_hours",
        "Help answered in 24 hours",
        "calls for help answered within 24 hours",
        "calls for help in the period",
        "Of her calls for help in the period, those followed by a contact within 24 hours; that she calls again is no "
        "answer. A call less than 24 hours old at the end of the period counts only if it was answered.",
    ),
    Indicator(
        "neglect_episodes",
        "Neglect episodes",
        Shape.RATIO,
        "per 100 case-months",
        "alerts",
        "case-months in follow-up",
        "Alerts first raised in the period, for every 100 months that cases were in follow-up in it.",
        factor=100,
        denominator_scale=MONTH,
    ),
    Indicator(
        "neglected_days",
        "Neglected days",
        Shape.RATIO,
        "days per 100 case-months",
        "days",
        "case-months in follow-up",
        "Days of the period on which something owed to a case was overdue (several things at once count once), for "
        "every 100 months that cases were in follow-up in it.",
        factor=100,
        numerator_scale=DAY,
        denominator_scale=MONTH,
    ),
    _share(
        "effect_of_an_alert",
        "Effect of an alert",
        "alerts followed by a contact within 15 days",
        "alerts raised in the period",
        "Of the alerts first raised in the period, those whose case was contacted within 15 days after it. An alert "
        "less than 15 days old at the end of the period counts only if she was contacted.",
    ),
    Indicator(
        "attempts_per_contact",
        "Attempts per contact",
        Shape.RATIO,
        "outgoing calls per contact",
        "outgoing calls that reached her or failed to",
        "outgoing calls that reached her",
        "How many calls of ours in the period it took to reach her once. Calls she refused are not counted.",
    ),
    _share(
        "in_work",
        "In work",
        "cases in work at the end of the period",
        "settled cases",
        "Of the settled cases in follow-up at the end of the period, or closed as self-reliant by then, those whose "
        "latest job had started and not ended.",
    ),
    _share(
        "trainings_completed",
        "Trainings completed",
        "trainings completed in the period",
        "trainings enrolled in or attended in the period",
        "Of the trainings (one kind in one case) enrolled in, attended or completed in the period, those completed.",
    ),
    Indicator(
        "median_wage",
        "Median wage",
        Shape.MEDIAN,
        "BDT a month",
        "wages",
        "cases in work with a known wage",
        "The median of the last monthly wage known of each case that is in work at the end of the period. Not shown "
        "below five.",
        needs_cases=WAGES_NEEDED,
    ),
    Indicator(
        "livelihood_supported",
        "Livelihood supported",
        Shape.COUNT,
        "cases",
        "cases",
        None,
        "Different cases with livelihood support given, or a job started, in the period.",
    ),
    _share(
        "severe_stigma",
        "Severe stigma",
        "cases in which stigma was severe",
        "cases whose family was asked about stigma",
        "Of the cases with a family check-in in the period that says how much stigma there is, those whose latest one "
        "says severe.",
    ),
    _per_hundred_years(
        "safety_incidents",
        "Safety incidents",
        "safety incidents",
        "Safety incidents of any kind in the period, for every 100 years that cases were in follow-up in it.",
    ),
    _per_hundred_years(
        "re_trafficking",
        "Re-trafficking",
        "incidents of re-trafficking",
        "Safety incidents of the kind re-trafficking in the period, for every 100 years that cases were in follow-up "
        "in it.",
    ),
    _furthest("police_report", "police report"),
    _furthest("statement", "statement"),
    _furthest("charge_sheet", "charge sheet"),
    _furthest("hearing", "hearing"),
    _furthest("verdict", "verdict"),
    _furthest("compensation", "compensation"),
    _furthest("settled_out_of_court", "settled out of court"),
    _furthest("withdrawn", "withdrawn"),
    Indicator(
        "completed",
        "Completed",
        Shape.COUNT,
        "cases",
        "cases",
        None,
        "Cases closed as self-reliant in the period and still closed at its end.",
    ),
    Indicator(
        "days_to_completion",
        "Days to completion",
        Shape.MEDIAN,
        "median days",
        "days",
        "completed cases",
        "The median of the days from settling to closing, over the cases closed as self-reliant in the period.",
        numerator_scale=DAY,
    ),
    Indicator(
        "silent",
        "Silent",
        Shape.COUNT,
        "cases",
        "cases",
        None,
        "Cases in follow-up at the end of the period of which nothing is known in the 90 days before it.",
    ),
    Indicator(
        "cases_per_caseworker",
        "Cases per caseworker",
        Shape.RATIO,
        "cases per caseworker",
        "cases in follow-up",
        "caseworkers",
        "Cases in follow-up at the end of the period, for each caseworker who has at least one of them.",
        is_internal=True,
    ),
    Indicator(
        "open_alerts_per_caseworker",
        "Open alerts per caseworker",
        Shape.RATIO,
        "open alerts per caseworker",
        "open alerts",
        "caseworkers",
        "Alerts open at the end of the period, for each caseworker who has at least one case in follow-up.",
        is_internal=True,
    ),
)

INDICATORS: Final[Mapping[str, Indicator]] = {indicator.name: indicator for indicator in _ALL}
"""By name, in the order they are shown."""
