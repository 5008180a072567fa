"""The wiring of the origin: settings in, app out."""

from __future__ import annotations

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.access.verification import verifier_from_settings
from services.runtime.metrics import exposition
from services.runtime.settings import Settings
from services.web.app import create_app
from services.web.routes import Part


def app_from(settings: Settings) -> Starlette:
    return create_app(addresses_from(settings), new_client(), verifier_from_settings(settings), workers_from(settings))


def metrics_app() -> Starlette:
    """What is for whoever looks after the system, on a port that nobody else can reach."""

    async def metrics(_: Request) -> Response:
        content, media_type = exposition()
        return Response(content, media_type=media_type)

    return Starlette(routes=[Route("/metrics", metrics)])


def workers_from(settings: Settings) -> dict[str, str]:
    """http://host:port of the stream workers that the settings name."""
    named = {"neglect_watch": settings.neglect_watch_url, "clickhouse_sink": settings.clickhouse_sink_url}
    return {name: url.rstrip("/") for name, url in named.items() if url}


def addresses_from(settings: Settings) -> dict[Part, str]:
    return {
        Part.CASEWORK: settings.casework_url.rstrip("/"),
        Part.ALERTING: settings.alerting_url.rstrip("/"),
        Part.OUTCOMES: settings.outcomes_url.rstrip("/"),
        Part.ACCESS: settings.access_url.rstrip("/"),
    }


def new_client() -> httpx.AsyncClient:
    """No limit on connections: every open page holds a stream. Nothing of the environment (proxies) applies."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
    client = httpx.AsyncClient(limits=limits, trust_env=False, follow_redirects=False)
    client.headers.clear()
    return client
