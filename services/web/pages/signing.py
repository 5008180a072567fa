"""Signing in and out, the language, and leaving in a hurry."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.web.backends import Backends, Json, PartAway, Refused, SessionEnded
from services.web.catalogue import Language, latin_digits
from services.web.devices import device_of
from services.web.faces import (
    LANGUAGE_COOKIE,
    NUMERALS_COOKIE,
    backends_of,
    fields_of,
    home_of,
    posted_form,
    render,
    understood,
    visit_of,
    words_for,
)
from services.web.qr_codes import qr_svg
from services.web.routes import Part
from services.web.sessions import begin_session, end_session, session_token

_log: Final = logging.getLogger("services.web")
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
    words, onwards = words_for(request), own_path(typed.get("next"))
    if not name or not password:
        return _sign_in(request, 422, name, words("sign_in.both"))
    body = {"name": name, "password": password, "device": device_of(request)}
    try:
        answer = await backends_of(request).post("/v1/session", None, body)
    except Refused as refusal:
        said = "sign_in.wait" if refusal.status == 429 else "sign_in.wrong"
        return _sign_in(request, refusal.status, name, words(said))
    except PartAway as failure:
        return _sign_in(request, 503, name, words("sign_in.away", part=failure.part))
    return past_password(request, answer, onwards)


def past_password(request: Request, answer: Json, onwards: str) -> Response:
    """Onwards with a session, or the page that asks for the second factor."""
    with understood(Part.ACCESS):
        if "token" in answer:
            return _signed_in(request, answer, RedirectResponse(onwards, 303))
        asked = answer["second_factor"]
        set_up = asked["set_up"] or {"secret": "", "otpauth_uri": ""}
        fields = {"challenge": str(asked["challenge"]), "next": onwards}
        fields |= {"secret": str(set_up["secret"]), "uri": str(set_up["otpauth_uri"])}
    return _second_factor(request, 200, fields, None)


async def second_factor_page(_: Request) -> Response:
    """What it asks was answered in another page, or not at all: the way begins with the password."""
    return RedirectResponse("/sign-in", 303)


async def second_factor(request: Request) -> Response:
    typed = fields_of(await posted_form(request))
    fields = {name: typed.get(name, "") for name in ("challenge", "next", "secret", "uri")}
    words, code = words_for(request), latin_digits(typed.get("code", "").strip())
    if not code or not fields["challenge"]:
        return _second_factor(request, 422, fields, words("second_factor.empty"))
    body = {"challenge": fields["challenge"], "code": code[:100], "device": device_of(request)}
    try:
        answer = await backends_of(request).post("/v1/session:second-factor", None, body)
    except Refused as refusal:
        if refusal.kind == "no_such_challenge" or refusal.status == 422:
            return _sign_in(request, 401, "", words("second_factor.too_late"))
        said = "sign_in.wait" if refusal.status == 429 else "second_factor.wrong"
        return _second_factor(request, refusal.status, fields, words(said))
    except PartAway as failure:
        return _second_factor(request, 503, fields, words("sign_in.away", part=failure.part))
    onwards = own_path(fields["next"])
    with understood(Part.ACCESS):
        codes = tuple(map(str, answer.get("recovery_codes", ())))
        if not codes:
            return _signed_in(request, answer, RedirectResponse(onwards, 303))
        # Nobody is named on this page yet: its links and forms are those of who is not signed in.
        return _signed_in(request, answer, render(request, "recovery_codes.html", codes=codes, next=onwards))


def _second_factor(request: Request, status: int, fields: Mapping[str, str], error: str | None) -> Response:
    # The address is posted back by the browser, and becomes a link only if it is what an authenticator opens.
    uri = fields["uri"] if fields["uri"].startswith("otpauth://totp/") else ""
    return render(request, "second_factor.html", status, fields=fields, uri=uri, qr=qr_svg(uri), error=error)


def _signed_in(request: Request, answer: Json, response: Response) -> Response:
    begin_session(request, response, str(answer["token"]), str(answer["refresh_token"]))
    return response


def _sign_in(request: Request, status: int, name: str, error: str | None) -> Response:
    return render(
        request, "sign_in.html", status, name=name, error=error, next=own_path(request.query_params.get("next"))
    )


async def invitation_page(request: Request) -> Response:
    return _invitation(request, 200, "", None)


async def invitation(request: Request) -> Response:
    typed = fields_of(await posted_form(request))
    code, password, again = typed.get("code", "").strip(), typed.get("password", ""), typed.get("again", "")
    words = words_for(request)
    if not code or not password:
        return _invitation(request, 422, code, words("invitation.both"))
    if password != again:
        return _invitation(request, 422, code, words("invitation.differ"))
    body = {"code": latin_digits(code)[:200], "password": password, "device": device_of(request)}
    try:
        answer = await backends_of(request).post("/v1/invitation", None, body)
    except Refused as refusal:
        said = {429: "sign_in.wait", 422: "invitation.password"}.get(refusal.status, "invitation.wrong")
        return _invitation(request, refusal.status, code, words(said))
    except PartAway as failure:
        return _invitation(request, 503, code, words("sign_in.away", part=failure.part))
    return past_password(request, answer, "/")


def _invitation(request: Request, status: int, code: str, error: str | None) -> Response:
    return render(request, "invitation.html", status, code=code, error=error)


async def sign_out(request: Request) -> Response:
    # What this browser remembers of the audit stays: it is to be compared at the next visit.
    return await _over(request, "/sign-in")


async def leave(request: Request) -> Response:
    """The quick exit: the session is over and what is left is a page that says nothing."""
    return await _over(request, "/blank")


async def _over(request: Request, onwards: str) -> Response:
    """The browser is signed out at once; the session itself is ended after the answer, which must not wait for it.

    Its storage is not cleared from here: what was recorded and is not sent yet lies there, and nowhere else.
    """
    await posted_form(request)
    token = session_token(request)
    background = BackgroundTask(_end_session, backends_of(request), token) if token else None
    response = RedirectResponse(onwards, 303, background=background)
    end_session(request, response)
    response.headers["clear-site-data"] = '"cache"'
    return response


async def _end_session(backends: Backends, token: str) -> None:
    try:
        await backends.post("/v1/session:end", token, {})
    except (PartAway, Refused, SessionEnded) as failure:
        _log.warning("a session was left to end by itself: %s", failure)


async def blank(_: Request) -> Response:
    return Response("<!doctype html><title>Notebook</title>", media_type="text/html")


async def choose_language(request: Request) -> Response:
    return _choose(request, LANGUAGE_COOKIE)


async def choose_numerals(request: Request) -> Response:
    """Digits of the other language than the words: many read Bangla and reckon in Latin numerals."""
    return _choose(request, NUMERALS_COOKIE)


def _choose(request: Request, cookie: str) -> Response:
    response = RedirectResponse(own_path(request.query_params.get("back")), 303)
    chosen = request.query_params.get("to")
    if chosen in tuple(Language):
        response.set_cookie(
            cookie,
            str(chosen),
            max_age=_YEAR_SECONDS,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
    return response
