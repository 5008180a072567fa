"""The catalogue: name, words, unit and arithmetic of every indicator, and the value a tally gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.casework.domain.instants import DAY
from services.outcomes.domain.periods import MONTH


class Shape(StrEnum):
    COUNT = "count"
    RATIO = "ratio"
    MEDIAN = "median"


@dataclass(frozen=True, slots=True)
class Indicator:
    """What is shown beside a number so that nobody has to guess what it means.

    numerator_scale, denominator_scale: how many counted units (1, or milliseconds) make one of those shown.
    factor: of the ratio: 100 for per cent and for "per 100".
    is_internal: for the organisation's own eyes only; never in anything that leaves it.
    """

    name: str
    title: str
    shape: Shape
    unit: str
    numerator: str
    denominator: str | None
    definition: str
    factor: int = 1
    numerator_scale: int = 1
    denominator_scale: int = 1
    is_internal: bool = False


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted over the cases of one group, in whole units.

    numerator_cases, denominator_cases: how many different cases it rests on. For a median, `denominator` is the
    number of samples and `median` the middle one, of an even number the mean of the two in the middle.
    """

    numerator: int = 0
    denominator: int = 0
    numerator_cases: int = 0
    denominator_cases: int = 0
    median: float | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """value is None ("–") when there is nothing to divide by; a count has no denominator, a median no numerator."""

    value: float | int | None
    numerator: float | int | None
    denominator: float | int | None


def figures(indicator: Indicator, tally: Tally) -> Figures:
    match indicator.shape:
        case Shape.COUNT:
            return Figures(tally.numerator, tally.numerator, None)
        case Shape.MEDIAN:
            middle = None if tally.median is None else tally.median / indicator.numerator_scale
            return Figures(middle, None, tally.denominator)
        case Shape.RATIO:
            above = _scaled(tally.numerator, indicator.numerator_scale)
            below = _scaled(tally.denominator, indicator.denominator_scale)
            return Figures(indicator.factor * above / below if below else None, above, below)


def _scaled(counted: int, scale: int) -> float | int:
    return counted if scale == 1 else counted / scale


def _share(name: str, title: str, numerator: str, denominator: str, definition: str) -> Indicator:
    return Indicator(name, title, Shape.RATIO, "%", numerator, denominator, definition, factor=100)


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
        "livelihood_supported",
        "Livelihood supported",
        Shape.COUNT,
        "cases",
        "cases",
        None,
        "Different cases with livelihood support given, or a job started, in the period.",
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
