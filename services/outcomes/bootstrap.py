"""Wires outcomes together: the only place that knows both its port and the store behind it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote, urlsplit

import clickhouse_connect
from fastapi import FastAPI

from services.access.verification import verifier_from_settings
from services.outcomes.adapters.clickhouse import ClickHouseTallies, Client
from services.outcomes.adapters.dice_key import load_or_create_dice_key
from services.outcomes.adapters.release_store import SqliteReleases
from services.outcomes.adapters.target_store import SqliteTargets
from services.outcomes.application.asking import Outcomes
from services.outcomes.application.releasing import Releases
from services.outcomes.domain.protection.places import Knowledge, Sum
from services.outcomes.entrypoints.http import create_router
from services.outcomes.entrypoints.http_releases import create_releases_router
from services.outcomes.entrypoints.http_targets import create_targets_router
from services.outcomes.ports import TallyStore
from services.runtime.http import Verifier, create_service_app
from services.runtime.settings import Settings

CONNECT_SECONDS: Final = 3
ANSWER_SECONDS: Final = 30


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def connect(settings: Settings) -> Client:
    """A client without a session, which threads may share. Raises what the client raises."""
    address = urlsplit(settings.clickhouse_url)
    client: Client = clickhouse_connect.get_client(
        host=address.hostname or "127.0.0.1",
        port=address.port or (8443 if address.scheme == "https" else 8123),
        secure=address.scheme == "https",
        username=unquote(address.username or "") or settings.clickhouse_user,
        password=unquote(address.password or "") or settings.clickhouse_password.get_secret_value(),
        database=settings.clickhouse_database,
        connect_timeout=CONNECT_SECONDS,
        send_receive_timeout=ANSWER_SECONDS,
        autogenerate_session_id=False,
    )
    return client


def create_app(settings: Settings, verifier: Verifier | None = None) -> FastAPI:
    """The service's app; without a verifier, the one the settings describe."""
    tallies = ClickHouseTallies(lambda: connect(settings))

    async def clickhouse_reached() -> None:
        await asyncio.to_thread(tallies.ping)

    chosen = verifier if verifier is not None else verifier_from_settings(settings)
    app = create_service_app("outcomes", "outcomes", chosen, {"clickhouse": clickhouse_reached})
    app.include_router(create_router(Outcomes(tallies), now_ms))
    app.include_router(create_targets_router(SqliteTargets(settings.outcomes_dir), now_ms))
    app.include_router(create_releases_router(releases_of(settings, tallies), now_ms))
    return app


def releases_of(settings: Settings, tallies: TallyStore) -> Releases:
    """The releases kept under VAR_DIR; nothing is made there before somebody asks."""
    directory = settings.outcomes_dir
    return Releases(tallies, SqliteReleases(directory), lambda: load_or_create_dice_key(directory), _tightest_intervals)


def _tightest_intervals(knowledge: Knowledge, sums: Sequence[Sum]) -> list[tuple[int | None, int | None]]:
    """Raises NothingPossible. The solver is imported by its first question: it takes as long as all the rest."""
    from services.outcomes.adapters.interval_solver import tightest_intervals

    return tightest_intervals(knowledge, sums)
