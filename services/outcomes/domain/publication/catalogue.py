"""What is released: counts of survivors, of whom each adds at most 1 to any number.

An evaluator's indicator may count obligations, calls or alerts; one survivor then adds as many as she had, and no
rounding that leaves the others' numbers readable could hide her. A release counts the survivors who had any.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from services.outcomes.domain.breakdowns import Dimension
from services.outcomes.domain.protection.places import Part
from services.outcomes.domain.tallies import Tally

DIMENSIONS: Final = (
    Dimension.DISTRICT,
    Dimension.PROGRAMME,
    Dimension.PATHWAY,
    Dimension.EXPLOITATION,
    Dimension.AGE_BAND,
)
"""One at a time. Cohorts are not among them: they are small, and known to everybody who was there."""

OVERLAPPING: Final = frozenset({Dimension.PROGRAMME.value})


@dataclass(frozen=True, slots=True)
class Released:
    """source: the indicator whose cases are counted. out_of: None where the survivors are only counted."""

    name: str
    source: str
    title: str
    counted: str
    out_of: str | None
    definition: str

    @property
    def parts(self) -> tuple[Part, ...]:
        return (Part.COUNTED,) if self.out_of is None else (Part.COUNTED, Part.OUT_OF)

    def counts_of(self, tally: Tally) -> dict[Part, int]:
        numbers = {Part.COUNTED: tally.numerator_cases, Part.OUT_OF: tally.denominator_cases}
        return {part: numbers[part] for part in self.parts}


_ALL: Final = (
    Released(
        "in_follow_up",
        "cases_in_follow_up",
        "Survivors in follow-up",
        "survivors in follow-up",
        None,
        "Survivors whose case was opened before the end of the quarter and not ended or closed at it.",
    ),
    Released(
        "silent",
        "silent",
        "Survivors not heard of",
        "survivors not heard of for 90 days",
        None,
        "Survivors in follow-up at the end of the quarter of whom nothing is known in the 90 days before it.",
    ),
    Released(
        "contacted_on_time",
        "contacted_on_time",
        "Survivors contacted on time",
        "survivors contacted on time at least once",
        "survivors whom a contact was owed",
        "Of the survivors whom a contact was owed with a due time in the quarter, those for whom at least one was made "
        "by then.",
    ),
    Released(
        "first_contact_in_time",
        "first_contact_in_time",
        "Survivors first contacted in time",
        "survivors contacted within 7 days after settling",
        "survivors settled in the quarter",
        "Of the survivors last settled in the quarter, those contacted within 7 days after it. Where the 7 days have "
        "not passed at its end she counts only if she was contacted.",
    ),
    Released(
        "helped_in_24_hours",
        "help_answered_in_24_hours",
        "Survivors helped within 24 hours",
        "survivors who were answered within 24 hours at least once",
        "survivors who called for help",
        "Of the survivors who called for help in the quarter, those who were contacted within 24 hours of at least one "
        "of the calls.",
    ),
    Released(
        "neglected",
        "neglect_episodes",
        "Survivors neglected",
        "survivors with an alert",
        None,
        "Survivors of whom an alert was first raised in the quarter, because something owed to them was not done.",
    ),
    Released(
        "contacted_after_an_alert",
        "effect_of_an_alert",
        "Survivors contacted after an alert",
        "survivors contacted within 15 days after an alert",
        "survivors with an alert",
        "Of the survivors of whom an alert was first raised in the quarter, those contacted within 15 days after at "
        "least one. An alert less than 15 days old at its end counts only if she was contacted.",
    ),
    Released(
        "in_work",
        "in_work",
        "Survivors in work",
        "survivors in work at the end of the quarter",
        "settled survivors",
        "Of the settled survivors in follow-up at the end of the quarter, or closed as self-reliant by then, those "
        "whose latest job had started and not ended.",
    ),
    Released(
        "trained",
        "trainings_completed",
        "Survivors who completed a training",
        "survivors who completed a training in the quarter",
        "survivors in a training in the quarter",
        "Of the survivors who enrolled in, attended or completed a training in the quarter, those who completed one.",
    ),
    Released(
        "livelihood_supported",
        "livelihood_supported",
        "Survivors supported in their livelihood",
        "survivors supported",
        None,
        "Survivors to whom livelihood support was given, or who started in a job, in the quarter.",
    ),
)

RELEASED: Final[Mapping[str, Released]] = {released.name: released for released in _ALL}
"""By name, in the order they are shown."""


def released_as(source: str) -> str | None:
    """The name under which the cases of an indicator are released; None where they are not."""
    return next((released.name for released in RELEASED.values() if released.source == source), None)


CONTAINED: Final = (
    (("silent", Part.COUNTED), ("in_follow_up", Part.COUNTED)),
    (("contacted_after_an_alert", Part.OUT_OF), ("neglected", Part.COUNTED)),
)
"""Who is counted by the first is counted by the second, and an outsider knows it by their definitions."""


def definitions_version() -> str:
    """Of all that is released: 16 hexadecimal digits, others when a word of a definition is another."""
    said = json.dumps([[asdict(released) for released in _ALL], DIMENSIONS], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]
