"""The pages of an organisation's head: who looked at whom, and forgetting a survivor for ever."""

from __future__ import annotations

import asyncio
import re
from typing import Final
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from services.access.domain.permissions import Role
from services.casework.domain.case_code import case_code
from services.vault.domain.looks import ErasureReason
from services.web.backends import PartAway, Refused
from services.web.broken_glass import broken_glass
from services.web.faces import NotForThisRole, Visit, fields_of, page, posted_form, understood
from services.web.pages.staff import case_id_of
from services.web.people import caseworkers
from services.web.routes import Part
from services.web.vault_answers import AuditPage, Erasure
from services.web.vault_refusals import hide_the_unknown, why_not

_ENTRIES: Final = "100"
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_REASONS: Final = (ErasureReason.HER_WISH, ErasureReason.RETENTION, ErasureReason.DIED)
_SECONDS_BETWEEN_LOOKS: Final = "3"


@page(Role.SUPERVISOR)
async def audit(visit: Visit) -> Response:
    """Newest first; filters and page in the URL. The browser compares the chain with what it remembers of it."""
    _require_head(visit)
    query = visit.request.query_params
    wanted = {name: query.get(name, "") for name in ("case_id", "account_id")}
    reading = visit.get("/v1/vault/audit", before=query.get("before"), limit=_ENTRIES, **wanted)
    answer, people, glass = await asyncio.gather(reading, caseworkers(visit, everybody=True), broken_glass(visit))
    with understood(Part.VAULT):
        found = AuditPage.of(answer)
    case_id = wanted["case_id"]
    return visit.show(
        "audit.html",
        audit=found,
        glass=glass,
        people=people,
        names=people.names,
        wanted=wanted,
        code=case_code(case_id) if _ID.fullmatch(case_id) else "",
        next_page=urlencode({name: value for name, value in wanted.items() if value} | {"before": found.before or ""}),
    )


@page(Role.SUPERVISOR)
async def erase_page(visit: Visit) -> Response:
    """What erasing does, and the form that asks for it; once it was asked for, how far it is."""
    _require_head(visit)
    return await _show_erasing(visit, case_id_of(visit))


@page(Role.SUPERVISOR)
async def erase(visit: Visit) -> Response:
    _require_head(visit)
    case_id = case_id_of(visit)
    typed = fields_of(await posted_form(visit.request))
    if _plain(typed.get("code", "")) != _plain(case_code(case_id)) or typed.get("reason") not in _REASONS:
        return await _show_erasing(visit, case_id, 422, visit.words("erase.say_both"), typed.get("reason", ""))
    try:
        await visit.post(f"/v1/vault/cases/{case_id}:erase", {"reason": typed["reason"]})
    except PartAway as failure:
        return await _show_erasing(visit, case_id, 503, why_not(visit, failure), typed["reason"])
    except Refused as refusal:
        hide_the_unknown(refusal)
        return await _show_erasing(visit, case_id, refusal.status, why_not(visit, refusal), typed["reason"])
    return RedirectResponse(f"/cases/{case_id}/erase", 303)


async def _show_erasing(visit: Visit, case_id: str, status: int = 200, said: str = "", reason: str = "") -> Response:
    _, erasure = await asyncio.gather(visit.get(f"/v1/cases/{case_id}"), _erasure_of(visit, case_id))
    response = visit.show(
        "erase.html",
        status,
        case_id=case_id,
        code=case_code(case_id),
        erasure=erasure,
        reasons=_REASONS,
        reason=reason,
        said=said,
    )
    if erasure is not None and not erasure.is_done:
        response.headers["refresh"] = _SECONDS_BETWEEN_LOOKS
    return response


async def _erasure_of(visit: Visit, case_id: str) -> Erasure | None:
    """None: nobody asked for it."""
    try:
        answer = await visit.get(f"/v1/vault/cases/{case_id}/erasure")
    except Refused as refusal:
        if refusal.status != 404:
            raise
        return None
    with understood(Part.VAULT):
        return Erasure.of(answer)


def _require_head(visit: Visit) -> None:
    if not visit.person.is_head:
        raise NotForThisRole


def _plain(code: str) -> str:
    return code.replace("-", "").replace(" ", "").upper()
