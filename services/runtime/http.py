"""A service's face over HTTP: one entrance that counts bytes, reads JSON strictly and answers every error alike."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.runtime.authentication import Bearer, InvalidToken, Verifier
from services.runtime.logging import describe_exception
from services.runtime.metrics import exposition, observe_request
from services.runtime.problem_statuses import describe_problems
from services.runtime.problems import MEDIA_TYPE, Problem, not_found, problem_of_status, unavailable
from services.runtime.progress import NotReady
from services.runtime.route_permissions import (
    UndeclaredPermission,
    bearer_of,
    declare_public,
    declared_permissions,
    permitted,
    public,
    require_permissions,
)
from services.runtime.strict_json import InvalidJson, strict_json

__all__ = [
    "KIB",
    "MEDIA_TYPE",
    "Bearer",
    "InvalidJson",
    "InvalidToken",
    "Problem",
    "UndeclaredPermission",
    "Verifier",
    "bearer_of",
    "create_service_app",
    "declare_public",
    "declared_permissions",
    "json_body",
    "not_found",
    "permitted",
    "public",
    "require_permissions",
    "strict_json",
    "unavailable",
]

KIB: Final = 1024
DEFAULT_BODY_LIMIT: Final = 256 * KIB
BODY_SECONDS: Final = 120.0
CHECK_SECONDS: Final = 3.0

ReadinessCheck = Callable[[], Awaitable[None]]
"""Returns when the part is reached, raises whatever it raises when it is not."""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

_JSON_KEY: Final = "reintegration.json"
_log = logging.getLogger(__name__)


def create_service_app(
    title: str,
    part: str,
    verifier: Verifier,
    readiness: Mapping[str, ReadinessCheck],
    *,
    body_limits: Mapping[str, int] | None = None,
    lifespan: Lifespan | None = None,
) -> FastAPI:
    """An app with /healthz, /readyz, /metrics and /openapi.json, that refuses to start with an undeclared route.

    part: the service's name in logs and metrics.
    readiness: what must be reached to serve, by the name that /readyz says when it is missing.
    body_limits: bytes allowed for a body by exact path, where 256 KiB are not enough.
    lifespan: wrapped around serving, after the permissions were checked.
    """

    @asynccontextmanager
    async def checked(app: FastAPI) -> AsyncIterator[None]:
        require_permissions(app)
        if lifespan is None:
            yield
        else:
            async with lifespan(app):
                yield

    app = FastAPI(title=title, version="1", openapi_url=None, docs_url=None, redoc_url=None, lifespan=checked)
    app.state.verifier = verifier
    app.add_middleware(_Entrance, part=part, body_limits=dict(body_limits or {}))
    app.add_exception_handler(RequestValidationError, _answer_validation_error)
    app.add_exception_handler(HTTPException, _answer_http_error)
    _add_plumbing_routes(app, readiness)
    describe_problems(app)
    return app


async def json_body(request: Request) -> object:
    """The request's JSON, read strictly at the entrance; use it with `Depends`. Raises Problem 400 without a body."""
    # A coroutine, though nothing is awaited: FastAPI would run a plain function in a thread.
    if _JSON_KEY not in request.scope:
        raise Problem(400, "No body", "expected a JSON body", kind="invalid_json")
    value: object = request.scope[_JSON_KEY]
    return value


def _add_plumbing_routes(app: FastAPI, readiness: Mapping[str, ReadinessCheck]) -> None:
    open_to_all = [Depends(public("says nothing about any case; the service listens on loopback or inside"))]

    @app.get("/healthz", dependencies=open_to_all, include_in_schema=False)
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", dependencies=open_to_all, include_in_schema=False)
    async def readyz() -> Response:
        missing = await _missing_parts(readiness)
        if missing:
            names = ", ".join(name for name, _ in missing)
            return Problem(503, "Not ready", f"not reached: {names}", missing, kind="not_ready").to_response()
        return JSONResponse({"status": "ready", "parts": sorted(readiness)})

    @app.get("/metrics", dependencies=open_to_all, include_in_schema=False)
    async def metrics() -> Response:
        content, media_type = exposition()
        return Response(content, media_type=media_type)

    @app.get("/openapi.json", dependencies=open_to_all, include_in_schema=False)
    async def openapi() -> dict[str, Any]:
        return app.openapi()


