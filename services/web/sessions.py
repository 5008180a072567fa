"""The browser's session: a cookie that holds the access token, and what protects it from other sites.

The cookie is HttpOnly and SameSite=Strict, and over https Secure with the `__Host-` prefix, so that no neighbouring
host can set one. The form token is derived from the session itself, so that any replica can check it.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import FormData
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

FORM_FIELD: Final = "form_token"
FORM_HEADER: Final = "x-form-token"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_NAME: Final = "session"
_SECURE_NAME: Final = "__Host-session"


class ForgedRequest(Exception):
    """An unsafe request that the page of this origin did not demonstrably make."""


def cookie_name(connection: HTTPConnection) -> str:
    return _SECURE_NAME if connection.url.scheme == "https" else _NAME


def session_token(connection: HTTPConnection) -> str | None:
    """The access token in the session cookie, None without a session."""
    return connection.cookies.get(cookie_name(connection)) or None


def begin_session(request: Request, response: Response, token: str) -> None:
    """Give the browser its session. It ends with the token, or sooner with the browser."""
    response.set_cookie(
        cookie_name(request),
        token,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def end_session(request: Request, response: Response) -> None:
    response.delete_cookie(
        cookie_name(request), path="/", secure=request.url.scheme == "https", httponly=True, samesite="strict"
    )


def form_token(session: str) -> str:
    """What a form of this session must carry; nobody who does not hold the session can work it out."""
    return hmac.new(session.encode(), b"form token v1", hashlib.sha256).hexdigest()


def is_same_origin(connection: HTTPConnection) -> bool | None:
    """Whether the browser says that the request comes from a page of this origin; None when it says nothing.

    `Sec-Fetch-Site` is set by the browser alone. `Origin: null` proves nothing.
    """
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = connection.headers.get("origin")
    if origin is None or origin == "null":
        return None
    return urlsplit(origin).netloc == connection.headers.get("host")


def check_form(request: Request, form: FormData) -> None:
    """Raises ForgedRequest unless a form post comes from this origin and carries the session's token."""
    if is_same_origin(request) is not True:
        raise ForgedRequest("the form was not sent by a page of this origin")
    session = session_token(request)
    if session is not None and not _is_token(form.get(FORM_FIELD), session):
        raise ForgedRequest("the form does not carry this session's token")


def check_proxied(request: Request, session: str) -> None:
    """Raises ForgedRequest unless an unsafe call with the cookie is from this origin or carries the token."""
    if request.method in SAFE_METHODS:
        return
    same_origin = is_same_origin(request)
    if same_origin is False:
        raise ForgedRequest("the call was not made by a page of this origin")
    if same_origin is None and not _is_token(request.headers.get(FORM_HEADER), session):
        raise ForgedRequest(f"a call with a session cookie needs the header {FORM_HEADER}")


def _is_token(given: object, session: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode(), form_token(session).encode())
