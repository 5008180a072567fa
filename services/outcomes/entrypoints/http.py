"""REST: the list of indicators, one of them, and all of them at a glance.

    GET /v1/outcomes
    GET /v1/outcomes/summary?from=&to=&district=…
    GET /v1/outcomes/{indicator}?from=&to=&by=&by=&district=&programme=…&cohorts=&as_of=

The organisation is the token's, never the query's. CSV with `Accept: text/csv`, or `.csv` behind the name.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from services.access.domain.permissions import Action, Principal
from services.outcomes.application.asking import NotAPeriod, NothingKnownYet, Outcomes
from services.outcomes.domain.breakdowns import Dimension
from services.outcomes.domain.indicators import INDICATORS
from services.outcomes.entrypoints.answers import (
    answer_to_json,
    answers_to_csv,
    freshness_to_json,
    indicator_to_json,
    summary_to_json,
)
from services.outcomes.entrypoints.questions import question_of
from services.outcomes.ports import StoreUnavailable
from services.runtime.http import Problem, not_found, permitted, unavailable

_CSV: Final = ".csv"
_log = logging.getLogger(__name__)

Evaluator = Annotated[Principal, Depends(permitted(Action.READ_OUTCOMES))]
Found = TypeVar("Found")


def create_router(outcomes: Outcomes, now: Callable[[], int]) -> APIRouter:
    """`now`: milliseconds since 1970, for saying how old the data is."""
    router = APIRouter(tags=["outcomes"])

    @router.get("/v1/outcomes")
    async def list_indicators(principal: Evaluator) -> dict[str, Any]:
        """The indicators there are, with their definitions."""
        state = await _ask(outcomes.state, principal.organisation)
        items = [indicator_to_json(indicator) for indicator in INDICATORS.values()]
        return {"items": items, "freshness": freshness_to_json(state, now())}

    @router.get("/v1/outcomes/{name}", openapi_extra={"parameters": _PARAMETERS})
    async def read_outcome(name: str, request: Request, principal: Evaluator) -> Response:
        """One indicator in total and by up to two break-downs; `summary`: all of them in total."""
        as_csv = name.endswith(_CSV) or "text/csv" in request.headers.get("accept", "")
        name = name.removesuffix(_CSV)
        if name != "summary" and name not in INDICATORS:
            raise not_found(f"there is no indicator {name[:60]!r}")
        asked = await _ask(outcomes.settle, question_of(request.query_params), principal.organisation)
        if name == "summary" and asked.breakdown.by:
            raise Problem(422, "Not valid", "the summary has totals only", [("by", "not here")], kind="invalid")
        names = list(INDICATORS) if name == "summary" else [name]
        answers = [await _ask(outcomes.answer, each, asked, principal.organisation) for each in names]
        if as_csv:
            return Response(answers_to_csv(answers, asked), media_type="text/csv; charset=utf-8")
        if name == "summary":
            return JSONResponse(summary_to_json(answers, asked, now()))
        return JSONResponse(answer_to_json(answers[0], asked, now()))

    return router


async def _ask(question: Callable[..., Found], *arguments: object) -> Found:
    """Asks in a thread. What the store could not say becomes a failure, never a number."""
    try:
        return await asyncio.to_thread(question, *arguments)
    except StoreUnavailable as error:
        _log.warning("outcomes could not be counted", extra={"reason": str(error)})
        raise unavailable(f"the numbers cannot be counted just now: {error}") from error
    except NothingKnownYet as error:
        raise Problem(422, "Not known yet", str(error), [("from", str(error))], kind="not_known_yet") from error
    except NotAPeriod as error:
        raise Problem(422, "Not valid", str(error), [("to", str(error))], kind="invalid") from error


def _parameter(name: str, description: str, *, repeated: bool = False) -> dict[str, object]:
    text = {"type": "string"}
    schema = {"type": "array", "items": text} if repeated else text
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


_PARAMETERS: Final = [
    _parameter("from", "Start of the period: a day or an instant; 90 days before `to` if left out."),
    _parameter("to", "End of the period, not included; up to where the data goes if left out."),
    _parameter("as_of", "Leave out what was recorded later than this."),
    _parameter("by", "A break-down; at most two, filters included.", repeated=True),
    _parameter("cohorts", "quarter (default) or month."),
    *(
        _parameter(name, f"Only cases of this {name.replace('_', ' ')}; empty: where it is not known.")
        for name in Dimension
    ),
]
