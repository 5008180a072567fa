"""What waits for a second person, over HTTP."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends

from services.access.application.second_persons import (
    AskerGone,
    NoSuchProposal,
    NotTheSecond,
    SecondPersons,
    Waiting,
)
from services.access.domain.absences import InvalidAbsence
from services.access.domain.permissions import Action, Principal
from services.access.entrypoints.rest_accounts import refusals
from services.access.entrypoints.shapes import act_json, invitation_json
from services.casework.domain.instants import format_instant
from services.runtime.http import Problem, not_found, permitted

Second = Annotated[Principal, Depends(permitted(Action.CONFIRM_PROPOSALS))]

_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    404: {"description": "None that waits and that she may know of"},
    409: {"description": "She asked for it herself or gains by it, or it cannot be done any more"},
}


def proposal_routes(seconds: SecondPersons) -> APIRouter:
    router = APIRouter(tags=["proposals"])

    @router.get("/v1/proposals")
    async def proposals(principal: Second) -> dict[str, Any]:
        """What waits for a second person, oldest first: administrators see all, supervisors what they may confirm."""
        return {"items": [_waiting_json(each) for each in await asyncio.to_thread(seconds.of, principal)]}

    @router.post("/v1/proposals/{proposal_id}:confirm", responses=_REFUSALS)
    async def confirm(proposal_id: str, principal: Second) -> dict[str, Any]:
        """Another administrator or the organisation's head; of a caseworker any supervisor. Not who asked for it.

        For an invitation `invitation.code` is the other half of the code, shown this once: who asked has the first.
        """
        try:
            with refusals():
                invited = await asyncio.to_thread(seconds.confirm, principal, proposal_id)
        except NoSuchProposal:
            raise not_found() from None
        except NotTheSecond:
            sentence = "this is confirmed by somebody else than who asked for it or gains by it"
            raise Problem(409, "Not the second person", sentence, kind="not_the_second") from None
        except AskerGone:
            sentence = "who asked for this administers accounts no more"
            raise Problem(409, "Nobody asks", sentence, kind="asker_gone") from None
        except InvalidAbsence as error:
            raise Problem(409, "Too late", f"it cannot be done any more: {error}", kind="too_late") from None
        return {"proposal_id": proposal_id, "invitation": invitation_json(invited) if invited else None}

    @router.post("/v1/proposals/{proposal_id}:refuse", responses=_REFUSALS)
    async def refuse(proposal_id: str, principal: Second) -> dict[str, Any]:
        """It will not be done. Who asked takes it back like this, too."""
        try:
            await asyncio.to_thread(seconds.refuse, principal, proposal_id)
        except NoSuchProposal:
            raise not_found() from None
        return {"proposal_id": proposal_id}

    return router


def _waiting_json(waiting: Waiting) -> dict[str, Any]:
    proposal, account = waiting.proposal, waiting.account
    return {
        "proposal_id": proposal.proposal_id,
        "account_id": account.account_id,
        "name": account.name,
        "asked_by": waiting.asked_by,
        "asked_at": format_instant(proposal.asked_at),
        "expires_at": format_instant(proposal.expires_at),
        "may_confirm": waiting.may_confirm,
        **act_json(proposal.act, waiting.delegate),
    }
