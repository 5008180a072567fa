"""The streaming reverse proxy: bodies pass through counted and unbuffered, streams stay streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Final

import httpx
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from services.runtime.problems import not_found
from services.web.problems import cut_off, not_from_this_origin, part_away, too_large, too_slow
from services.web.routes import Part, Route, route_of
from services.web.sessions import ForgedRequest, check_proxied, session_token

_HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# A browser's cookies stay at the origin, and who asked is for the origin to say.
_NOT_PASSED_ON: Final = _HOP_BY_HOP | {"host", "cookie", "accept-encoding", "x-forwarded-for", "forwarded"}
_NOT_PASSED_BACK: Final = _HOP_BY_HOP | {"server", "date", "set-cookie"}

_ANSWER_SECONDS: Final = 30.0
_CONNECT_SECONDS: Final = 3.0
_BODY_SECONDS: Final = 120.0


class BodyTooLarge(Exception):
    """More bytes came than the route takes, whatever Content-Length said."""


class Proxy:
    """Hands a request to the part its path belongs to. `addresses`: http://host:port of each part."""

    def __init__(self, client: httpx.AsyncClient, addresses: Mapping[Part, str]) -> None:
        self._client = client
        self._addresses = addresses

    async def answer(self, request: Request) -> Response:
        route = route_of(request.url.path)
        if route is None:
            return not_found().to_response()
        try:
            headers = _headers_for_part(request)
        except ForgedRequest as forged:
            return not_from_this_origin(str(forged))
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > route.body_bytes:
            return too_large(route)
        body = _Body(request, route.body_bytes)
        try:
            answer = await self._client.send(self._outgoing(request, route, headers, body), stream=True)
        except httpx.TransportError:
            return part_away(route.part) if body.failure is None else _refused(body.failure, route)
        except (BodyTooLarge, ClientDisconnect, TimeoutError) as failure:
            return _refused(failure, route)
        return _passed_back(answer)

    def _outgoing(
        self, request: Request, route: Route, headers: list[tuple[bytes, bytes]], body: _Body
    ) -> httpx.Request:
        has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
        raw_path: bytes = request.scope.get("raw_path") or request.url.path.encode()
        query: bytes = request.scope["query_string"]
        url = httpx.URL(self._addresses[route.part]).copy_with(raw_path=raw_path + (b"?" + query if query else b""))
        return self._client.build_request(
            request.method,
            url,
            headers=headers,
            content=body.chunks() if has_body else None,
            timeout=_patience(request),
        )


def _headers_for_part(request: Request) -> list[tuple[bytes, bytes]]:
    """Raises ForgedRequest when a session cookie is used by another site."""
    dropped = _NOT_PASSED_ON | _named_by_connection(request.headers.get("connection", ""))
    headers = [(name, value) for name, value in request.headers.raw if name.decode("latin-1") not in dropped]
    headers.append((b"accept-encoding", b"identity"))
    if request.client is not None:
        headers.append((b"x-forwarded-for", request.client.host.encode()))
    session = session_token(request)
    if session is not None and "authorization" not in request.headers:
        check_proxied(request)
        headers.append((b"authorization", b"Bearer " + session.encode()))
    return headers


def _named_by_connection(connection: str) -> frozenset[str]:
    return frozenset(name.strip().lower() for name in connection.split(",") if name.strip())


def _patience(request: Request) -> httpx.Timeout:
    """A stream of server-sent events may be silent for as long as it likes; anything else may not."""
    is_stream = "text/event-stream" in request.headers.get("accept", "") or request.url.path.endswith("/stream")
    return httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS, read=None if is_stream else _ANSWER_SECONDS)


class _Body:
    """A request's body on its way through. `failure`: why it did not come to its end, however the client tells it."""

    def __init__(self, request: Request, most: int) -> None:
        self._request = request
        self._most = most
        self.failure: BodyTooLarge | ClientDisconnect | TimeoutError | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        """As they come. Raises BodyTooLarge, and TimeoutError when it drips."""
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                async for chunk in self._counted():
                    yield chunk
        except (BodyTooLarge, ClientDisconnect, TimeoutError) as failure:
            self.failure = failure
            raise

    async def _counted(self) -> AsyncIterator[bytes]:
        count = 0
        async for chunk in self._request.stream():
            count += len(chunk)
            if count > self._most:
                raise BodyTooLarge
            if chunk:
                yield chunk


def _refused(failure: Exception, route: Route) -> Response:
    if isinstance(failure, BodyTooLarge):
        return too_large(route)
    return cut_off() if isinstance(failure, ClientDisconnect) else too_slow()


def _passed_back(answer: httpx.Response) -> Response:
    is_stream = answer.headers.get("content-type", "").startswith("text/event-stream")
    response = StreamingResponse(_body(answer, is_stream), answer.status_code)
    dropped = _NOT_PASSED_BACK | _named_by_connection(answer.headers.get("connection", ""))
    response.raw_headers = [
        (name.lower(), value) for name, value in answer.headers.raw if name.decode("latin-1").lower() not in dropped
    ]
    if is_stream:
        response.headers["x-accel-buffering"] = "no"
    return response


async def _body(answer: httpx.Response, is_stream: bool) -> AsyncIterator[bytes]:
    """The bytes as they come. A cut answer is cut for the reader too; a cut event stream ends, and is reopened."""
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    except httpx.TransportError:
        if not is_stream:
            raise
    finally:
        await answer.aclose()
