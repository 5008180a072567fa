"""What the origin says about all parts together: one OpenAPI document, one readiness, and how each part is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from services.runtime.problems import Problem
from services.web.routes import Part, route_of

_PATIENCE: Final = httpx.Timeout(5.0, connect=2.0)
_REF: Final = "#/components/"

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PartHealth:
    """How one part is. answers: it said something; missing: (what it does not reach, why), none when it is ready."""

    name: str
    answers: bool
    is_ready: bool
    missing: tuple[tuple[str, str], ...] = ()

    @property
    def names_missing(self) -> list[str]:
        """For everybody: `part.what`, the part alone when it does not say, nothing when it is ready."""
        if self.is_ready:
            return []
        return [f"{self.name}.{what}" for what, _ in self.missing] or [self.name]


class Documents:
    """Asks every part. `addresses`: http://host:port of each; `workers`: of those that only tell their readiness."""

    def __init__(
        self, client: httpx.AsyncClient, addresses: Mapping[Part, str], workers: Mapping[str, str] | None = None
    ) -> None:
        self._client = client
        self._addresses = addresses
        self._asked_for_readiness = {**{str(part): url for part, url in addresses.items()}, **(workers or {})}

    async def openapi(self, request: Request) -> Response:
        """The paths of every part that can be reached through this origin; `info` names the parts that are missing."""
        answers = await asyncio.gather(*(self._document_of(part) for part in self._addresses))
        return JSONResponse(merged(dict(zip(self._addresses, answers, strict=True))))

    async def readyz(self, request: Request) -> Response:
        """200 when every part is ready; 503 with what is missing, by part and by what that part misses.

        Everybody may ask, so names are all it says: why is told by the part itself, on its own port.
        """
        missing = [(name, "not ready") for part in await self.health() for name in part.names_missing]
        if missing:
            names = ", ".join(name for name, _ in missing)
            return Problem(503, "Not ready", f"not ready: {names}", missing, kind="not_ready").to_response()
        return JSONResponse({"status": "ready", "parts": sorted(self._asked_for_readiness)})

    async def health(self) -> list[PartHealth]:
        """How every part is just now, with the reasons: for those who look after the system."""
        asked = self._asked_for_readiness
        return list(await asyncio.gather(*(self._health_of(name, url) for name, url in asked.items())))

    async def _document_of(self, part: Part) -> Document | None:
        try:
            answer = await self._client.get(f"{self._addresses[part]}/openapi.json", timeout=_PATIENCE)
            document = answer.json() if answer.status_code == 200 else None
        except (httpx.TransportError, ValueError):
            return None
        return document if isinstance(document, dict) else None

    async def _health_of(self, name: str, url: str) -> PartHealth:
        try:
            answer = await self._client.get(f"{url}/readyz", timeout=_PATIENCE)
        except httpx.TransportError:
            return PartHealth(name, answers=False, is_ready=False)
        if answer.status_code == 200:
            return PartHealth(name, answers=True, is_ready=True)
        try:
            missing = tuple((str(found["field"]), str(found["message"])) for found in answer.json()["errors"])
        except (ValueError, KeyError, TypeError):
            missing = ()
        return PartHealth(name, answers=True, is_ready=False, missing=missing)


def merged(documents: Mapping[Part, Document | None]) -> dict[str, Any]:
    """One document of several. A component that two parts name alike but mean otherwise carries its part's name."""
    missing = sorted(part for part, document in documents.items() if document is None)
    info: dict[str, Any] = {"title": "Reintegration", "version": "1"}
    if missing:
        info["description"] = f"Parts that did not answer, so that their paths are missing here: {', '.join(missing)}."
        info["x-missing-parts"] = missing
    whole: dict[str, Any] = {"openapi": "3.1.0", "info": info, "paths": {}, "components": {}}
    for part, document in documents.items():
        if document is not None:
            _add(whole, part, document)
    return whole


def _add(whole: dict[str, Any], part: Part, document: Document) -> None:
    renamed = _renamed(document, _collisions(whole["components"], document.get("components", {})), part)
    for path, item in renamed.get("paths", {}).items():
        route = route_of(path)
        if route is not None and route.part is part:
            whole["paths"][path] = _tagged(item, part)
    for kind, components in renamed.get("components", {}).items():
        whole["components"].setdefault(kind, {}).update(components)


def _tagged(item: Mapping[str, Any], part: Part) -> dict[str, Any]:
    """Every operation under its part's name, its id unique over all parts."""
    tagged = dict(item)
    for method, operation in item.items():
        if isinstance(operation, dict):
            tagged[method] = operation | {"tags": [str(part)]}
            if "operationId" in operation:
                tagged[method]["operationId"] = f"{part}_{operation['operationId']}"
    return tagged


def _collisions(known: Document, new: Document) -> list[tuple[str, str]]:
    return [
        (kind, name)
        for kind, components in new.items()
        for name, component in components.items()
        if known.get(kind, {}).get(name, component) != component
    ]


def _renamed(document: Document, collisions: list[tuple[str, str]], part: Part) -> Document:
    if not collisions:
        return document
    text = json.dumps(document)
    for kind, name in collisions:
        text = text.replace(f'"{_REF}{kind}/{name}"', f'"{_REF}{kind}/{part}_{name}"')
    again: dict[str, Any] = json.loads(text)
    for kind, name in collisions:
        again["components"][kind][f"{part}_{name}"] = again["components"][kind].pop(name)
    return again
