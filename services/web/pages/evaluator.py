"""The evaluator's page: what became of the survivors, with what every number is made of. A link is a citation."""

from __future__ import annotations

from starlette.responses import Response

from services.access.domain.permissions import Role
from services.web.backends import Refused
from services.web.catalogue import Words
from services.web.drawings import of_curve
from services.web.faces import Visit, page, understood
from services.web.outcomes_answers import Outcomes
from services.web.questions import DIMENSIONS, Asked
from services.web.routes import Part
from services.web.targets_answers import Targets


@page(Role.EVALUATOR)
async def outcomes(visit: Visit) -> Response:
    asked = Asked.of(visit.request.query_params)
    by = asked.by[:1]
    try:
        answer = await visit.get("/v1/outcomes/summary", by=by, **{"from": asked.start, "to": asked.end})
    except Refused as refusal:
        if refusal.status != 422:
            raise
        said = said_of(refusal, visit.words)
        return visit.show("outcomes.html", 422, asked=asked, dimensions=DIMENSIONS, outcomes=None, said=said)
    told = await visit.get("/v1/targets")
    with understood(Part.OUTCOMES):
        found, targets = Outcomes.of(answer, by), Targets.of(told)
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


def said_of(refusal: Refused, words: Words) -> str:
    """Why a question cannot be answered, as the service says it, each once."""
    said = dict.fromkeys([refusal.detail, *(error.message for error in refusal.errors)])
    return "; ".join(map(words.told, said))
