"""Puts the vault together from the settings, and runs it: the one place where ports meet what stands behind them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import httpx
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from services.access.domain.permissions import CaseResource
from services.access.verification import verifier_from_settings
from services.runtime.authentication import Verifier
from services.runtime.grpc_server import GrpcServer
from services.runtime.http import create_service_app
from services.runtime.serve import CannotServe, serve_http
from services.runtime.service_token import ServiceToken
from services.runtime.settings import Settings
from services.vault.adapters.case_safe import SealedCases
from services.vault.adapters.casework import Casework
from services.vault.adapters.copies import BackupsBelow
from services.vault.adapters.key_file import KeyFile, UnusableKeys, create_key_file
from services.vault.adapters.store import OtherInstallation, SqlVaultStore, sqlite_url
from services.vault.application.auditing import Audit
from services.vault.application.breaking_glass import BreakingGlass
from services.vault.application.erasing import Erasing
from services.vault.application.errors import Away, Unreadable
from services.vault.application.keeping import Keeping
from services.vault.application.ports import Charges, ErasedInLog
from services.vault.application.revealing import Revealing
from services.vault.entrypoints.grpc_vault import vault_service
from services.vault.entrypoints.rest import (
    IMPORTED_BYTES,
    IMPORTED_PATH,
    audit_routes,
    glass_routes,
    keeping_routes,
    revealing_routes,
)
from services.vault.entrypoints.rest_erasing import erasing_routes

_SECONDS_BETWEEN_LOOKS_FOR_ERASURES: Final = 30.0

_log = logging.getLogger(__name__)


class AskedCasework(Charges, ErasedInLog, Protocol):
    """Both that casework is asked."""


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Vault:
    """Everything of the service but its servers."""

    store: SqlVaultStore
    keys: KeyFile
    audit: Audit
    keeping: Keeping
    revealing: Revealing
    breaking: BreakingGlass
    erasing: Erasing


def open_store(settings: Settings) -> tuple[SqlVaultStore, KeyFile]:
    """The data and the keys that belong to it; both are made the first time, and never one beside the other's remains.

    Raises CannotServe with what to do.
    """
    try:
        store = SqlVaultStore(settings.vault_database_url or sqlite_url(settings.vault_dir))
        path = settings.vault_keys
        keys = create_key_file(path) if not path.exists() and store.is_empty() else KeyFile(path)
        store.belongs_to(keys.installation)
    except (UnusableKeys, OtherInstallation, Away) as error:
        raise CannotServe(str(error)) from None
    except SQLAlchemyError as error:
        # Its own words may hold values.
        raise CannotServe(f"the vault's database cannot be used: {type(error).__name__}") from None
    return store, keys


def open_vault(settings: Settings) -> Vault:
    """For questions about the data alone: casework cannot be asked through it. Raises CannotServe."""
    store, keys = open_store(settings)
    return assemble(store, keys, NobodyToAsk(), settings, now_ms)


class NobodyToAsk:
    """Casework as a command has it: away."""

    async def of(self, case_id: str) -> CaseResource | None:
        raise Away("a command does not ask casework")

    async def all(self) -> dict[str, frozenset[str]]:
        raise Away("a command does not ask casework")

    async def record(self, organisation: str, case_id: str) -> None:
        raise Away("a command does not ask casework")


def vault_of(settings: Settings, client: httpx.AsyncClient, clock: Callable[[], int] = now_ms) -> Vault:
    """The service upon its store and casework; casework is not reached yet. Raises CannotServe."""
    store, keys = open_store(settings)
    casework = Casework(client, settings.casework_url, ServiceToken(settings, "vault"), clock)
    return assemble(store, keys, casework, settings, clock)


def assemble(
    store: SqlVaultStore, keys: KeyFile, casework: AskedCasework, settings: Settings, clock: Callable[[], int]
) -> Vault:
    """clock: milliseconds since 1970 UTC."""
    safe = SealedCases(keys)
    audit = Audit(store, keys, clock)
    copies = BackupsBelow(settings.var_dir / "backups", safe)
    return Vault(
        store,
        keys,
        audit,
        Keeping(store, safe, audit, casework, clock),
        Revealing(store, safe, audit, casework, clock),
        BreakingGlass(store, audit, casework, clock),
        Erasing(store, safe, keys, audit, casework, casework, copies, clock),
    )


def create_app(vault: Vault, verifier: Verifier) -> FastAPI:
    async def database() -> None:
        await asyncio.to_thread(vault.store.check)

    async def keys() -> None:
        await asyncio.to_thread(vault.keys.check)

    readiness = {"database": database, "keys": keys}
    app = create_service_app("Vault", "vault", verifier, readiness, body_limits={IMPORTED_PATH: IMPORTED_BYTES})
    app.include_router(keeping_routes(vault.keeping))
    app.include_router(revealing_routes(vault.revealing))
    app.include_router(glass_routes(vault.breaking))
    app.include_router(audit_routes(vault.audit))
    app.include_router(erasing_routes(vault.erasing))
    return app


class ErasureKeeper:
    """Finishes what erasures were cut off, and erases here whom the log says was erased, beside the servers."""

    def __init__(self, erasing: Erasing) -> None:
        self._erasing = erasing
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._keep_erasing())

    async def wait(self) -> None:
        assert self._task is not None
        await asyncio.shield(self._task)

    async def stop(self, within_seconds: float) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=within_seconds)

    async def _keep_erasing(self) -> None:
        while True:
            try:
                await self._erasing.catch_up_with_log()
                await self._erasing.finish()
            except Away as error:
                _log.warning("erasures cannot be finished just now", extra={"reason": str(error)})
            except Unreadable as error:
                _log.error("erasures cannot be finished: %s", error)
            except OSError:
                # The key file's disk is full, say: what was cut off goes on from there.
                _log.exception("erasures cannot be finished just now")
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS_FOR_ERASURES)


async def serve_vault(settings: Settings) -> None:
    """REST on VAULT_PORT and gRPC on VAULT_GRPC_PORT until SIGTERM or SIGINT. Raises CannotServe."""
    async with httpx.AsyncClient(trust_env=False) as client:
        vault = vault_of(settings, client)
        verifier = verifier_from_settings(settings)
        grpc_server = GrpcServer(
            [vault_service(vault.keeping, vault.revealing)], verifier, settings.inner_host, settings.vault_grpc_port
        )
        await serve_http(
            create_app(vault, verifier),
            settings.inner_host,
            settings.vault_port,
            grpc_server,
            ErasureKeeper(vault.erasing),
            stop_within_seconds=settings.stop_within_seconds,
        )
