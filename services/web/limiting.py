"""How often somebody may ask at the origin: counted before any page or part has work of it.

Whoever shows a good token is counted as herself and as her device, everybody else by the address. A form or an event
that is refused here was not taken: 429 with Retry-After, and the same may be sent again.
"""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.runtime.authentication import CannotVerify, InvalidToken, Verifier, token_of, verified
from services.runtime.rate_limits import Asker, Kind, RateLimits, address_key, device_of, whole_seconds
from services.web.faces import render
from services.web.problems import too_many
from services.web.routes import route_of
from services.web.sessions import session_token

_FREE: Final = ("/static/", "/healthz", "/favicon.ico", "/blank")
_SIGN_IN: Final = frozenset(
    {
        "/sign-in",
        "/second-factor",
        "/invitation",
        "/v1/session",
        "/v1/session:second-factor",
        "/v1/session:refresh",
        "/v1/invitation",
    }
)
_SEARCHING: Final = ("/v1/outcomes", "/outcomes", "/v1/releases", "/releases")
_SEARCH_ENDS: Final = ("search", "export")
_NAME_BYTES: Final = 16 * 1024


class Limiting:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, limits: RateLimits, verifier: Verifier) -> None:
        self._app = app
        self._limits = limits
        self._verifier = verifier

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_FREE):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        if is_sign_in(request.method, scope["path"]):
            body, receive = await _first_of_body(receive)
            name = name_in(request.headers.get("content-type", ""), body)
            wait = self._limits.of_sign_in(_address(request), name)
        else:
            wait = await self._wait(request)
        if wait:
            await _refusal(request, whole_seconds(wait))(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _wait(self, request: Request) -> float:
        kind, address = kind_of(request.method, request.url.path), _address(request)
        try:
            token = _token(request)
            bearer = await verified(self._verifier, token)
        except InvalidToken:
            return self._limits.of_stranger(address)
        except CannotVerify:
            # Nobody can be told apart now. An event is the last to be refused, and its part says 503.
            return 0 if kind is Kind.EVENTS else self._limits.of_stranger(address)
        return self._limits.of_asker(kind, Asker(bearer.account_id, device_of(token)), address)


def is_sign_in(method: str, path: str) -> bool:
    """Every way to a token, also where no name is said: a code, an invitation, a token for an old one."""
    return method == "POST" and path in _SIGN_IN


def kind_of(method: str, path: str) -> Kind:
    if method == "POST" and _records(path):
        return Kind.EVENTS
    last = path.replace(":", "/").rsplit("/", 1)[-1]
    if path.startswith(_SEARCHING) or last in _SEARCH_ENDS:
        return Kind.SEARCHING
    return Kind.READING


def _records(path: str) -> bool:
    if path.startswith("/v1/events") or path in ("/open-case", "/unsent/events"):
        return True
    return path.startswith("/cases/") and path.endswith("/record")


def name_in(content_type: str, body: bytes) -> str:
    """The name somebody signs in with, "" where the body tells none; what is wrong with it is for others to say."""
    try:
        if content_type.startswith("application/x-www-form-urlencoded"):
            return parse_qs(body.decode(), max_num_fields=100).get("name", [""])[0]
        given = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    name = given.get("name") if isinstance(given, dict) else None
    return name if isinstance(name, str) else ""


async def _first_of_body(receive: Receive) -> tuple[bytes, Receive]:
    """What a sign-in may be long, read ahead, and the way to read the whole body as if nobody had."""
    messages: list[Message] = []
    size = 0
    while size <= _NAME_BYTES:
        message = await receive()
        messages.append(message)
        size += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            break
    body = b"".join(message.get("body", b"") for message in messages)
    messages.reverse()

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return body, again


def _token(request: Request) -> str:
    """That of the header, as for the parts; else that of the session. Raises InvalidToken."""
    session = session_token(request)
    if session is not None and "authorization" not in request.headers:
        return session
    return token_of(request.headers.get("authorization"))


def _address(request: Request) -> str:
    return address_key(request.client.host) if request.client else ""


def _refusal(request: Request, seconds: int) -> Response:
    if route_of(request.url.path) is not None:
        return too_many(seconds)
    page = render(request, "message.html", 429, title="too_many.title", text="too_many.text", away=None)
    page.headers["retry-after"] = str(seconds)
    return page
