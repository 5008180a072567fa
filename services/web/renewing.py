"""Sessions go on without anybody noticing: a token that is half over is exchanged before a page or a call is answered.

A refresh token is good once, and a browser asks for several things at once: they share one exchange, and so does what
the browser sends again because the answer got lost. A process remembers exchanges for a minute.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import jwt
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.web.backends import Backends, PartAway, Refused
from services.web.faces import NOT_RENEWED, understood
from services.web.routes import Part
from services.web.sessions import cookies_with, end_session, renew_session, renewal_token, session_token

REMEMBERED_SECONDS: Final = 60.0
_NEEDS_NO_SESSION: Final = ("/static/", "/healthz", "/readyz", "/favicon.ico", "/blank")


class SessionOver(Exception):
    """What should renew the session is not taken any more."""


@dataclass(frozen=True, slots=True)
class Renewed:
    token: str
    refresh_token: str


@dataclass(frozen=True, slots=True)
class _Exchange:
    """asked_at: in monotonic seconds."""

    asked_at: float
    answer: asyncio.Task[Renewed]


class Renewals:
    """Exchanges of refresh tokens, each asked for once however many wait for it."""

    def __init__(self, backends: Backends, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._backends = backends
        self._monotonic = monotonic
        self._exchanges: dict[str, _Exchange] = {}

    async def of(self, refresh_token: str) -> Renewed:
        """Raises SessionOver; PartAway while access does not answer."""
        self._forget_old()
        exchange = self._exchanges.get(refresh_token)
        if exchange is None:
            asked = asyncio.create_task(self._ask(refresh_token))
            asked.add_done_callback(_noticed)
            exchange = self._exchanges[refresh_token] = _Exchange(self._monotonic(), asked)
        try:
            # Whoever asked first may go away; the others still wait for it.
            return await asyncio.shield(exchange.answer)
        except PartAway:
            self._exchanges.pop(refresh_token, None)
            raise

    async def _ask(self, refresh_token: str) -> Renewed:
        try:
            answer = await self._backends.post("/v1/session:refresh", None, {"refresh_token": refresh_token})
        except Refused as refusal:
            if refusal.status == 401:
                raise SessionOver from refusal
            raise PartAway(Part.ACCESS, f"answered {refusal.status}") from refusal
        with understood(Part.ACCESS):
            return Renewed(str(answer["token"]), str(answer["refresh_token"]))
        raise AssertionError("an answer is understood or its part is away")

    def _forget_old(self) -> None:
        now = self._monotonic()
        for refresh_token, exchange in list(self._exchanges.items()):
            if exchange.answer.done() and now - exchange.asked_at > REMEMBERED_SECONDS:
                del self._exchanges[refresh_token]


def _noticed(asked: asyncio.Task[Renewed]) -> None:
    """An error is told to whoever waits; where nobody waits any more it is no surprise either."""
    if not asked.cancelled():
        asked.exception()


class Renewing:
    """ASGI middleware. What is behind it sees the new token in the request's cookies; the browser gets it with the
    answer."""

    def __init__(self, app: ASGIApp, renewals: Renewals, now: Callable[[], float] = time.time) -> None:
        self._app = app
        self._renewals = renewals
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(_NEEDS_NO_SESSION):
            connection = HTTPConnection(scope)
            renewal = renewal_token(connection)
            token = session_token(connection)
            if renewal is not None and not _is_young(token, self._now()):
                send = await self._renewed(scope, connection, renewal, token, send)
        await self._app(scope, receive, send)

    async def _renewed(
        self, scope: Scope, connection: HTTPConnection, renewal: str, token: str | None, send: Send
    ) -> Send:
        cookies = Response()
        try:
            renewed = await self._renewals.of(renewal)
        except SessionOver:
            end_session(connection, cookies)
        except PartAway:
            scope[NOT_RENEWED] = not _is_alive(token, self._now())
            return send
        else:
            renew_session(connection, cookies, renewed.token, renewed.refresh_token)
            _replace_cookies(scope, cookies_with(connection, renewed.token, renewed.refresh_token))
        return _with_cookies(send, cookies)


def _with_cookies(send: Send, cookies: Response) -> Send:
    set_cookies = cookies.headers.getlist("set-cookie")

    async def send_with_cookies(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            # What a page says about the session (signed in, signed out) is newer than this.
            said = {each.partition("=")[0] for each in headers.getlist("set-cookie")}
            for cookie in set_cookies:
                if cookie.partition("=")[0] not in said:
                    headers.append("set-cookie", cookie)
        await send(message)

    return send_with_cookies


def _replace_cookies(scope: Scope, cookies: str) -> None:
    others = [(name, value) for name, value in scope["headers"] if name != b"cookie"]
    scope["headers"] = [*others, (b"cookie", cookies.encode("latin-1"))]


def _is_young(token: str | None, now: float) -> bool:
    """Whether less than half of its life is over. What is no token is for others to refuse, and is not exchanged."""
    claims = _claims_of(token)
    return token is not None and (claims is None or now < (claims["iat"] + claims["exp"]) / 2)


def _is_alive(token: str | None, now: float) -> bool:
    claims = _claims_of(token)
    return claims is not None and now < claims["exp"]


def _claims_of(token: str | None) -> dict[str, Any] | None:
    """Its times, unchecked: whoever answers checks the token; here it is only asked when to renew it."""
    try:
        claims: dict[str, Any] = jwt.decode(token or "", options={"verify_signature": False, "verify_exp": False})
    except jwt.InvalidTokenError:
        return None
    times = (claims.get("iat"), claims.get("exp"))
    return claims if all(isinstance(each, int | float) for each in times) else None
