"""Who lives which course: the forty of the programme by name of course, all others by weight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from infra.demo import courses, stories
from infra.demo.organisations import Organisation
from infra.demo.scribe import Scribe
from infra.demo.survivor_life import Home, Life

Course = Callable[[Life], None]
Story = Callable[[Scribe, int, Home], None]


@dataclass(frozen=True, slots=True)
class Part:
    """A course, how many days ago it began, and whose case it is (the place of the caseworker in the organisation)."""

    course: Course
    age: int
    caseworker: int


@dataclass(frozen=True, slots=True)
class StoryPart:
    story: Story
    age: int
    caseworker: int


STORIES: Final = (
    StoryPart(stories.family_involved, stories.FAMILY_INVOLVED_DAYS, 1),
    StoryPart(stories.independent, stories.INDEPENDENT_DAYS, 2),
    StoryPart(stories.call_after_closing, stories.CALL_AFTER_CLOSING_DAYS, 0),
    StoryPart(stories.hearing_coming_up, stories.HEARING_DAYS, 0),
)

_AWAY: Final = 4


def _handed_to(caseworker: int) -> Callable[[Organisation], Course]:
    def course_in(organisation: Organisation) -> Course:
        return lambda life: courses.handed_over(life, organisation.caseworker_ids[caseworker])

    return course_in


def forty(organisation: Organisation) -> tuple[Part, ...]:
    """With the four stories, the programme of forty. The first caseworker has far too much, the last is away."""
    return (
        Part(courses.kept_with_family, 96, 0),
        Part(courses.kept_with_family, 171, 1),
        Part(courses.kept_with_family, 262, 2),
        Part(courses.kept_with_family, 395, 3),
        Part(courses.kept_with_family, 520, 1),
        Part(courses.kept_on_her_own, 110, 1),
        Part(courses.kept_on_her_own, 204, 2),
        Part(courses.kept_on_her_own, 330, 3),
        Part(courses.kept_on_her_own, 470, 0),
        Part(courses.closed_self_reliant, 400, 3),
        Part(courses.not_home_yet, 9, 2),
        Part(courses.not_home_yet, 21, 3),
        Part(_handed_to(1)(organisation), 215, _AWAY),
        Part(_handed_to(3)(organisation), 300, _AWAY),
        Part(courses.owner_away, 260, _AWAY),
        Part(courses.not_contacted_lately, 160, 0),
        Part(courses.not_contacted_for_long, 172, 0),
        Part(courses.not_contacted_for_very_long, 185, 0),
        Part(courses.not_contacted_before_settling, 28, 0),
        Part(courses.missed_call, 140, 0),
        Part(courses.incident_answered_late, 240, 1),
        Part(courses.concern_unanswered, 190, 2),
        Part(courses.unreachable, 220, 0),
        Part(courses.unreachable_then_found, 210, 2),
        Part(courses.not_assessed, 35, 0),
        Part(courses.family_not_prepared, 52, 0),
        Part(courses.not_visited, 115, 1),
        Part(courses.job_not_asked_about, 170, 0),
        Part(courses.job_without_training, 165, 2),
        Part(courses.training_dropped, 180, 0),
        Part(courses.no_start_of_her_own, 62, 1),
        Part(courses.referral_unanswered, 230, 0),
        Part(courses.not_asked_how_she_is, 70, 2),
        Part(courses.paused_after_silence, 200, 1),
        Part(courses.phone_offline, 250, 0),
        Part(courses.typed_into_the_wrong_case, 150, 0),
    )


@dataclass(frozen=True, slots=True)
class _Likely:
    course: Course
    weight: float
    youngest: int
    oldest: int


_LIKELY: Final = (
    _Likely(courses.kept_with_family, 30, 30, 540),
    _Likely(courses.kept_on_her_own, 22, 34, 540),
    _Likely(courses.closed_self_reliant, 8, 200, 540),
    _Likely(courses.not_home_yet, 6, 4, 28),
    _Likely(courses.forgotten_for_a_while, 16, 120, 540),
    _Likely(courses.counselling_forgotten, 3, 90, 400),
    _Likely(courses.unreachable_then_found, 3, 150, 400),
    _Likely(courses.incident_answered_late, 2, 130, 400),
    _Likely(courses.phone_offline, 3, 180, 400),
    _Likely(courses.paused_after_silence, 2, 175, 360),
    _Likely(courses.not_contacted_lately, 1.5, 155, 190),
    _Likely(courses.not_contacted_for_long, 0.7, 155, 190),
    _Likely(courses.not_contacted_for_very_long, 0.7, 155, 190),
    _Likely(courses.not_contacted_before_settling, 0.6, 28, 40),
    _Likely(courses.missed_call, 0.3, 130, 300),
    _Likely(courses.concern_unanswered, 0.3, 130, 300),
    _Likely(courses.unreachable, 0.8, 150, 300),
    _Likely(courses.owner_away, 0.4, 150, 300),
    _Likely(courses.not_assessed, 0.5, 35, 36),
    _Likely(courses.family_not_prepared, 0.5, 50, 58),
    _Likely(courses.not_visited, 0.7, 115, 120),
    _Likely(courses.job_not_asked_about, 0.6, 140, 190),
    _Likely(courses.job_without_training, 0.6, 150, 300),
    _Likely(courses.job_lost, 0.6, 150, 300),
    _Likely(courses.training_dropped, 0.5, 150, 300),
    _Likely(courses.no_start_of_her_own, 0.5, 58, 72),
    _Likely(courses.referral_unanswered, 0.7, 150, 300),
    _Likely(courses.not_asked_how_she_is, 0.5, 70, 76),
    _Likely(courses.typed_into_the_wrong_case, 0.3, 140, 190),
)
_WEIGHTS: Final = tuple(likely.weight for likely in _LIKELY)


def drawn(rng: Random, organisation: Organisation, returns_in_season: Callable[[int], float]) -> tuple[Part, ...]:
    """A part for every survivor. returns_in_season: how likely a return so many days ago is, from 0 to 1."""
    chosen = rng.choices(_LIKELY, _WEIGHTS, k=organisation.survivors)
    whose = rng.choices(range(len(organisation.loads)), organisation.loads, k=organisation.survivors)
    return tuple(
        Part(likely.course, _age(rng, likely, returns_in_season), caseworker)
        for likely, caseworker in zip(chosen, whose, strict=True)
    )


def _age(rng: Random, likely: _Likely, returns_in_season: Callable[[int], float]) -> int:
    age = rng.randint(likely.youngest, likely.oldest)
    for _ in range(8):
        if rng.random() < returns_in_season(age):
            return age
        age = rng.randint(likely.youngest, likely.oldest)
    return age