async def _missing_parts(readiness: Mapping[str, ReadinessCheck]) -> list[tuple[str, str]]:
    """(name, why) of each part that was not reached within CHECK_SECONDS; all are asked at once."""

    async def ask(check: ReadinessCheck) -> None:
        await asyncio.wait_for(check(), CHECK_SECONDS)

    answers = await asyncio.gather(*map(ask, readiness.values()), return_exceptions=True)
    missing: list[tuple[str, str]] = []
    for name, answer in zip(readiness, answers, strict=True):
        if isinstance(answer, Exception):
            why = str(answer) if isinstance(answer, NotReady) else describe_exception(answer)
            _log.warning("a part was not reached", extra={"reason": f"{name}: {why}"})
            missing.append((name, why))
        elif isinstance(answer, BaseException):
            raise answer
    return missing


async def _answer_validation_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [(_field_of(found["loc"]), str(found["msg"])) for found in error.errors()]
    return Problem(422, "Not valid", "some fields are missing or wrong", errors, kind="invalid").to_response()


def _field_of(location: tuple[int | str, ...]) -> str:
    """`data.outcome` of ("body", "data", "outcome"): where it came from matters to nobody who sent it."""
    return ".".join(str(step) for step in (location[1:] or location))


async def _answer_http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error, Problem):
        return error.to_response()
    return problem_of_status(error.status_code, str(error.detail), error.headers).to_response()


class _Entrance:
    """Everything that must hold for every request, before any route sees it."""

    def __init__(self, app: ASGIApp, part: str, body_limits: Mapping[str, int]) -> None:
        self._app = app
        self._part = part
        self._body_limits = body_limits

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
            await self._serve(scope, receive, noting_status)
        except Problem as problem:
            await problem.to_response()(scope, receive, noting_status)
        except Exception:
            _log.exception("a request failed unexpectedly", extra=_described(scope))
            if status:
                # The answer has begun: only a broken connection tells the client that it is not whole.
                raise
            await problem_of_status(500, "something failed on our side; it was logged").to_response()(
                scope, receive, noting_status
            )
        finally:
            route = _route_of(scope)
            observe_request(self._part, scope["method"], route, status, time.perf_counter() - started)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = self._body_limits.get(scope["path"], DEFAULT_BODY_LIMIT)
        body = await _read_body(receive, limit)
        if body is None:
            return
        if body and scope["method"] in {"POST", "PUT", "PATCH"}:
            scope[_JSON_KEY] = _read_json(scope, body)
        replay: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive_again() -> Message:
            return replay.pop() if replay else await receive()

        await self._app(scope, receive_again, send)


async def _read_body(receive: Receive, limit: int) -> bytes | None:
    """The whole body by counted bytes, whatever Content-Length says; None when the client went away."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                part = message.get("body", b"")
                size += len(part)
                if size > limit:
                    # The rest is left unread, so the connection cannot be used again.
                    raise Problem(
                        413,
                        "Too large",
                        f"a body here may have at most {limit} bytes",
                        kind="too_large",
                        headers={"Connection": "close"},
                    )
                parts.append(part)
                if not message.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError:
        raise Problem(
            408,
            "Too slow",
            f"the body did not arrive within {BODY_SECONDS:.0f} seconds",
            kind="too_slow",
            headers={"Connection": "close"},
        ) from None


def _read_json(scope: Scope, body: bytes) -> object:
    content_type = dict(scope["headers"]).get(b"content-type", b"").split(b";")[0].strip().lower()
    if content_type != b"application/json":
        raise Problem(415, "Not JSON", "expected Content-Type: application/json", kind="not_json")
    try:
        return strict_json(body)
    except InvalidJson as error:
        raise Problem(400, "Not valid JSON", str(error), kind="invalid_json") from None


def _route_of(scope: Scope) -> str:
    """The route's template: a path itself may hold ids."""
    return getattr(scope.get("route"), "path", "none")


def _described(scope: Scope) -> dict[str, object]:
    return {"method": scope["method"], "route": _route_of(scope)}
