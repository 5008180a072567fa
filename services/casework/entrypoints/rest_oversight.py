"""GET /v1/cases and /v1/worklist/loads: what a supervisor oversees beside her alerts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from services.access.domain.permissions import Action, Principal
from services.casework.application.errors import CaseworkError
from services.casework.application.overseeing import Overseeing
from services.casework.application.overseen import Oversight
from services.casework.entrypoints.oversight_models import CaseListOut, LoadsOut, case_list_out, loads_out
from services.casework.entrypoints.problems import problem_of
from services.casework.entrypoints.rest_reads import Cursor, Limit
from services.runtime.http import permitted

Overseer = Annotated[Principal, Depends(permitted(Action.OVERSEE_CASES))]
Which = Annotated[Oversight, Query(description="Paused, of these the short ones, without an opening, or nobody's.")]


def oversight_routes(overseeing: Overseeing) -> APIRouter:
    router = APIRouter(tags=["cases"])

    @router.get("/v1/cases")
    async def cases(
        principal: Overseer,
        which: Which = Oversight.PAUSED,
        caseworker_id: str | None = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> CaseListOut:
        """Cases that no alert tells of, only those this person oversees. An empty parameter narrows nothing.

        A case of which something was recorded since the first page comes after all others, also when it has been shown
        already. Read page after page until `next_cursor` is null.
        """
        try:
            found = await overseeing.listed(principal, which, caseworker_id or None, limit, cursor or None)
        except CaseworkError as error:
            raise problem_of(error) from error
        return case_list_out(found, overseeing.reading.now())

    @router.get("/v1/worklist/loads")
    async def loads(principal: Overseer) -> LoadsOut:
        """How many cases each caseworker has now, and of how many something is overdue; null: nobody's."""
        try:
            return loads_out(await overseeing.loads(principal))
        except CaseworkError as error:
            raise problem_of(error) from error

    return router
