"""The origin as an ASGI app: the table of its own pages, the proxy for everything of the services."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from services.runtime.authentication import Verifier
from services.runtime.problems import not_found
from services.runtime.rate_limits import RateLimits
from services.runtime.settings import Settings
from services.web.backends import Backends
from services.web.documents import Documents
from services.web.faces import ON_ERROR, no_such_page
from services.web.failing import Failing
from services.web.headers import SecurityHeaders
from services.web.hosts import Hosts
from services.web.kept_files import SCRIPT, STATIC, kept, script
from services.web.limiting import Limiting
from services.web.measuring import Measuring
from services.web.page_table import PAGES
from services.web.pages import device
from services.web.proxy import Proxy
from services.web.reading_halves import ReadingHalves
from services.web.renewing import Renewals, Renewing
from services.web.routes import ROUTES, Part
from services.web.sealing_keys import SealingKeys

_SMALL: Final = [Middleware(GZipMiddleware)]
_OF_PROGRAMS: Final = ("/v1/", "/.well-known/")
_ALL_METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create_app(
    addresses: Mapping[Part, str],
    client: httpx.AsyncClient,
    verifier: Verifier,
    workers: Mapping[str, str] | None = None,
    limits: RateLimits | None = None,
    names: frozenset[str] | None = None,
    halves: ReadingHalves | None = None,
    sealing_keys: SealingKeys | None = None,
) -> Starlette:
    """The app; it closes the client when it stops. `addresses`: http://host:port of each part.

    workers: the same of stream workers, by name, whose readiness counts as well.
    limits: how much may be asked for; without, those of the settings' defaults. names: the hosts it answers to.
    halves: of the keys by which devices keep pages; sealing_keys: what waits on devices is sealed to them. Without, of
    secrets that end with the process.
    """

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with client:
            yield

    documents = Documents(client, addresses, workers)
    backends = Backends(client, addresses)
    app = Starlette(
        routes=[*PAGES, *_plumbing_routes(documents), *_proxied(Proxy(client, addresses))],
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(Measuring),
            Middleware(Failing),
            Middleware(Hosts, names=names),
            Middleware(Limiting, limits=limits or RateLimits(Settings.model_construct()), verifier=verifier),
            Middleware(Renewing, Renewals(backends)),
        ],
        exception_handlers={**ON_ERROR, HTTPException: _framework_error},
        lifespan=lifespan,
    )
    app.state.verifier = verifier
    app.state.backends = backends
    app.state.reading_halves = halves or ReadingHalves.of_this_process()
    app.state.sealing_keys = sealing_keys or SealingKeys.of_this_process()
    app.state.documents = documents
    return app


def _plumbing_routes(documents: Documents) -> list[BaseRoute]:
    return [
        Route("/healthz", _healthz),
        Route("/readyz", documents.readyz),
        Route("/openapi.json", documents.openapi),
        Route("/favicon.ico", _icon),
        Route("/static/worker.js", device.worker, middleware=_SMALL),
        Route("/static/sealing-key.json", device.sealing_key),
        Route("/static/words/{language}.json", device.words_of_scripts, middleware=_SMALL),
        Mount("/static", GZipMiddleware(_Static(directory=STATIC)), name="static"),
    ]


def _proxied(proxy: Proxy) -> list[BaseRoute]:
    """The proxy reads the table of routes itself; here only its first path segments are told apart from pages.

    How far checking is, open pages ask for again and again: it goes small.
    """
    tops = sorted({route.path.split("/")[1] for route in ROUTES})
    asked_often = Route("/v1/detector", proxy.answer, methods=_ALL_METHODS, middleware=_SMALL)
    return [asked_often, *(Route(f"/{top}/{{rest:path}}", proxy.answer, methods=_ALL_METHODS) for top in tops)]


class _Static(StaticFiles):
    """Files of the pages: the browser may keep them, and asks whether they changed. What others wrote goes as it is."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        path = Path(full_path)
        if path.suffix == ".js" and path.parent.name == STATIC.name:
            return kept(Request(scope), script(path.name), SCRIPT)
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["cache-control"] = "no-cache"
        # Whether one changed, its tag says.
        del response.headers["last-modified"]
        return response


async def _healthz(_: Request) -> Response:
    return JSONResponse({"status": "alive"})


async def _icon(_: Request) -> Response:
    return FileResponse(STATIC / "icon.svg", media_type="image/svg+xml")


def _framework_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        # A path with a line break in it is no path of the proxy's, but whoever asks for it is a program all the same.
        return not_found().to_response() if request.url.path.startswith(_OF_PROGRAMS) else no_such_page(request, error)
    return Response(error.detail, error.status_code, error.headers, media_type="text/plain")
