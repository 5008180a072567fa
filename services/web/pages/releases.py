"""Releases: the list, one of them, and for an evaluator the draft, which she looks at and publishes."""

from __future__ import annotations

import re
from typing import Final

from starlette.responses import RedirectResponse, Response

from services.access.domain.permissions import Role
from services.web.backends import Refused
from services.web.faces import NoSuchPage, Visit, fields_of, page, posted_form, understood
from services.web.pages.evaluator import said_of
from services.web.released_words import in_the_language
from services.web.releases_answers import Listing, Release
from services.web.routes import Part

_NUMBER: Final = re.compile(r"[0-9]{1,6}", re.ASCII)
_MAKING_SECONDS: Final = 120.0


@page(Role.EVALUATOR, Role.DONOR)
async def list_page(visit: Visit) -> Response:
    return await _list(visit)


@page(Role.EVALUATOR)
async def make(visit: Visit) -> Response:
    """Makes a draft and shows it; refused, the list comes back and says why."""
    typed = fields_of(await posted_form(visit.request))
    try:
        answer = await visit.post("/v1/releases", {"quarter": typed.get("quarter", "")}, _MAKING_SECONDS)
    except Refused as refusal:
        return await _list(visit, refusal.status, said_of(refusal, visit.words))
    with understood(Part.OUTCOMES):
        number = int(answer["number"])
    return RedirectResponse(f"/releases/{number}", 303)


@page(Role.EVALUATOR, Role.DONOR)
async def release_page(visit: Visit) -> Response:
    return await _release(visit)


@page(Role.EVALUATOR)
async def publish(visit: Visit) -> Response:
    """Publishes the draft that was on the page she sent this from; another one by now is shown instead."""
    typed = fields_of(await posted_form(visit.request))
    number = number_of(visit)
    if typed.get("looked") != "yes":
        return await _release(visit, 422, visit.words("releases.look_first"))
    try:
        await visit.post(f"/v1/releases/{number}:publish", {"digest": typed.get("digest", "")})
    except Refused as refusal:
        if refusal.status == 404:
            raise NoSuchPage from refusal
        return await _release(visit, refusal.status, said_of(refusal, visit.words))
    return RedirectResponse(f"/releases/{number}", 303)


def number_of(visit: Visit) -> str:
    """The number in the address. Raises NoSuchPage for what is none."""
    number: str = visit.request.path_params["number"]
    if not _NUMBER.fullmatch(number):
        raise NoSuchPage
    return number


async def _list(visit: Visit, status: int = 200, said: str = "") -> Response:
    answer = await visit.get("/v1/releases")
    with understood(Part.OUTCOMES):
        listing = Listing.of(answer)
    return visit.show("releases.html", status, listing=listing, said=said)


async def _release(visit: Visit, status: int = 200, said: str = "") -> Response:
    answer = await visit.get(f"/v1/releases/{number_of(visit)}")
    with understood(Part.OUTCOMES):
        release = Release.of(answer)
    translated = in_the_language(visit.words, release)
    return visit.show(
        "release.html", status, release=translated or release, is_translated=translated is not None, said=said
    )
