"""The browser's session: cookies that hold the access token and what renews it, and what protects it from other sites.

The cookies are HttpOnly and SameSite=Strict, and over https Secure with the `__Host-` prefix, so that no neighbouring
host can set one. A form's token is derived from a cookie of its own, which stays when the access token is renewed, so
that a page that was open meanwhile can still send its form; any replica can check it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import FormData
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

FORM_FIELD: Final = "form_token"
FORM_HEADER: Final = "x-form-token"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_SESSION: Final = "session"
_RENEWAL: Final = "renewal"
_FORM: Final = "form"


class ForgedRequest(Exception):
    """An unsafe request that the page of this origin did not demonstrably make."""


def session_token(connection: HTTPConnection) -> str | None:
    """The access token in the session cookie, None without a session."""
    return _cookie(connection, _SESSION)


def renewal_token(connection: HTTPConnection) -> str | None:
    """What the session is renewed with, None where it cannot be."""
    return _cookie(connection, _RENEWAL)


def form_secret(connection: HTTPConnection) -> str | None:
    """What the tokens of this session's forms are made of, None without a session."""
    return _cookie(connection, _FORM) or session_token(connection)


def begin_session(connection: HTTPConnection, response: Response, token: str, renewal: str | None = None) -> None:
    """Give the browser its session. It ends with the token and what renews it, or sooner with the browser."""
    renew_session(connection, response, token, renewal)
    _set(connection, response, _FORM, secrets.token_urlsafe(24))


def renew_session(connection: HTTPConnection, response: Response, token: str, renewal: str | None) -> None:
    """Another token for the session that the browser has."""
    _set(connection, response, _SESSION, token)
    if renewal is not None:
        _set(connection, response, _RENEWAL, renewal)


def end_session(connection: HTTPConnection, response: Response) -> None:
    is_secure = connection.url.scheme == "https"
    for name in (_SESSION, _RENEWAL, _FORM):
        response.delete_cookie(_name(connection, name), path="/", secure=is_secure, httponly=True, samesite="strict")


def cookies_with(connection: HTTPConnection, token: str, renewal: str) -> str:
    """The `cookie` header of a request as it would be, had the browser this token already."""
    renewed = {_name(connection, _SESSION): token, _name(connection, _RENEWAL): renewal}
    return "; ".join(f"{name}={value}" for name, value in (connection.cookies | renewed).items())


def _cookie(connection: HTTPConnection, name: str) -> str | None:
    return connection.cookies.get(_name(connection, name)) or None


def _name(connection: HTTPConnection, name: str) -> str:
    return f"__Host-{name}" if connection.url.scheme == "https" else name


def _set(connection: HTTPConnection, response: Response, name: str, value: str) -> None:
    is_secure = connection.url.scheme == "https"
    response.set_cookie(_name(connection, name), value, path="/", secure=is_secure, httponly=True, samesite="strict")


def form_token(secret: str) -> str:
    """What a form of the session with this form secret must carry; nobody without the cookies can work it out."""
    return hmac.new(secret.encode(), b"form token v1", hashlib.sha256).hexdigest()


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
    secret = form_secret(request)
    if secret is not None and not _is_token(form.get(FORM_FIELD), secret):
        raise ForgedRequest("the form does not carry this session's token")


def check_proxied(request: Request) -> None:
    """Raises ForgedRequest unless an unsafe call with the cookie is from this origin or carries the token.

    A token that is given must be this session's in any case: it is how a device says for whom it sends what it kept.
    """
    if request.method in SAFE_METHODS:
        return
    same_origin = is_same_origin(request)
    if same_origin is False:
        raise ForgedRequest("the call was not made by a page of this origin")
    given = request.headers.get(FORM_HEADER)
    if given is None and same_origin:
        return
    if not _is_token(given, form_secret(request) or ""):
        raise ForgedRequest(f"a call with a session cookie needs the header {FORM_HEADER} with the session's token")


def _is_token(given: object, secret: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode(), form_token(secret).encode())
