"""Counts and times the origin's answers, by route and status, never by id."""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.runtime.metrics import observe_request
from services.web.routes import route_of


class Measuring:
    """ASGI middleware. An answer that never began counts as status 0."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting_status)
        finally:
            observe_request("web", scope["method"], _route(scope), status, time.perf_counter() - started)


def _route(scope: Scope) -> str:
    proxied = route_of(scope["path"])
    if proxied is not None:
        return proxied.path
    endpoint = scope.get("endpoint")
    return getattr(endpoint, "__name__", "none") if endpoint is not None else "none"
