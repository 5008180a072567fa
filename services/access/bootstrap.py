"""Wires access together: the only place that knows both its ports and what stands behind them."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from dataclasses import dataclass

from fastapi import FastAPI

from services.access.adapters.account_store import SqliteAccounts
from services.access.adapters.passwords import Argon2Passwords
from services.access.adapters.signing_key import SigningKey, load_or_create_signing_key
from services.access.adapters.token_issuer import TokenIssuer
from services.access.application.account_keeping import AccountKeeping
from services.access.application.sign_in import SignIn
from services.access.entrypoints.http import create_router
from services.access.verification import JwksSource, TokenVerifier
from services.runtime.http import create_service_app
from services.runtime.settings import Settings


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """The installation's own key set, read without a way over the network."""

    key: SigningKey
    store: SqliteAccounts

    def read(self) -> bytes:
        return json.dumps({"keys": [self.key.public_jwk()], "closed_accounts": self.store.closed_ids()}).encode()


@dataclass(frozen=True, slots=True)
class Parts:
    store: SqliteAccounts
    passwords: Argon2Passwords
    key: SigningKey
    issuer: TokenIssuer
    keys: JwksSource


def build_parts(settings: Settings) -> Parts:
    """Raises UnsafeKeyFile."""
    key = load_or_create_signing_key(settings.access_dir)
    store = SqliteAccounts(settings.access_dir)
    issuer = TokenIssuer(key, settings.jwt_issuer, settings.jwt_audience, settings.jwt_lifetime_seconds)
    return Parts(store, Argon2Passwords(), key, issuer, OwnKeys(key, store))


def create_app(settings: Settings) -> FastAPI:
    """The service's app. Raises UnsafeKeyFile."""
    parts = build_parts(settings)
    sign_in = SignIn(parts.store, parts.passwords, parts.issuer, now_ms)
    keeping = AccountKeeping(parts.store, parts.passwords, now_ms, lambda: str(uuid.uuid4()))
    verifier = TokenVerifier(parts.keys, settings.jwt_issuer, settings.jwt_audience)

    async def accounts_reached() -> None:
        await asyncio.to_thread(parts.store.check)

    app = create_service_app("access", "access", verifier, {"accounts": accounts_reached})
    app.include_router(create_router(sign_in, keeping, parts.store, parts.key))
    return app
