"""What nobody foresaw: it is logged, and whoever asked is told that it failed, under the same headers as any page."""

from __future__ import annotations

import logging
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.runtime.problems import problem_of_status
from services.web.faces import render
from services.web.routes import route_of

_log: Final = logging.getLogger("services.web")


class Failing:
    """ASGI middleware. An answer that has begun is cut, so that nobody takes the half for the whole."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def noting_start(message: Message) -> None:
            nonlocal has_begun
            has_begun = has_begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noting_start)
        except Exception:
            if scope["type"] != "http" or has_begun:
                raise
            _log.exception("a request failed unexpectedly", extra={"method": scope["method"]})
            if route_of(scope["path"]) is None:
                request = Request(scope, receive)
                answer = render(request, "message.html", 500, title="failed.title", text="failed.text", away=None)
            else:
                answer = problem_of_status(500, "something failed on our side; it was logged").to_response()
            await answer(scope, receive, send)
