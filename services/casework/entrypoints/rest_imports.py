"""Below /v1/imports: a supervisor brings in a register that was kept before."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query

from services.access.domain.permissions import Action, Principal
from services.casework.application.errors import CaseworkError
from services.casework.application.importing.desk import ImportDesk
from services.casework.application.importing.imports import Import, NoRegister, RegisterRefused
from services.casework.domain.events import FieldProblem
from services.casework.entrypoints.import_models import (
    AskedIn,
    ImportId,
    ImportOut,
    ImportsOut,
    RegisterIn,
    WrongLinesOut,
    asked_of,
    import_out,
    wrong_lines_out,
)
from services.casework.entrypoints.problems import problem_of
from services.runtime.http import KIB, permitted

IMPORTS_PATH: Final = "/v1/imports"
REGISTER_BYTES: Final = 11 * 1024 * KIB
"""Eight mebibytes of a file in base64, and the rest of the JSON."""

_AT_ANOTHER_STAGE: Final[dict[int | str, dict[str, Any]]] = {409: {"description": "The import is at another stage"}}

Importing = Annotated[Principal, Depends(permitted(Action.IMPORT_REGISTER))]


def import_routes(desk: ImportDesk) -> APIRouter:
    router = APIRouter(tags=["imports"])

    @router.post(IMPORTS_PATH, status_code=201)
    async def upload(principal: Importing, body: RegisterIn) -> ImportOut:
        """The same file again is the same import, unless that was undone. The file is kept sealed until it is through,
        a day at most."""
        return import_out(await _done(desk.upload(principal, _content(body))))

    @router.get(IMPORTS_PATH)
    async def imports(principal: Importing) -> ImportsOut:
        """Her own, or for the organisation's head everybody's; the newest first."""
        try:
            return ImportsOut(items=[import_out(one) for one in await desk.listed(principal)])
        except CaseworkError as error:
            raise problem_of(error) from error

    @router.get("/v1/imports/{import_id}")
    async def one_import(principal: Importing, import_id: ImportId) -> ImportOut:
        """How far it is."""
        return import_out(await _done(desk.one(principal, import_id)))

    @router.post("/v1/imports/{import_id}:check", responses=_AT_ANOTHER_STAGE)
    async def check(principal: Importing, import_id: ImportId, body: AskedIn) -> ImportOut:
        """What would be recorded and how many lines are wrong, if it were read like this. Nothing is recorded."""
        try:
            return import_out(await desk.check(principal, import_id, asked_of(body)))
        except CaseworkError as error:
            raise problem_of(error) from error

    @router.get("/v1/imports/{import_id}/wrong-lines", responses=_AT_ANOTHER_STAGE)
    async def wrong_lines(
        principal: Importing,
        import_id: ImportId,
        after: Annotated[int, Query(ge=0, le=2_000_000)] = 0,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> WrongLinesOut:
        """Of the last check, in the order of the lines."""
        try:
            return wrong_lines_out(await desk.wrong_lines(principal, import_id, after, limit))
        except CaseworkError as error:
            raise problem_of(error) from error

    @router.post("/v1/imports/{import_id}:start", status_code=202, responses=_AT_ANOTHER_STAGE)
    async def start(principal: Importing, import_id: ImportId) -> ImportOut:
        """The lines that are right are recorded; their cases are paused until somebody starts their follow-up."""
        return import_out(await _done(desk.start(principal, import_id)))

    @router.post("/v1/imports/{import_id}:start-follow-up", status_code=202, responses=_AT_ANOTHER_STAGE)
    async def start_follow_up(principal: Importing, import_id: ImportId) -> ImportOut:
        """Ends the pause of all its cases."""
        return import_out(await _done(desk.start_follow_up(principal, import_id)))

    @router.post("/v1/imports/{import_id}:undo", status_code=202, responses=_AT_ANOTHER_STAGE)
    async def undo(principal: Importing, import_id: ImportId) -> ImportOut:
        """Takes back everything it recorded, and erases who they are; but for cases that somebody worked on since."""
        return import_out(await _done(desk.undo(principal, import_id)))

    @router.delete("/v1/imports/{import_id}", responses=_AT_ANOTHER_STAGE)
    async def discard(principal: Importing, import_id: ImportId) -> dict[str, str]:
        """Of an upload of which nothing was recorded: the file is removed."""
        try:
            await desk.discard(principal, import_id)
        except CaseworkError as error:
            raise problem_of(error) from error
        return {"import_id": import_id}

    return router


async def _done(asked: Awaitable[Import]) -> Import:
    try:
        return await asked
    except CaseworkError as error:
        raise problem_of(error) from error


def _content(body: RegisterIn) -> bytes:
    try:
        return base64.b64decode(body.content, validate=True)
    except (binascii.Error, ValueError):
        problem = problem_of(RegisterRefused(NoRegister.NO_BASE64, [FieldProblem("content", "expected base64")]))
        raise problem from None
