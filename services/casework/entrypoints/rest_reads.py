"""GET /v1/worklist, /v1/cases/{case_id} and /v1/cases/{case_id}/timeline."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from services.access.domain.permissions import Action, Principal
from services.casework.application.desk import Desk
from services.casework.application.errors import CaseworkError
from services.casework.domain.wording import Language
from services.casework.entrypoints.problems import problem_of
from services.casework.entrypoints.read_models import (
    CaseOut,
    TimelineOut,
    WorklistOut,
    case_out,
    timeline_out,
    worklist_out,
)
from services.runtime.http import permitted

ReadingList = Annotated[Principal, Depends(permitted(Action.READ_WORKLIST))]
Reading = Annotated[Principal, Depends(permitted(Action.READ_CASE))]
Limit = Annotated[int, Query(ge=1, le=500)]
Cursor = Annotated[str | None, Query(max_length=500)]


def read_routes(desk: Desk) -> APIRouter:
    router = APIRouter(tags=["cases"])

    @router.get("/v1/worklist")
    async def worklist(
        principal: ReadingList,
        caseworker_id: str | None = None,
        limit: Limit = 100,
        cursor: Cursor = None,
        lang: Language = "en",
    ) -> WorklistOut:
        """Whom to contact, the neediest first; only cases this person may see. An empty parameter narrows nothing.

        Later pages keep the order of the first, so that no case is left out between two; their lines say how a case
        stands now. A case of which something was recorded since the first page comes after all others, also when it
        has been shown already. Read page after page until `next_cursor` is null.
        """
        try:
            found = await desk.worklist(principal, caseworker_id or None, limit, cursor or None)
            return worklist_out(found, desk.reading.now(), lang)
        except CaseworkError as error:
            raise problem_of(error) from error

    @router.get("/v1/cases/{case_id}")
    async def case(principal: Reading, case_id: str, lang: Language = "en") -> CaseOut:
        """What is known of a case, and what is owed next and by when."""
        try:
            return case_out(await desk.case(principal, case_id), desk.reading.now(), lang)
        except CaseworkError as error:
            raise problem_of(error) from error

    @router.get("/v1/cases/{case_id}/timeline")
    async def timeline(principal: Reading, case_id: str, limit: Limit = 100, cursor: Cursor = None) -> TimelineOut:
        """What happened, newest first."""
        try:
            return timeline_out(await desk.timeline(principal, case_id, limit, cursor))
        except CaseworkError as error:
            raise problem_of(error) from error

    return router
