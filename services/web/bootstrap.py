"""The wiring of the origin: settings in, app out."""

from __future__ import annotations

from typing import Final

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.access.verification import verifier_from_settings
from services.runtime.metrics import exposition
from services.runtime.rate_limits import RateLimits
from services.runtime.settings import Settings
from services.runtime.tls import Certificate
from services.web.app import create_app
from services.web.reading_halves import ReadingHalves
from services.web.routes import Part
from services.web.sealing_keys import SealingKeys

# Far less than the parts wait before they close an idle connection: none is used that is just being closed.
_IDLE_SECONDS: Final = 15.0


def app_from(settings: Settings, certificate: Certificate | None = None) -> Starlette:
    """certificate: what the origin is served with. Raises NotOursAlone."""
    return create_app(
        addresses_from(settings),
        new_client(),
        verifier_from_settings(settings),
        workers_from(settings),
        RateLimits(settings),
        certificate.names if certificate else None,
        ReadingHalves.of_installation(settings.var_dir / "web", settings.offline_lease_days),
        SealingKeys.of_installation(settings.sealing_keys),
    )


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
        Part.VAULT: settings.vault_url.rstrip("/"),
    }


def new_client() -> httpx.AsyncClient:
    """No limit on connections: every open page holds a stream. Nothing of the environment (proxies) applies.

    The connections are aiohttp's: httpx's own pool looks at every open one for each request, so that every open page
    would make every answer slower.
    """
    client = httpx.AsyncClient(transport=AiohttpTransport(client=_connections), trust_env=False, follow_redirects=False)
    client.headers.clear()
    return client


def _connections() -> aiohttp.ClientSession:
    """Nothing is added to a request that did not come with it, and nothing of an answer is kept."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        trust_env=False,
    )
