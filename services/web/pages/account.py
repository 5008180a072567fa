"""A person's own account: where she is signed in, and when she is away."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from services.access.domain.absences import STOOD_IN_FOR
from services.web.backends import Refused
from services.web.catalogue import latin_digits
from services.web.dhaka import for_form, typed_instant
from services.web.faces import HOMES, Visit, fields_of, page, posted_form, understood
from services.web.people import Absence, DeviceSession
from services.web.routes import Part

_EVERYBODY: Final = tuple(HOMES)


@page(*_EVERYBODY)
async def account(visit: Visit) -> Response:
    return await _account(visit)


@page(*_EVERYBODY)
async def end_session(visit: Visit) -> Response:
    await posted_form(visit.request)
    await visit.post(f"/v1/sessions/{_named(visit, 'session_id')}:end", {})
    return RedirectResponse("/account", 303)


@page(*_EVERYBODY)
async def say_absence(visit: Visit) -> Response:
    typed = fields_of(await posted_form(visit.request))
    try:
        since, until = (typed_instant(latin_digits(typed.get(name, ""))) for name in ("since", "until"))
    except ValueError:
        return await _account(visit, 422, typed, visit.words("expected.time"))
    body = {"since": since, "until": until, "delegate_id": typed.get("delegate_id") or None}
    try:
        await visit.post("/v1/absences", body)
    except Refused as refusal:
        if refusal.status != 422:
            raise
        return await _account(visit, 422, typed, visit.words(why_not_away(refusal)))
    return RedirectResponse("/account", 303)


@page(*_EVERYBODY)
async def end_absence(visit: Visit) -> Response:
    await posted_form(visit.request)
    await visit.post(f"/v1/absences/{_named(visit, 'absence_id')}:end", {})
    return RedirectResponse("/account", 303)


async def _account(
    visit: Visit, status: int = 200, typed: Mapping[str, str] | None = None, error: str | None = None
) -> Response:
    person = visit.person
    may_be_away = bool(person.roles & STOOD_IN_FOR)
    away = ("/v1/absences", "/v1/delegates") if may_be_away else ()
    sessions, *of_away = await asyncio.gather(visit.get("/v1/sessions"), *map(visit.get, away))
    absences, delegates = of_away or ({"items": []}, {"items": []})
    with understood(Part.ACCESS):
        offered = {str(told["account_id"]): str(told["name"]) for told in delegates["items"]}
        named = offered | {person.account_id: person.name}
        concerning = [Absence.of(told, named) for told in absences["items"] if _concerns(told, person.account_id)]
        devices = [DeviceSession.of(told) for told in sessions["items"]]
    return visit.show(
        "account.html",
        status,
        sessions=devices,
        absences=concerning,
        delegates=offered,
        may_be_away=may_be_away,
        # A form that somebody else made may lack a field.
        typed={"since": for_form(datetime.now(UTC)), "until": "", "delegate_id": "", **(typed or {})},
        error=error,
    )


def _concerns(told: Mapping[str, object], account_id: str) -> bool:
    """A supervisor is told of everybody's; here it is about her."""
    return account_id in (told["account_id"], told["delegate_id"])


def why_not_away(refusal: Refused, about: str = "away") -> str:
    """The sentence of what was refused, by the field that access names. about: to herself, or of somebody else."""
    fields = {error.field for error in refusal.errors}
    known = ("delegate_id", "until", "since", "account_id")
    return next((f"{about}.refused_{name}" for name in known if name in fields), "refused.title")


def _named(visit: Visit, name: str) -> str:
    return quote(visit.request.path_params[name], safe="")
