"""One account, as its administrator changes it: its roles and areas, and when its person is away."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from services.access.domain.absences import STOOD_IN_FOR
from services.access.domain.permissions import Role
from services.web.backends import Json, Refused
from services.web.catalogue import latin_digits
from services.web.dhaka import for_form, typed_instant
from services.web.faces import NoSuchPage, Visit, fields_of, page, posted_form, understood
from services.web.pages.account import why_not_away
from services.web.pages.administrator import ROLES, typed_areas, written_areas
from services.web.pages.second_person import asked_for
from services.web.people import Absence, Account
from services.web.routes import Part

_NOBODY: Final[Json] = {"items": []}


@dataclass(frozen=True, slots=True)
class _Typed:
    """What was typed and refused. wrong: by field, of roles; error: of being away."""

    roles: tuple[str, ...] | None = None
    areas: str = ""
    wrong: Mapping[str, str] = field(default_factory=dict)
    away: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None


@page(Role.ADMINISTRATOR)
async def one_account(visit: Visit) -> Response:
    return await _show(visit, await _account_of(visit))


@page(Role.ADMINISTRATOR)
async def change_roles(visit: Visit) -> Response:
    """At once where it only takes away; else it waits for a second person."""
    form = await posted_form(visit.request)
    account = await _account_of(visit)
    roles, areas = tuple(str(role) for role in form.getlist("roles")), fields_of(form).get("areas", "")
    body = {"roles": roles or [""], "areas": typed_areas(areas)}
    try:
        answer = await visit.post(f"{_path(account)}:change-roles", body)
    except Refused as refusal:
        if refusal.status not in (409, 422):
            raise
        wrong = {error.field: error.message for error in refusal.errors} or {"roles": refusal.detail}
        return await _show(visit, account, refusal.status, _Typed(roles, areas, wrong))
    return _onwards(visit, answer, account)


@page(Role.ADMINISTRATOR)
async def say_away(visit: Visit) -> Response:
    typed = fields_of(await posted_form(visit.request))
    account = await _account_of(visit)
    try:
        since, until = (typed_instant(latin_digits(typed.get(name, ""))) for name in ("since", "until"))
    except ValueError:
        return await _show(visit, account, 422, _Typed(away=typed, error=visit.words("expected.time")))
    body = {"account_id": account.account_id, "since": since, "until": until}
    try:
        answer = await visit.post("/v1/absences", body | {"delegate_id": typed.get("delegate_id") or None})
    except Refused as refusal:
        if refusal.status != 422:
            raise
        said = visit.words(why_not_away(refusal, "one_account"))
        return await _show(visit, account, 422, _Typed(away=typed, error=said))
    return _onwards(visit, answer, account)


@page(Role.ADMINISTRATOR)
async def end_absence(visit: Visit) -> Response:
    await posted_form(visit.request)
    account = await _account_of(visit)
    absence_id = quote(visit.request.path_params["absence_id"], safe="")
    await visit.post(f"/v1/absences/{absence_id}:end", {})
    return RedirectResponse(_own_page(account), 303)


async def _account_of(visit: Visit) -> Account:
    """The one that the address names; her own she does not keep. Raises NoSuchPage."""
    answer = await visit.get("/v1/accounts")
    with understood(Part.ACCESS):
        accounts = [Account.of(told) for told in answer["items"]]
    named = visit.request.path_params["account_id"]
    found = next((account for account in accounts if account.account_id == named), None)
    if found is None or found.is_closed or found.account_id == visit.person.account_id:
        raise NoSuchPage
    return found


async def _show(visit: Visit, account: Account, status: int = 200, typed: _Typed | None = None) -> Response:
    typed = typed or _Typed()
    is_missed = not STOOD_IN_FOR.isdisjoint(account.roles)
    absences, delegates = await asyncio.gather(visit.get("/v1/absences"), _delegates(visit, account, is_missed))
    with understood(Part.ACCESS):
        offered = {str(told["account_id"]): str(told["name"]) for told in delegates["items"]}
        named = offered | {account.account_id: account.name}
        hers = [Absence.of(told, named) for told in absences["items"] if told["account_id"] == account.account_id]
    return visit.show(
        "one_account.html",
        status,
        account=account,
        roles=ROLES,
        chosen=account.roles if typed.roles is None else typed.roles,
        areas=written_areas(account.areas) if typed.roles is None else typed.areas,
        wrong=typed.wrong,
        is_missed=is_missed,
        absences=hers,
        delegates=offered,
        # A form that somebody else made may lack a field.
        away={"since": for_form(datetime.now(UTC)), "until": "", "delegate_id": "", **typed.away},
        error=typed.error,
    )


async def _delegates(visit: Visit, account: Account, is_missed: bool) -> Json:
    return await visit.get("/v1/delegates", account_id=account.account_id) if is_missed else _NOBODY


def _onwards(visit: Visit, answer: Json, account: Account) -> Response:
    """Said that it waits, or back to her page, where it stands."""
    if answer.get("proposal"):
        return asked_for(visit, answer, account.name)
    return RedirectResponse(_own_page(account), 303)


def _own_page(account: Account) -> str:
    return f"/people/{quote(account.account_id, safe='')}"


def _path(account: Account) -> str:
    return f"/v1/accounts/{quote(account.account_id, safe='')}"
