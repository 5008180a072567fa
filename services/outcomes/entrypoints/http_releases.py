"""REST: what the organisation has published, for anybody it gave an account to; and how a release comes to be.

    GET  /v1/releases                                those published, and for an evaluator the draft
    GET  /v1/releases/{number}                       one of them, whole
    GET  /v1/releases/{number}/tables/{indicator}    its tables of one indicator
    POST /v1/releases                                {"quarter": "2026-Q1"}: make the draft of the next one
    POST /v1/releases/{number}:publish               {"digest": …}: publish the draft that was looked at

The organisation is the token's. CSV with `Accept: text/csv`, or `.csv` at the end. To a donor a draft does not exist.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from services.access.domain.permissions import Action, Principal
from services.outcomes.application.releasing import (
    NoSuchRelease,
    NotWhatWasLookedAt,
    NotYet,
    ReleasedAlready,
    Releases,
)
from services.outcomes.domain.publication.quarters import Quarter
from services.outcomes.domain.publication.release import SCHEMA_VERSION
from services.outcomes.entrypoints.release_answers import (
    ListModel,
    ReleaseModel,
    TablesModel,
    release_to_json,
    summary_to_json,
    tables_to_csv,
    tables_to_json,
)
from services.outcomes.ports import Kept, NumberTaken, ReleaseDamaged, StoreUnavailable
from services.runtime.http import Problem, not_found, permitted, unavailable

_CSV: Final = ".csv"
_QUARTERS_OFFERED: Final = 4
_log = logging.getLogger(__name__)

Reader = Annotated[Principal, Depends(permitted(Action.READ_RELEASES))]
Maker = Annotated[Principal, Depends(permitted(Action.MAKE_RELEASES))]
Found = TypeVar("Found")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class QuarterBody(_Strict):
    quarter: Annotated[str, Field(pattern="^[0-9]{4}-Q[1-4]$")]


class DigestBody(_Strict):
    """digest: that of the draft she looked at."""

    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


_NOT_NOW: Final[dict[int | str, dict[str, Any]]] = {
    409: {"description": "Not yet, released already, or another draft than the one that was looked at"}
}


def create_releases_router(releases: Releases, now: Callable[[], int]) -> APIRouter:
    """`now`: milliseconds since 1970."""
    router = APIRouter(tags=["releases"])

    @router.get("/v1/releases", response_model=ListModel)
    async def list_releases(principal: Reader) -> Response:
        """The releases of the organisation, in the order of their numbers."""
        makes = principal.may(Action.MAKE_RELEASES)
        found = await _ask(releases.with_draft if makes else releases.published, principal.organisation)
        answer: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "items": [summary_to_json(kept) for kept in found]}
        if makes:
            answer["can_be_made"] = _can_be_made(found, now())
        return JSONResponse(answer)

    @router.get("/v1/releases/{number}", response_model=ReleaseModel, responses=_AS_CSV)
    async def read_release(number: str, request: Request, principal: Reader) -> Response:
        """One release, whole. It never changes."""
        as_csv, kept = await _found(releases, number, request, principal)
        if as_csv:
            return _csv(kept, kept.content["tables"])
        return JSONResponse(release_to_json(kept, for_its_evaluator=principal.may(Action.MAKE_RELEASES)))

    @router.get("/v1/releases/{number}/tables/{indicator}", response_model=TablesModel, responses=_AS_CSV)
    async def read_tables(number: str, indicator: str, request: Request, principal: Reader) -> Response:
        """The tables of one indicator of a release: in total, and by each dimension."""
        as_csv, kept = await _found(releases, number, request, principal)
        as_csv, indicator = as_csv or indicator.endswith(_CSV), indicator.removesuffix(_CSV)
        tables = [table for table in kept.content["tables"] if table["indicator"] == indicator]
        if not tables:
            raise not_found()
        return _csv(kept, tables) if as_csv else JSONResponse(tables_to_json(kept, tables))

    @router.post("/v1/releases", response_model=ReleaseModel, status_code=201, responses=_NOT_NOW)
    async def draft_release(body: QuarterBody, principal: Maker) -> Response:
        """Makes the draft of the next release, in the place of one that was there. Outsiders do not see it."""
        kept = await _ask(releases.draft, principal.organisation, _quarter(body), principal.account_id, now())
        return JSONResponse(release_to_json(kept, for_its_evaluator=True), 201)

    @router.post("/v1/releases/{number}:publish", response_model=ReleaseModel, responses=_NOT_NOW)
    async def publish_release(number: str, body: DigestBody, principal: Maker) -> Response:
        """Publishes the draft, for ever. `digest` says that it is the one that was looked at."""
        found = _number(number)
        kept = await _ask(releases.publish, principal.organisation, found, body.digest, principal.account_id, now())
        return JSONResponse(release_to_json(kept, for_its_evaluator=True))

    return router


_AS_CSV: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}


async def _found(releases: Releases, number: str, request: Request, principal: Principal) -> tuple[bool, Kept]:
    """(whether CSV is asked for, the release). To who may not make any, a draft does not exist."""
    as_csv = number.endswith(_CSV) or "text/csv" in request.headers.get("accept", "")
    wanted = _number(number.removesuffix(_CSV))

    def find() -> Kept:
        return releases.find(principal.organisation, wanted, drafts_too=principal.may(Action.MAKE_RELEASES))

    return as_csv, await _ask(find)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise not_found()
    return int(text)


def _quarter(body: QuarterBody) -> Quarter:
    try:
        return Quarter.parse(body.quarter)
    except ValueError as error:
        raise Problem(422, "Not valid", str(error), [("quarter", str(error))], kind="invalid") from None


def _csv(kept: Kept, tables: list[dict[str, Any]]) -> Response:
    return Response(tables_to_csv(kept, tables), media_type="text/csv; charset=utf-8")


def _can_be_made(found: list[Kept], now: int) -> list[str]:
    """The last quarters that have ended and come after the last one published, the newest first."""
    published = [Quarter.parse(kept.content["quarter"]) for kept in found if kept.is_published]
    offered = [Quarter.of(now).before]
    while len(offered) < _QUARTERS_OFFERED:
        offered.append(offered[-1].before)
    return [str(quarter) for quarter in offered if not published or quarter > published[-1]]


async def _ask(question: Callable[..., Found], *arguments: object) -> Found:
    """Asks in a thread; what cannot be done becomes the problem that says so."""
    try:
        return await asyncio.to_thread(question, *arguments)
    except NoSuchRelease:
        raise not_found() from None
    except (StoreUnavailable, ReleaseDamaged) as error:
        _log.warning("a release could not be made or read", extra={"reason": str(error)})
        raise unavailable("releases cannot be made or read just now") from error
    except NotYet as error:
        raise Problem(409, "Not yet", str(error), [("quarter", str(error))], kind="not_yet") from None
    except (ReleasedAlready, NumberTaken) as error:
        raise Problem(409, "Released already", str(error), kind="released_already") from None
    except NotWhatWasLookedAt as error:
        raise Problem(409, "Another draft", str(error), [("digest", str(error))], kind="another_draft") from None
