"""Signing in and out, the language, and leaving in a hurry."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.web.backends import PartAway, Refused
from services.web.catalogue import Language
from services.web.faces import (
    LANGUAGE_COOKIE,
    backends_of,
    fields_of,
    home_of,
    posted_form,
    render,
    understood,
    visit_of,
    words_for,
)
from services.web.routes import Part
from services.web.sessions import begin_session, end_session

_YEAR_SECONDS: Final = 365 * 24 * 3600


def own_path(path: str | None) -> str:
    """A path of this origin to go on to; anything else is the way home."""
    if path is None or not path.startswith("/") or path.startswith(("//", "/\\")) or "\n" in path or "\r" in path:
        return "/"
    parts = urlsplit(path)
    return path if not parts.scheme and not parts.netloc else "/"


async def home(request: Request) -> Response:
    """Each role has a page that is its own."""
    visit = await visit_of(request)
    return RedirectResponse(home_of(visit.person), 303)


async def sign_in_page(request: Request) -> Response:
    return _sign_in(request, 200, "", None)


async def sign_in(request: Request) -> Response:
    typed = fields_of(await posted_form(request))
    name, password = typed.get("name", "").strip(), typed.get("password", "")
    if not name or not password:
        return _sign_in(request, 422, name, words_for(request)("sign_in.both"))
    try:
        answer = await backends_of(request).post("/v1/session", None, {"name": name, "password": password})
    except Refused as refusal:
        said = "sign_in.wait" if refusal.status == 429 else "sign_in.wrong"
        return _sign_in(request, refusal.status, name, words_for(request)(said))
    except PartAway as failure:
        return _sign_in(request, 503, name, words_for(request)("sign_in.away", part=failure.part))
    with understood(Part.ACCESS):
        token = str(answer["token"])
    response = RedirectResponse(own_path(typed.get("next")), 303)
    begin_session(request, response, token)
    return response


def _sign_in(request: Request, status: int, name: str, error: str | None) -> Response:
    return render(
        request, "sign_in.html", status, name=name, error=error, next=own_path(request.query_params.get("next"))
    )


async def sign_out(request: Request) -> Response:
    await posted_form(request)
    response = RedirectResponse("/sign-in", 303)
    end_session(request, response)
    response.headers["clear-site-data"] = '"cache", "storage"'
    return response


async def leave(request: Request) -> Response:
    """The quick exit: the session is over and what is left is a page that says nothing."""
    await posted_form(request)
    response = RedirectResponse("/blank", 303)
    end_session(request, response)
    response.headers["clear-site-data"] = '"cache", "storage"'
    return response


async def blank(_: Request) -> Response:
    return Response("<!doctype html><title>Notebook</title>", media_type="text/html")


async def choose_language(request: Request) -> Response:
    response = RedirectResponse(own_path(request.query_params.get("back")), 303)
    chosen = request.query_params.get("to")
    if chosen in tuple(Language):
        response.set_cookie(
            LANGUAGE_COOKIE,
            str(chosen),
            max_age=_YEAR_SECONDS,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
    return response
