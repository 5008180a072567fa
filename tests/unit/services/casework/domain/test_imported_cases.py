"""Cases that a register brought in wait until somebody starts their follow-up, as their files have it."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.casework.application.case_history import RecordedEvent
from services.casework.application.case_reading import CaseAsItStands, case_file_of
from services.casework.application.overseen import Oversight, overseen
from services.casework.domain.case_directory import CaseDirectory
from services.casework.domain.event_types import Value
from services.casework.domain.events import Event
from services.casework.domain.instants import DAY, parse_instant
from services.casework.domain.policy_timeline import PolicyBook

MAR_1 = parse_instant("2026-03-01T00:00:00Z")
CASE = "00000000-0000-4000-8000-000000000100"
ANNA = "00000000-0000-4000-8000-00000000000a"


def event(number: int, type_name: str, day: int, **data: Value) -> Event:
    return Event(str(UUID(int=number, version=4)), CASE, type_name, MAR_1 + day * DAY, data, "shurjo", ANNA)


def paused(number: int, day: int, days: int, reason: str = "import") -> Event:
    return event(number, "contact_paused", day, until=MAR_1 + (day + days) * DAY, reason=reason)


def retracted(number: int, of: Event) -> Event:
    return event(number, "retraction", 40, retracts=of.event_id, reason="other")


BROUGHT_IN = paused(1, 10, 90)
OPENED = event(2, "case_opened", 0, source="other", pathway="undecided", district="jashore", caseworker_id=ANNA)
RESUMED = event(3, "contact_resumed", 12)
CLOSED = event(4, "case_closed", 20, reason="self_reliant")
SINCE = [
    OPENED,
    RESUMED,
    CLOSED,
    event(5, "case_reopened", 25),
    event(6, "call", 30, direction="incoming", outcome="reached"),
    event(7, "call", 31, direction="outgoing", outcome="no_answer"),
    paused(8, 22, 5, "her_wish"),
    paused(9, 35, 60),
    event(10, "survivor_erased", 38),
    retracted(11, BROUGHT_IN),
    retracted(12, RESUMED),
    retracted(13, CLOSED),
]


def waits(events: list[Event], now: int) -> bool:
    directory = CaseDirectory()
    for offset, each in enumerate(events):
        directory.fold(each, each.occurred_at, offset)
    return directory.waits_for_follow_up(CASE, now)


def test_it_waits_from_its_import_until_its_follow_up_is_started_or_its_pause_is_over() -> None:
    assert waits([BROUGHT_IN, OPENED], MAR_1 + 99 * DAY)
    assert not waits([BROUGHT_IN, OPENED], MAR_1 + 100 * DAY)
    assert not waits([BROUGHT_IN, OPENED, RESUMED], MAR_1 + 13 * DAY)
    assert waits([BROUGHT_IN, OPENED, RESUMED, retracted(12, RESUMED)], MAR_1 + 41 * DAY)


def test_a_case_that_was_opened_here_waits_for_nobody() -> None:
    assert not waits([OPENED], MAR_1 + 11 * DAY)
    assert not waits([OPENED, paused(8, 10, 30, "her_wish")], MAR_1 + 11 * DAY)


@given(st.permutations(SINCE), st.integers(0, len(SINCE)), st.integers(51, 130))
def test_who_waits_is_who_is_listed_as_paused_by_an_import(since: list[Event], count: int, day: int) -> None:
    events, now = [BROUGHT_IN, *since[:count]], MAR_1 + day * DAY
    recorded = [RecordedEvent(one, MAR_1 + 50 * DAY + number, 0, number) for number, one in enumerate(events)]
    directory = CaseDirectory()
    for one in recorded:
        directory.fold(one.event, one.recorded_at, one.offset)
        directory.fold(one.event, one.recorded_at, one.offset)
    charge = directory.charge_of(CASE)
    assert charge is not None
    file = case_file_of(CASE, recorded, PolicyBook(), now)
    line = overseen(CaseAsItStands(charge, file, recorded[-1].recorded_at, recorded), Oversight.PAUSED, now)
    is_listed = line is not None and line.pause is not None and line.pause.reason == "import"
    assert directory.waits_for_follow_up(CASE, now) == is_listed
