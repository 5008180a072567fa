"""Wires access together: the only place that knows both its ports and what stands behind them."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
import uuid
from dataclasses import dataclass

from fastapi import FastAPI

from services.access.adapters.account_store import SqliteAccounts
from services.access.adapters.attempt_store import SqliteAttempts
from services.access.adapters.database import Database
from services.access.adapters.invitation_store import SqliteInvitations
from services.access.adapters.passwords import Argon2Passwords
from services.access.adapters.service_secrets import ServiceSecretFiles
from services.access.adapters.signing_key import SigningKey, load_or_create_signing_key
from services.access.adapters.token_issuer import TokenIssuer
from services.access.application.account_keeping import AccountKeeping
from services.access.application.attempts import Attempts
from services.access.application.inviting import Inviting
from services.access.application.service_tokens import ServiceTokens
from services.access.application.sign_in import SignIn
from services.access.domain.service_identities import SERVICES
from services.access.entrypoints.rest_accounts import account_routes
from services.access.entrypoints.rest_sign_in import service_routes, sign_in_routes
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
    database: Database
    store: SqliteAccounts
    passwords: Argon2Passwords
    key: SigningKey
    issuer: TokenIssuer
    keys: JwksSource
    attempts: Attempts
    inviting: Inviting
    keeping: AccountKeeping


def build_parts(settings: Settings) -> Parts:
    """Raises UnsafeKeyFile."""
    key = load_or_create_signing_key(settings.access_dir)
    database = Database(settings.access_dir)
    store, passwords = SqliteAccounts(database), Argon2Passwords()
    attempts = Attempts(SqliteAttempts(database))
    issuer = TokenIssuer(key, settings.jwt_issuer, settings.jwt_audience, settings.jwt_lifetime_seconds)
    inviting = Inviting(store, SqliteInvitations(database), attempts, passwords, now_ms, secrets.token_bytes)
    keeping = AccountKeeping(store, inviting, now_ms, lambda: str(uuid.uuid4()))
    return Parts(database, store, passwords, key, issuer, OwnKeys(key, store), attempts, inviting, keeping)


def create_app(settings: Settings) -> FastAPI:
    """The service's app. Raises UnsafeKeyFile."""
    parts = build_parts(settings)
    sign_in = SignIn(parts.store, parts.attempts, parts.passwords, parts.issuer, now_ms)
    services = ServiceSecretFiles(settings.service_secrets_dir or settings.access_dir / "services", SERVICES)
    verifier = TokenVerifier(parts.keys, settings.jwt_issuer, settings.jwt_audience)

    async def accounts_reached() -> None:
        await asyncio.to_thread(parts.database.check)

    app = create_service_app("access", "access", verifier, {"accounts": accounts_reached})
    app.include_router(sign_in_routes(sign_in, parts.inviting, parts.store, parts.key))
    app.include_router(account_routes(parts.keeping, parts.inviting))
    app.include_router(service_routes(ServiceTokens(services, parts.issuer, now_ms)))
    return app
