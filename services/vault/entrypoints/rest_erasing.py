"""Erasing over REST, below /v1/vault."""

from __future__ import annotations

import asyncio
import logging
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Depends

from services.access.domain.permissions import Action, Principal
from services.runtime.http import not_found, permitted
from services.vault.application.erasing import Erasing
from services.vault.application.errors import Away, Unreadable, VaultError
from services.vault.entrypoints import models
from services.vault.entrypoints.problems import ANSWERS, problem_of

Erases = Annotated[Principal, Depends(permitted(Action.ERASE_SURVIVOR))]

_log = logging.getLogger(__name__)


def erasing_routes(erasing: Erasing) -> APIRouter:
    router = APIRouter(tags=["vault"], responses=ANSWERS)

    @router.post("/v1/vault/cases/{case_id}:erase", status_code=202)
    async def erase(
        principal: Erases, case_id: models.Id, body: models.EraseIn, background: BackgroundTasks
    ) -> dict[str, Any]:
        """Forgets who she is, for ever. From the answer on nothing of her is shown; the rest follows at once."""
        try:
            erasure = await erasing.ask(principal, case_id, body.reason)
        except VaultError as error:
            raise problem_of(error) from None
        background.add_task(_finish, erasing)
        return models.erasure_out(erasure)

    @router.get("/v1/vault/cases/{case_id}/erasure")
    async def erasure_of(principal: Erases, case_id: models.Id) -> dict[str, Any]:
        """How far it is."""
        try:
            erasure = await erasing.of_case(principal, case_id)
        except VaultError as error:
            raise problem_of(error) from None
        if erasure is None:
            raise not_found()
        return models.erasure_out(erasure)

    return router


async def _finish(erasing: Erasing) -> None:
    try:
        await asyncio.shield(erasing.finish())
    except (Away, Unreadable) as error:
        # The vault tries again by itself.
        _log.warning("an erasure is not done yet", extra={"reason": str(error)})
