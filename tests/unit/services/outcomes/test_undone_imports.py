"""A register that was brought in and taken back is in no indicator, also where its cases' follow-up had begun."""

from __future__ import annotations

from uuid import UUID

import pytest

from services.casework.domain.events import parse_event
from services.casework.domain.instants import DAY, parse_day
from services.casework.domain.register.lines import Identity, Line
from services.casework.domain.register.recorded import (
    erasure,
    follow_up_event,
    opening_events,
    place_of,
    retractions,
)
from services.outcomes.domain.history import CaseRecord, Recorded
from services.outcomes.domain.indicators import INDICATORS
from services.outcomes.domain.periods import Period
from services.outcomes.domain.reckoning import reckon

IMPORT = str(UUID(int=77))
START = parse_day("2026-02-01")
PERIOD = Period(START, START + 90 * DAY)
AT = START + 10 * DAY
OPENING = {"source": "other", "pathway": "family", "district": "jashore", "caseworker_id": str(UUID(int=9))}
LINE = Line(2, START - 400 * DAY, OPENING, START - 300 * DAY, Identity())


def case_of(*raws: dict[str, object]) -> CaseRecord:
    events = [parse_event(raw, "shurjo", "somebody") for raw in raws]
    recorded = tuple(Recorded(event, AT + number) for number, event in enumerate(events))
    return CaseRecord(events[0].case_id, recorded)


BROUGHT_IN = (*opening_events(IMPORT, LINE, AT), follow_up_event(place_of(IMPORT, LINE), AT + 1))
TAKEN_BACK = (*retractions(place_of(IMPORT, LINE), AT + 2), erasure(place_of(IMPORT, LINE), AT + 2))


@pytest.mark.parametrize("name", INDICATORS)
def test_a_case_that_was_taken_back_counts_nowhere(name: str) -> None:
    assert reckon(name, [case_of(*BROUGHT_IN, *TAKEN_BACK)], PERIOD, PERIOD.end) == reckon(name, [], PERIOD, PERIOD.end)


def test_before_it_was_taken_back_it_counted() -> None:
    name = "cases_in_follow_up"
    assert reckon(name, [case_of(*BROUGHT_IN)], PERIOD, PERIOD.end) != reckon(name, [], PERIOD, PERIOD.end)
