"""By caseworker: who has how much, and of how much something is overdue, so that overload can be told from neglect."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from starlette.responses import Response

from services.access.domain.permissions import Role
from services.web.alerting_answers import Inbox, Overdue
from services.web.backends import PartAway
from services.web.faces import Visit, page, understood
from services.web.oversight_answers import Load, Loads
from services.web.people import Absence, Caseworkers, absent_now, caseworkers
from services.web.routes import Part

_log: Final = logging.getLogger("services.web")
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Row:
    """A caseworker, or nobody ("" as id). load, overdue: None while their part does not say; never a 0 instead.

    name: None for somebody whose name is not known here. absence: the present one.
    """

    caseworker_id: str
    name: str | None
    load: Load | None
    overdue: Overdue | None
    absence: Absence | None


@page(Role.SUPERVISOR)
async def by_caseworker(visit: Visit) -> Response:
    """Each part's numbers stand or fail by themselves. Raises PartAway when neither is there."""
    loads, inbox, people = await asyncio.gather(_or_away(_loads(visit)), _or_away(_inbox(visit)), caseworkers(visit))
    absent = await absent_now(visit, people.names)
    known = loads or inbox
    if known is None:
        raise PartAway(Part.ALERTING, "nor does casework answer")
    return visit.show(
        "workload.html",
        rows=rows_of(people, loads, inbox, absent or {}),
        loads=loads,
        overdue_known=inbox is not None,
        absences_known=absent is not None,
        people=people,
        freshness=(inbox or known).freshness,
    )


def rows_of(people: Caseworkers, loads: Loads | None, inbox: Inbox | None, absent: Mapping[str, Absence]) -> list[Row]:
    """Everybody whom any part knows, those with most that is overdue first; nobody's cases before all others."""
    counted = None if loads is None or loads.incomplete else loads
    overdue = {} if inbox is None else {one.caseworker_id: one for one in inbox.overdue}
    ids = (
        {found.account_id for found in people.known} | overdue.keys() | (loads.by_caseworker.keys() if loads else set())
    )
    rows = [
        Row(
            one,
            people.names.get(one),
            counted.load_of(one) if counted else None,
            None if inbox is None else overdue.get(one, Overdue(one, 0, 0)),
            absent.get(one),
        )
        for one in ids
    ]
    return sorted(rows, key=_most_overdue)


def _most_overdue(row: Row) -> tuple[bool, int, int, str]:
    overdue = row.overdue.cases if row.overdue else 0
    return (row.caseworker_id != "", -overdue, -(row.load.open if row.load else 0), row.name or row.caseworker_id)


async def _loads(visit: Visit) -> Loads:
    answer = await visit.get("/v1/worklist/loads")
    with understood(Part.CASEWORK):
        return Loads.of(answer)


async def _inbox(visit: Visit) -> Inbox:
    """Its counts are of all pages, so that the shortest page says everything."""
    answer = await visit.get("/v1/alerts", limit="1")
    with understood(Part.ALERTING):
        return Inbox.of(answer)


async def _or_away(asked: Awaitable[_Answer]) -> _Answer | None:
    """None when the part does not say; the page says so."""
    try:
        return await asked
    except PartAway as failure:
        _log.warning("a column cannot be shown: %s", failure)
        return None
