"""The cases of a closed account are nobody's: said once in the log, whoever says it."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid5

import pytest

from services.access.domain.absences import Absence, StandIn, uncovered_caseworkers
from services.access.domain.permissions import Role
from services.casework.adapters.memory_log import MemoryLog
from services.casework.application.errors import LogAway
from services.casework.application.log_view import LogView
from services.casework.application.unassigning import unassign_cases, unassign_cases_of_absent
from services.casework.domain.events import Event
from services.casework.domain.instants import DAY, HOUR
from tests.case_builder import MAR_1
from tests.unit.services.casework.application.casework_in_memory import StandingClock

RINA, SHANU = "rina", "shanu"
NOW = MAR_1 + HOUR


class Log:
    """A log in memory, what is known of it, and what was opened in it."""

    def __init__(self) -> None:
        self.log, self.view = MemoryLog(StandingClock()), LogView()

    async def given(self, number: int, who: str, at: int = MAR_1) -> str:
        """The number-th case is given to a caseworker; opened if it is not there yet."""
        case_id = f"00000000-0000-4000-8000-{number:012d}"
        kind = "case_assigned" if case_id in self.view.directory else "case_opened"
        event = Event(str(uuid5(UUID(case_id), str(at))), case_id, kind, at, {"caseworker_id": who}, "org-a", RINA)
        self.view.take_in(event, await self.log.append(event))
        return case_id

    async def unassign(self, *closed: str) -> int:
        return await unassign_cases(self.log, self.view, closed, NOW)

    async def take_from_absent(self, *absences: StandIn, now: int = NOW) -> int:
        return await unassign_cases_of_absent(self.log, self.view, absences, now)

    @property
    def said(self) -> list[Event]:
        events = [record.record for record in self.log.records]
        return [event for event in events if isinstance(event, Event) and event.type == "case_unassigned"]


async def test_every_case_of_a_closed_account_is_nobodys_and_no_other() -> None:
    log = Log()
    hers = [await log.given(number, RINA) for number in range(250)]
    other = await log.given(999, SHANU)
    assert await log.unassign(RINA) == 250
    assert [event.case_id for event in log.said] == hers
    assert {(e.data["reason"], e.organisation, e.occurred_at) for e in log.said} == {("left", "org-a", NOW)}
    assert log.view.directory.cases_of_caseworker(RINA) == frozenset()
    assert log.view.directory.cases_of_caseworker(SHANU) == {other}


async def test_it_is_said_once_and_the_same_by_whoever_says_it() -> None:
    log, beside = Log(), Log()
    for one in (log, beside):
        await one.given(1, RINA)
        await one.unassign(RINA)
    assert await log.unassign(RINA) == 0
    assert log.said == beside.said


async def test_a_case_given_to_a_closed_account_again_is_taken_from_it_again() -> None:
    log = Log()
    await log.given(1, RINA)
    await log.unassign(RINA)
    await log.given(1, RINA, at=NOW + HOUR)
    assert await log.unassign(RINA) == 1
    assert log.view.directory.cases_of_caseworker(RINA) == frozenset()
    assert len({event.event_id for event in log.said}) == 2


async def test_while_the_log_is_away_it_is_left_for_the_next_time() -> None:
    log = Log()
    for number in range(5):
        await log.given(number, RINA)
    log.log.away_after = 2
    with pytest.raises(LogAway):
        await log.unassign(RINA)
    log.log.away = False
    assert await log.unassign(RINA) == 3
    assert len(log.said) == 5


def away(since: int = NOW, organisation: str = "org-a", absence_id: str = "in-march") -> StandIn:
    absence = Absence(absence_id, RINA, "", since, since + 10 * DAY)
    return StandIn(absence, organisation, frozenset({Role.CASEWORKER}), (), is_covered=False)


async def test_the_cases_of_who_is_away_uncovered_are_nobodys_once_in_an_absence() -> None:
    log = Log()
    hers = [await log.given(number, RINA) for number in range(3)]
    await log.given(9, SHANU)
    assert await log.take_from_absent(away()) == 3
    assert [(event.case_id, event.data["reason"]) for event in log.said] == [(case_id, "absent") for case_id in hers]
    assert await log.take_from_absent(away(), now=NOW + HOUR) == 0


async def test_a_case_that_a_supervisor_gives_back_to_who_is_away_stays_hers() -> None:
    log = Log()
    case_id = await log.given(1, RINA)
    await log.take_from_absent(away())
    await log.given(1, RINA, at=NOW + HOUR)
    assert await log.take_from_absent(away(), now=NOW + 2 * HOUR) == 0
    assert log.view.directory.cases_of_caseworker(RINA) == {case_id}


async def test_a_case_that_becomes_hers_while_she_is_away_is_taken_too_and_in_the_next_absence_again() -> None:
    log = Log()
    await log.given(1, RINA, at=NOW + HOUR)
    assert await log.take_from_absent(away(), now=NOW + 2 * HOUR) == 1
    await log.given(1, RINA, at=NOW + 3 * HOUR)
    later = away(NOW + 20 * DAY, absence_id="in-april")
    assert await log.take_from_absent(later, now=NOW + 20 * DAY) == 1
    assert len({event.event_id for event in log.said}) == 2


async def test_another_organisations_absence_takes_no_case() -> None:
    log = Log()
    await log.given(1, RINA)
    assert await log.take_from_absent(away(organisation="org-b")) == 0


@pytest.mark.parametrize("now", [NOW - 1, NOW, NOW + 10 * DAY - 1, NOW + 10 * DAY])
def test_nobodys_are_cases_of_caseworkers_while_they_are_away_uncovered(now: int) -> None:
    several = [away(), replace(away(), is_covered=True), replace(away(), roles=frozenset({Role.SUPERVISOR}))]
    assert uncovered_caseworkers(several, now) == ([away()] if NOW <= now < NOW + 10 * DAY else [])
