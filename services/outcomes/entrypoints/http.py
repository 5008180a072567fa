"""REST: the list of indicators and curves, one of them, and all indicators at a glance.

    GET /v1/outcomes
    GET /v1/outcomes/summary?from=&to=&by=&district=…
    GET /v1/outcomes/{indicator}?from=&to=&by=&by=&district=&programme=…&cohorts=&as_of=

The organisation is the token's, never the query's. CSV with `Accept: text/csv` or `.csv` behind the name, XLSX alike.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from services.access.domain.permissions import Action, Principal
from services.outcomes.application.asking import Asked, NotAPeriod, NothingKnownYet, Outcomes, TooLong
from services.outcomes.domain.breakdowns import Dimension
from services.outcomes.domain.curves import CURVES
from services.outcomes.domain.indicators import INDICATORS
from services.outcomes.entrypoints.answers import freshness_to_json, indicator_to_json, series_to_json
from services.outcomes.entrypoints.curve_answers import curve_to_json
from services.outcomes.entrypoints.questions import every_of, question_of
from services.outcomes.entrypoints.told import (
    Told,
    told_of_all,
    told_of_curve,
    told_of_htcds,
    told_of_indicator,
    told_of_wellbeing,
)
from services.outcomes.entrypoints.workbook import workbook_of
from services.outcomes.ports import StoreUnavailable
from services.runtime.http import Problem, not_found, permitted, unavailable
from services.runtime.workbooks import MEDIA_TYPE

_JSON: Final = ""
_NAMES: Final = frozenset(("summary", "wellbeing", "htcds", *INDICATORS, *CURVES))
_log = logging.getLogger(__name__)

Evaluator = Annotated[Principal, Depends(permitted(Action.READ_OUTCOMES))]
Found = TypeVar("Found")


def create_router(outcomes: Outcomes, now: Callable[[], int]) -> APIRouter:
    """`now`: milliseconds since 1970, for saying how old the data is."""
    router = APIRouter(tags=["outcomes"])

    @router.get("/v1/outcomes")
    async def list_indicators(principal: Evaluator) -> dict[str, Any]:
        """The indicators and curves there are, with their definitions."""
        state = await _ask(outcomes.state, principal.organisation)
        items = [indicator_to_json(indicator) for indicator in INDICATORS.values()]
        curves = [curve_to_json(curve) for curve in CURVES.values()]
        return {"items": items, "curves": curves, "freshness": freshness_to_json(state, now())}

    @router.get("/v1/outcomes/{name}", openapi_extra={"parameters": _PARAMETERS}, responses=_AS_FILES)
    async def read_outcome(name: str, request: Request, principal: Evaluator) -> Response:
        """An indicator, a curve or `wellbeing` in total and by up to two break-downs; `summary`: all of them;
        `htcds`: counts in the fields of the Human Trafficking Case Data Standard."""
        name, kind = _form_of(name, request.headers.get("accept", ""))
        if name not in _NAMES:
            raise not_found(f"there is no indicator {name[:60]!r}")
        question, every = question_of(request.query_params), every_of(request.query_params)
        if every and (kind != _JSON or name not in INDICATORS):
            raise _not_here("every", "an indicator alone is shown over time")
        if name == "htcds" and (question.breakdown.by or question.breakdown.where):
            raise _not_here("by", "a field of the standard is a break-down itself: counted of all cases alone")
        asked = await _ask(outcomes.settle, question, principal.organisation)
        told = await answer_of(name, asked, principal.organisation)
        if every:
            told.json["series"] = series_to_json(
                await _ask(outcomes.series, name, asked, principal.organisation, every)
            )
        match kind:
            case ".csv":
                return Response(told.tables[0].to_csv(), media_type="text/csv; charset=utf-8")
            case ".xlsx":
                book = await asyncio.to_thread(workbook_of, told.tables, told.definitions, asked)
                return Response(book, media_type=MEDIA_TYPE)
        return JSONResponse(told.json)

    async def answer_of(name: str, asked: Asked, organisation: str) -> Told:
        if name == "summary":
            answers, curves, wellbeing = await asyncio.gather(
                _ask(outcomes.answers, list(INDICATORS), asked, organisation),
                _ask(outcomes.curves, list(CURVES), asked, organisation),
                _ask(outcomes.wellbeing, asked, organisation),
            )
            return told_of_all(answers, curves, wellbeing, asked, now())
        if name == "wellbeing":
            return told_of_wellbeing(await _ask(outcomes.wellbeing, asked, organisation), asked, now())
        if name == "htcds":
            return told_of_htcds(await _ask(outcomes.htcds, asked, organisation), asked, now())
        if name in CURVES:
            (curve,) = await _ask(outcomes.curves, [name], asked, organisation)
            return told_of_curve(curve, asked, now())
        (answer,) = await _ask(outcomes.answers, [name], asked, organisation)
        return told_of_indicator(answer, asked, now())

    return router


def _form_of(name: str, accepts: str) -> tuple[str, str]:
    """(name, form): what is asked for, and whether as JSON (""), CSV or XLSX."""
    for form, media_type in ((".csv", "text/csv"), (".xlsx", MEDIA_TYPE)):
        if name.endswith(form) or media_type in accepts:
            return name.removesuffix(form), form
    return name, _JSON


def _not_here(parameter: str, why: str) -> Problem:
    return Problem(422, "Not valid", why, [(parameter, "not here")], kind="invalid")


async def _ask(question: Callable[..., Found], *arguments: object) -> Found:
    """Asks in a thread. What the store could not say becomes a failure, never a number."""
    try:
        return await asyncio.to_thread(question, *arguments)
    except StoreUnavailable as error:
        _log.warning("outcomes could not be counted", extra={"reason": str(error)})
        raise unavailable(f"the numbers cannot be counted just now: {error}") from error
    except NothingKnownYet as error:
        raise Problem(422, "Not known yet", str(error), [("from", str(error))], kind="not_known_yet") from error
    except TooLong as error:
        raise Problem(422, "Not valid", str(error), [("every", str(error))], kind="invalid") from error
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
    _parameter("every", "month or quarter: also the total of each of them, as `series` (an indicator alone)."),
    *(
        _parameter(name, f"Only cases of this {name.replace('_', ' ')}; empty: where it is not known.")
        for name in Dimension
    ),
]

_AS_FILES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}},
        }
    }
}
