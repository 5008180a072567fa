"""Being away, over HTTP."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from services.access.application.account_keeping import NoSuchAccount
from services.access.application.away import Away, NoSuchAbsence
from services.access.application.second_persons import Proposed, SecondPersons
from services.access.domain.absences import Absence, InvalidAbsence
from services.access.domain.permissions import Action, Principal
from services.access.entrypoints.shapes import WAITS, Strict, proposed_json
from services.casework.domain.instants import format_instant, parse_instant
from services.runtime.http import Problem, not_found, permitted

Herself = Annotated[Principal, Depends(permitted(Action.ARRANGE_ABSENCE))]


class AbsenceBody(Strict):
    account_id: Annotated[str | None, Field(description="Hers, if left out; another's only for administrators.")] = None
    since: str
    until: str
    delegate_id: Annotated[str | None, Field(description="Who stands in. Without one her cases are nobody's.")] = None


_NOBODY: Final[dict[int | str, dict[str, Any]]] = {
    404: {"description": "Nobody of the organisation has this account_id"}
}


def absence_routes(away: Away, seconds: SecondPersons) -> APIRouter:
    router = APIRouter(tags=["absences"])

    @router.get("/v1/absences")
    async def absences(principal: Herself) -> dict[str, Any]:
        """Present and coming: her own and those she stands in for; supervisors and administrators see everybody's."""
        return {"items": [_absence_json(absence) for absence in await asyncio.to_thread(away.of, principal)]}

    @router.post("/v1/absences", status_code=201, responses=_NOBODY | WAITS)
    async def say(body: AbsenceBody, principal: Herself, response: Response) -> dict[str, Any]:
        """She is away; a colleague with her roles stands in for her. It counts within a minute of its beginning.

        The colleague has her cases and alerts beside her own until then. Without one, what is a caseworker's is said to
        be nobody's, once, and her supervisors are told. Who stands in for somebody else than the one who says it must
        be confirmed by a second person: 202.
        """
        account_id = body.account_id or principal.account_id
        since, until = _instant("since", body.since), _instant("until", body.until)
        try:
            said = await asyncio.to_thread(
                seconds.say_away, principal, account_id, since, until, body.delegate_id or ""
            )
        except NoSuchAccount:
            raise not_found() from None
        except InvalidAbsence as error:
            raise Problem(422, "Not valid", "nothing was changed", error.problems, kind="invalid") from None
        if isinstance(said, Proposed):
            response.status_code = 202
            return {"account_id": account_id, "proposal": proposed_json(said)}
        return _absence_json(said)

    @router.post("/v1/absences/{absence_id}:end")
    async def end(absence_id: str, principal: Herself) -> dict[str, Any]:
        """She is back, or does not leave after all. Within a minute nobody stands in for her."""
        try:
            await asyncio.to_thread(away.end, principal, absence_id)
        except NoSuchAbsence:
            raise not_found() from None
        return {"absence_id": absence_id}

    @router.get("/v1/delegates", responses=_NOBODY)
    async def delegates(principal: Herself, account_id: str = "") -> dict[str, Any]:
        """Who could stand in for her, or for somebody an administrator names."""
        try:
            found = await asyncio.to_thread(away.delegates_for, principal, account_id or principal.account_id)
        except NoSuchAccount:
            raise not_found() from None
        return {"items": [{"account_id": account.account_id, "name": account.name} for account in found]}

    return router


def _instant(field: str, text: str) -> int:
    try:
        return parse_instant(text)
    except ValueError as error:
        raise Problem(422, "Not valid", "nothing was changed", [(field, str(error))], kind="invalid") from None


def _absence_json(absence: Absence) -> dict[str, Any]:
    return {
        "absence_id": absence.absence_id,
        "account_id": absence.account_id,
        "delegate_id": absence.delegate_id or None,
        "since": format_instant(absence.since),
        "until": format_instant(absence.until),
    }
