"""The evaluator's page: what became of the survivors, with what every number is made of. A link is a citation."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Final

from starlette.datastructures import QueryParams
from starlette.responses import Response

from services.access.domain.permissions import Role
from services.web.backends import Refused
from services.web.faces import Visit, page, understood
from services.web.outcomes_answers import Indicator, Outcomes
from services.web.routes import Part

DIMENSIONS: Final = ("district", "programme", "pathway", "exploitation", "age_band", "cohort")
_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """What the URL asks: days (“” where it leaves them to the service) and a break-down (“” for none)."""

    start: str
    end: str
    by: str

    @staticmethod
    def of(query: QueryParams) -> Asked:
        by = query.get("by", "")
        return Asked(query.get("from", ""), query.get("to", ""), by if by in DIMENSIONS else "")


@page(Role.EVALUATOR)
async def outcomes(visit: Visit) -> Response:
    asked = Asked.of(visit.request.query_params)
    try:
        answer = await visit.get("/v1/outcomes/summary", **{"from": asked.start, "to": asked.end})
    except Refused as refusal:
        if refusal.status != 422:
            raise
        said = "; ".join(dict.fromkeys([refusal.detail, *(error.message for error in refusal.errors)]))
        return visit.show("outcomes.html", 422, asked=asked, dimensions=DIMENSIONS, outcomes=None, said=said)
    with understood(Part.OUTCOMES):
        found = Outcomes.of(answer)
    if asked.by:
        found = replace(found, indicators=await _broken_down(visit, found, asked.by))
    return visit.show("outcomes.html", asked=asked, dimensions=DIMENSIONS, outcomes=found, said="")


async def _broken_down(visit: Visit, found: Outcomes, by: str) -> tuple[Indicator, ...]:
    """Every indicator of the same period, as known at the same instant; a few are asked for at once."""
    turns = asyncio.Semaphore(_AT_ONCE)

    async def ask(name: str) -> Indicator:
        async with turns:
            answer = await visit.get(
                f"/v1/outcomes/{name}", by=by, **{"from": found.start, "to": found.end, "as_of": found.as_of}
            )
        with understood(Part.OUTCOMES):
            return Indicator.broken_down(answer, by)

    return tuple(await asyncio.gather(*(ask(indicator.name) for indicator in found.indicators)))
