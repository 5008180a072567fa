"""What a device keeps to be read without a connection: today's list and its cases as pages, and what unlocks them.

The pages are those that are shown, without what can only be done with a connection, and only of her own caseload. Who a
survivor is, is not among them: no page has it before somebody asks.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from typing import Final

from starlette.responses import JSONResponse, Response

from services.access.domain.permissions import Role
from services.web.backends import Json, Refused
from services.web.broken_glass import broken_glass, of_the_last_week
from services.web.casework_answers import Worklist
from services.web.faces import NoSuchPage, Visit, now_text, page, understood
from services.web.pages.case import Beside, Look, case_values
from services.web.pages.staff import ID
from services.web.people import caseworkers
from services.web.reading_halves import ReadingHalves
from services.web.routes import Part

MOST_CASES: Final = 30
"""The first of the list, whom it needs most."""
_AT_ONCE: Final = 6


@page(Role.CASEWORKER)
async def take_along(visit: Visit) -> Response:
    """As JSON: now, by the origin's clock; half (base64) and lease_days of what is kept; pages, by path."""
    device_id = visit.request.query_params.get("device", "")
    if not ID.fullmatch(device_id):
        raise NoSuchPage
    halves: ReadingHalves = visit.request.app.state.reading_halves
    half = base64.b64encode(halves.half_of(visit.person, device_id)).decode()
    lease_days = halves.lease_days_of(visit.person.organisation)
    # As of before anything was asked: what is kept may be younger than it says, never older.
    now = now_text()
    return JSONResponse({"now": now, "half": half, "lease_days": lease_days, "pages": await _pages(visit)})


async def own_list(visit: Visit) -> Worklist:
    """Today's list without cases that she sees for another reason than that they are hers."""
    answer = await visit.get("/v1/worklist", lang=visit.words.language, limit="200")
    with understood(Part.CASEWORK):
        own = [told for told in answer["items"] if told["caseworker_id"] in visit.person.caseworkers]
        return Worklist.of({**answer, "items": own})


async def _pages(visit: Visit) -> dict[str, str]:
    worklist, glass, people = await asyncio.gather(own_list(visit), broken_glass(visit), caseworkers(visit))
    today = visit.main_of(
        "today.html",
        worklist=worklist,
        begun_again=False,
        area=visit.words.area,
        glass=of_the_last_week(glass),
    )
    case_ids = [line.case_id for line in worklist.lines[:MOST_CASES]]
    return {"/today": today} | await _pages_of(visit, case_ids, Beside(people, glass))


async def _pages_of(visit: Visit, case_ids: Sequence[str], beside: Beside) -> dict[str, str]:
    """A few at a time; without those that were given to somebody else, or erased, since the list was made."""
    found: dict[str, str] = {}
    for start in range(0, len(case_ids), _AT_ONCE):
        some = case_ids[start : start + _AT_ONCE]
        answers = await asyncio.gather(*(_asked(visit, case_id) for case_id in some))
        for case_id, answer in zip(some, answers, strict=True):
            if answer is not None:
                values = case_values(visit, *answer, beside, Look())
                found[f"/cases/{case_id}"] = visit.main_of("case.html", **values)
    return found


async def _asked(visit: Visit, case_id: str) -> tuple[Json, Json] | None:
    """What casework says of a case and of its timeline; None when she must not know of it any more."""
    try:
        case, timeline = await asyncio.gather(
            visit.get(f"/v1/cases/{case_id}", lang=visit.words.language),
            visit.get(f"/v1/cases/{case_id}/timeline"),
        )
    except Refused as refusal:
        if refusal.status != 404:
            raise
        return None
    return case, timeline
