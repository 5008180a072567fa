"""The evaluator's page: what became of the survivors, with what every number is made of. A link is a citation."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from starlette.responses import Response

from services.access.domain.permissions import Role
from services.web.backends import Json, Refused
from services.web.curve_answers import Curve
from services.web.drawings import of_curve
from services.web.faces import Visit, page, understood
from services.web.outcomes_answers import Indicator, Outcomes
from services.web.questions import DIMENSIONS, Asked
from services.web.routes import Part
from services.web.targets_answers import Targets

_AT_ONCE: Final = 4


@page(Role.EVALUATOR)
async def outcomes(visit: Visit) -> Response:
    asked = Asked.of(visit.request.query_params)
    try:
        answer = await visit.get("/v1/outcomes/summary", **{"from": asked.start, "to": asked.end})
    except Refused as refusal:
        if refusal.status != 422:
            raise
        said = said_of(refusal)
        return visit.show("outcomes.html", 422, asked=asked, dimensions=DIMENSIONS, outcomes=None, said=said)
    told = await visit.get("/v1/targets")
    with understood(Part.OUTCOMES):
        found, targets = Outcomes.of(answer), Targets.of(told)
    if asked.by:
        found = await _broken_down(visit, found, asked.by[:1])
    drawings = {curve.name: of_curve(curve.total) for curve in found.curves}
    return visit.show(
        "outcomes.html",
        asked=asked,
        dimensions=DIMENSIONS,
        outcomes=found,
        drawings=drawings,
        targets=targets,
        said="",
    )


def said_of(refusal: Refused) -> str:
    """Why a question cannot be answered, in the service's words, each once."""
    return "; ".join(dict.fromkeys([refusal.detail, *(error.message for error in refusal.errors)]))


async def _broken_down(visit: Visit, found: Outcomes, by: Sequence[str]) -> Outcomes:
    """Everything of the same period, as known at the same instant; a few are asked for at once."""
    turns = asyncio.Semaphore(_AT_ONCE)

    async def ask(name: str) -> Json:
        async with turns:
            return await visit.get(
                f"/v1/outcomes/{name}", by=by, **{"from": found.start, "to": found.end, "as_of": found.as_of}
            )

    names = [indicator.name for indicator in found.indicators] + [curve.name for curve in found.curves]
    answers = await asyncio.gather(*(ask(name) for name in names))
    with understood(Part.OUTCOMES):
        told = iter(answers)
        indicators = tuple(Indicator.broken_down(next(told), by) for _ in found.indicators)
        return replace(found, indicators=indicators, curves=tuple(Curve.of(answer, by) for answer in told))
