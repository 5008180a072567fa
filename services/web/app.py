"""The origin as an ASGI app: the table of its own pages, the proxy for everything of the services."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

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
from services.web.limiting import Limiting
from services.web.measuring import Measuring
from services.web.pages import (
    account,
    administrator,
    case,
    evaluator,
    for_her,
    head,
    health,
    identity,
    notifications,
    releases,
    signing,
    staff,
    supervisor,
)
from services.web.proxy import Proxy
from services.web.renewing import Renewals, Renewing
from services.web.routes import ROUTES, Part

_STATIC: Final = Path(__file__).parent / "static"
_OF_PROGRAMS: Final = ("/v1/", "/.well-known/")
_ALL_METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create_app(
    addresses: Mapping[Part, str],
    client: httpx.AsyncClient,
    verifier: Verifier,
    workers: Mapping[str, str] | None = None,
    limits: RateLimits | None = None,
    names: frozenset[str] | None = None,
) -> Starlette:
    """The app; it closes the client when it stops. `addresses`: http://host:port of each part.

    workers: the same of stream workers, by name, whose readiness counts as well.
    limits: how much may be asked for; without, those of the settings' defaults. names: the hosts it answers to.
    """

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with client:
            yield

    documents = Documents(client, addresses, workers)
    backends = Backends(client, addresses)
    app = Starlette(
        routes=[*_page_routes(), *_plumbing_routes(documents), *_proxied(Proxy(client, addresses))],
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
    app.state.documents = documents
    return app


def _page_routes() -> list[BaseRoute]:
    return [
        Route("/", signing.home),
        Route("/sign-in", signing.sign_in_page),
        Route("/sign-in", signing.sign_in, methods=["POST"]),
        Route("/second-factor", signing.second_factor_page),
        Route("/second-factor", signing.second_factor, methods=["POST"]),
        Route("/invitation", signing.invitation_page),
        Route("/invitation", signing.invitation, methods=["POST"]),
        Route("/sign-out", signing.sign_out, methods=["POST"]),
        Route("/leave", signing.leave, methods=["POST"]),
        Route("/blank", signing.blank),
        Route("/language", signing.choose_language),
        Route("/today", staff.today),
        Route("/open-case", staff.open_case_page),
        Route("/open-case", staff.open_case, methods=["POST"]),
        Route("/cases/{case_id}", case.case_page),
        Route("/cases/{case_id}", case.look_at_her, methods=["POST"]),
        Route("/cases/{case_id}/glass", case.break_glass, methods=["POST"]),
        Route("/cases/{case_id}/identity", identity.identity_page),
        Route("/cases/{case_id}/identity", identity.keep, methods=["POST"]),
        Route("/cases/{case_id}/for-her", for_her.for_her_page),
        Route("/cases/{case_id}/for-her", for_her.for_her, methods=["POST"]),
        Route("/cases/{case_id}/erase", head.erase_page),
        Route("/cases/{case_id}/erase", head.erase, methods=["POST"]),
        Route("/cases/{case_id}/record", staff.record_page),
        Route("/cases/{case_id}/record", staff.record, methods=["POST"]),
        Route("/cases/{case_id}/words", staff.words, methods=["POST"]),
        Route("/inbox", supervisor.inbox),
        Route("/inbox/{alert_id}/{act}", supervisor.act_on, methods=["POST"]),
        Route("/notifications", notifications.own),
        Route("/notifications", notifications.add_channel, methods=["POST"]),
        Route("/notifications/times", notifications.say_times, methods=["POST"]),
        Route("/notifications/people", notifications.everybodys),
        Route("/notifications/people", notifications.say_working_days, methods=["POST"]),
        Route("/notifications/{channel_id}/{act}", notifications.act_on, methods=["POST"]),
        Route("/audit", head.audit),
        Route("/outcomes", evaluator.outcomes),
        Route("/releases", releases.list_page),
        Route("/releases", releases.make, methods=["POST"]),
        Route("/releases/{number}", releases.release_page),
        Route("/releases/{number}/publish", releases.publish, methods=["POST"]),
        Route("/people", administrator.people),
        Route("/people", administrator.invite, methods=["POST"]),
        Route("/people/{account_id}/{act}", administrator.act_on, methods=["POST"]),
        Route("/health", health.health),
        Route("/lock-outs", administrator.lock_outs),
        Route("/lock-outs/{account_id}", administrator.lift_lock_out, methods=["POST"]),
        Route("/account", account.account),
        Route("/account/sessions/{session_id}", account.end_session, methods=["POST"]),
        Route("/account/absences", account.say_absence, methods=["POST"]),
        Route("/account/absences/{absence_id}", account.end_absence, methods=["POST"]),
    ]


def _plumbing_routes(documents: Documents) -> list[BaseRoute]:
    return [
        Route("/healthz", _healthz),
        Route("/readyz", documents.readyz),
        Route("/openapi.json", documents.openapi),
        Route("/favicon.ico", _icon),
        Mount("/static", _Static(directory=_STATIC), name="static"),
    ]


def _proxied(proxy: Proxy) -> list[BaseRoute]:
    """The proxy reads the table of routes itself; here only its first path segments are told apart from pages."""
    tops = sorted({route.path.split("/")[1] for route in ROUTES})
    return [Route(f"/{top}/{{rest:path}}", proxy.answer, methods=_ALL_METHODS) for top in tops]


class _Static(StaticFiles):
    """Files of the pages: the browser may keep them, and asks whether they changed."""

    def file_response(self, *arguments: object, **named: object) -> Response:
        response = super().file_response(*arguments, **named)  # type: ignore[arg-type]
        response.headers["cache-control"] = "no-cache"
        return response


async def _healthz(_: Request) -> Response:
    return JSONResponse({"status": "alive"})


async def _icon(_: Request) -> Response:
    return FileResponse(_STATIC / "icon.svg", media_type="image/svg+xml")


def _framework_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        # A path with a line break in it is no path of the proxy's, but whoever asks for it is a program all the same.
        return not_found().to_response() if request.url.path.startswith(_OF_PROGRAMS) else no_such_page(request, error)
    return Response(error.detail, error.status_code, error.headers, media_type="text/plain")
