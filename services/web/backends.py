"""What the pages ask the services. A failure is a failure by name, never an empty answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx

from services.web.routes import Part, route_of

PATIENCE_SECONDS: Final = 10.0
_COUNTING_SECONDS: Final = 30.0
"""Of outcomes, where a page has dozens of numbers counted over all there is."""
_CONNECT_SECONDS: Final = 2.0

Json = Mapping[str, Any]


class PartAway(Exception):
    """The part did not answer, or its answer could not be read: what it knows cannot be shown now."""

    def __init__(self, part: Part, why: str) -> None:
        super().__init__(f"{part}: {why}")
        self.part = part


class SessionEnded(Exception):
    """The token is no longer good: sign in again."""


@dataclass(frozen=True, slots=True)
class FieldRefusal:
    """What a service says about one field, by its dotted path (`data.outcome`)."""

    field: str
    message: str


class Refused(Exception):
    """The service understood and said no (4xx); `errors` says what stands where, `kind` why, in one word."""

    def __init__(
        self, status: int, title: str, detail: str, errors: Sequence[FieldRefusal] = (), kind: str = ""
    ) -> None:
        super().__init__(f"{status} {title}: {detail}")
        self.status = status
        self.kind = kind
        self.title = title
        self.detail = detail
        self.errors = tuple(errors)


class Backends:
    """Calls to the parts by the same route table that the proxy uses."""

    def __init__(self, client: httpx.AsyncClient, addresses: Mapping[Part, str]) -> None:
        self._client = client
        self._addresses = addresses

    async def get(self, path: str, token: str | None, **params: str | Sequence[str] | None) -> Json:
        """The JSON object at a path; a parameter may be given several times. Raises PartAway, SessionEnded, Refused."""
        given = {name: value for name, value in params.items() if value}
        return await self._ask("GET", path, token, params=given)

    async def post(self, path: str, token: str | None, body: object, patience_seconds: float | None = None) -> Json:
        """What the part answers to a JSON body. Raises PartAway, SessionEnded, Refused."""
        return await self._ask("POST", path, token, patience_seconds, json=body)

    async def delete(self, path: str, token: str | None) -> Json:
        """Raises PartAway, SessionEnded, Refused."""
        return await self._ask("DELETE", path, token)

    async def put(self, path: str, token: str | None, body: object) -> Json:
        """As `post`."""
        return await self._ask("PUT", path, token, json=body)

    async def _ask(
        self, method: str, path: str, token: str | None, patience_seconds: float | None = None, **content: Any
    ) -> Json:
        route = route_of(path)
        if route is None:
            raise ValueError(f"no part answers for {path}")
        headers = {"accept": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
        usual = _COUNTING_SECONDS if route.part is Part.OUTCOMES else PATIENCE_SECONDS
        patience = httpx.Timeout(patience_seconds or usual, connect=_CONNECT_SECONDS)
        try:
            answer = await self._client.request(
                method, self._addresses[route.part] + path, headers=headers, timeout=patience, **content
            )
        except httpx.TransportError as error:
            raise PartAway(route.part, type(error).__name__) from error
        return _read(route.part, answer, signed_in=token is not None)


def _read(part: Part, answer: httpx.Response, signed_in: bool) -> Json:
    if answer.status_code >= 500:
        raise PartAway(part, f"answered {answer.status_code}")
    if answer.status_code == 401 and signed_in:
        raise SessionEnded
    try:
        body = answer.json()
    except ValueError as error:
        raise PartAway(part, "answered what is not JSON") from error
    if not isinstance(body, dict):
        raise PartAway(part, "answered no JSON object")
    if answer.status_code >= 400:
        raise _refusal(answer.status_code, body)
    return body


def _refusal(status: int, body: Json) -> Refused:
    errors = body.get("errors")
    listed = errors if isinstance(errors, list) else []
    found = [
        FieldRefusal(str(error.get("field", "")), str(error.get("message", "")))
        for error in listed
        if isinstance(error, dict)
    ]
    kind = str(body.get("type", "")).rpartition(":")[2]
    return Refused(status, str(body.get("title", "")), str(body.get("detail", "")), found, kind)
