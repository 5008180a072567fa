"""What waits for a second person: confirmed or refused, by somebody else than who asked for it."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from services.access.domain.permissions import Role
from services.web.backends import Json, Refused
from services.web.faces import NoSuchPage, Visit, page, posted_form, understood
from services.web.people import waiting_proposals
from services.web.routes import Part


@page(Role.ADMINISTRATOR, Role.SUPERVISOR)
async def proposals(visit: Visit) -> Response:
    return await _proposals(visit)


@page(Role.ADMINISTRATOR, Role.SUPERVISOR)
async def decide(visit: Visit) -> Response:
    """By the buttons of its line; of an invitation the answer shows the other half of the code, once."""
    await posted_form(visit.request)
    act = visit.request.path_params["act"]
    if act not in ("confirm", "refuse"):
        raise NoSuchPage
    proposal_id = visit.request.path_params["proposal_id"]
    # Read before it is done: afterwards nobody says any more whom it was about.
    about = next((each for each in await waiting_proposals(visit) if each.proposal_id == proposal_id), None)
    try:
        answer = await visit.post(f"/v1/proposals/{quote(proposal_id, safe='')}:{act}", {})
    except Refused as refusal:
        if refusal.status != 409:
            raise
        return await _proposals(visit, 409, visit.words(_why(refusal)))
    if act == "confirm" and answer["invitation"] is not None:
        return _half(visit, answer, about.name if about else "")
    return RedirectResponse("/proposals", 303)


def asked_for(visit: Visit, answer: Json, name: str) -> Response:
    """Said to who asked for it: that it waits, and her half of the code where there is one."""
    with understood(Part.ACCESS):
        half, expires_at = answer["proposal"]["half"] or "", str(answer["proposal"]["expires_at"])
    return visit.show("proposed.html", half=half, expires_at=expires_at, name=name)


async def _proposals(visit: Visit, status: int = 200, error: str | None = None) -> Response:
    return visit.show("proposals.html", status, waiting=await waiting_proposals(visit), error=error)


def _half(visit: Visit, answer: Json, name: str) -> Response:
    with understood(Part.ACCESS):
        half, expires_at = str(answer["invitation"]["code"]), str(answer["invitation"]["expires_at"])
    return visit.show("confirmed.html", half=half, expires_at=expires_at, name=name)


def _why(refusal: Refused) -> str:
    known = ("not_the_second", "asker_gone", "too_late")
    return f"proposals.{refusal.kind}" if refusal.kind in known else "refused.title"
