"""The administrator's list of accounts: people, how they come in, and what they may; no case."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from services.access.domain.permissions import Role
from services.web.backends import Json, Refused
from services.web.faces import NoSuchPage, Visit, fields_of, page, posted_form, understood
from services.web.pages.second_person import asked_for
from services.web.people import Account, LockOut, waiting_proposals
from services.web.routes import Part

ROLES: Final = (Role.CASEWORKER, Role.SUPERVISOR, Role.EVALUATOR, Role.DONOR, Role.ADMINISTRATOR)
_NOTHING_TYPED: Final = {"sign_in_name": "", "name": "", "areas": ""}
_BETWEEN_AREAS: Final = re.compile(r"[,\s]+")


@page(Role.ADMINISTRATOR)
async def people(visit: Visit) -> Response:
    return await _people(visit)


@page(Role.ADMINISTRATOR)
async def invite(visit: Visit) -> Response:
    """A new account; its invitation is shown in the answer, once."""
    form = await posted_form(visit.request)
    typed = _NOTHING_TYPED | fields_of(form)
    roles = [str(role) for role in form.getlist("roles")]
    body = {"sign_in_name": typed["sign_in_name"], "name": typed["name"], "roles": roles or [""]}
    try:
        answer = await visit.post("/v1/accounts", body | {"areas": typed_areas(typed["areas"])})
    except Refused as refusal:
        if refusal.status != 422:
            raise
        return await _people(visit, 422, typed, refusal, roles)
    return _answered(visit, answer, typed["name"])


@page(Role.ADMINISTRATOR)
async def act_on(visit: Visit) -> Response:
    """What is done with one account, by the buttons of its line."""
    await posted_form(visit.request)
    account_id = quote(visit.request.path_params["account_id"], safe="")
    path = f"/v1/accounts/{account_id}"
    match visit.request.path_params["act"]:
        case "invitation":
            answer = await visit.post(f"{path}/invitation", {})
            return _answered(visit, answer, "")
        case "withdraw":
            await visit.backends.delete(f"{path}/invitation", visit.token)
        case "end-sessions" | "close" | "lift-lock-out" as act:
            await visit.post(f"{path}:{act}", {})
        case _:
            raise NoSuchPage
    return RedirectResponse("/people", 303)


@page(Role.SUPERVISOR)
async def lock_outs(visit: Visit) -> Response:
    """Caseworkers whose names wait after wrong attempts."""
    waiting = await _waiting(visit)
    return visit.show("lock_outs.html", waiting=waiting.values())


@page(Role.SUPERVISOR)
async def lift_lock_out(visit: Visit) -> Response:
    await posted_form(visit.request)
    account_id = quote(visit.request.path_params["account_id"], safe="")
    await visit.post(f"/v1/accounts/{account_id}:lift-lock-out", {})
    return RedirectResponse("/lock-outs", 303)


async def _people(
    visit: Visit,
    status: int = 200,
    typed: Mapping[str, str] = _NOTHING_TYPED,
    refusal: Refused | None = None,
    chosen: list[str] | None = None,
) -> Response:
    answer, waiting, proposals = await asyncio.gather(
        visit.get("/v1/accounts"), _waiting(visit), waiting_proposals(visit)
    )
    with understood(Part.ACCESS):
        accounts = tuple(Account.of(told) for told in answer["items"])
    return visit.show(
        "people.html",
        status,
        accounts=accounts,
        waiting=waiting,
        proposals=proposals,
        renewing={each.account_id for each in proposals if each.what == "invitation"},
        typed=typed,
        chosen=chosen or [],
        roles=ROLES,
        wrong={error.field: error.message for error in refusal.errors} if refusal else {},
    )


async def _waiting(visit: Visit) -> dict[str, LockOut]:
    answer = await visit.get("/v1/lock-outs")
    with understood(Part.ACCESS):
        return {str(told["account_id"]): LockOut.of(told) for told in answer["items"]}


def _answered(visit: Visit, answer: Json, name: str) -> Response:
    """The code, or the half of it that who asked is shown while a second person must confirm."""
    if answer.get("proposal"):
        return asked_for(visit, answer, name)
    with understood(Part.ACCESS):
        code, expires_at = str(answer["invitation"]["code"]), str(answer["invitation"]["expires_at"])
    origin = f"{visit.request.url.scheme}://{visit.request.headers.get('host', '')}"
    return visit.show("invited.html", code=code, expires_at=expires_at, name=name, address=f"{origin}/invitation")


def typed_areas(typed: str) -> list[dict[str, str | None]]:
    """`jashore/sharsha, khulna` as access takes it."""
    named = (part.partition("/") for part in _BETWEEN_AREAS.split(typed.strip().lower()) if part)
    return [{"district": district, "upazila": upazila or None} for district, _, upazila in named]


def written_areas(areas: Iterable[tuple[str, str]]) -> str:
    """As somebody would type them."""
    return ", ".join("/".join(filter(None, area)) for area in areas)
