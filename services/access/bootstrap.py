"""Wires access together: the only place that knows both its ports and what stands behind them."""

from __future__ import annotations

import asyncio
import secrets
import time
import uuid
from dataclasses import dataclass

from fastapi import FastAPI

from services.access.adapters.absence_store import SqliteAbsences
from services.access.adapters.account_store import SqliteAccounts
from services.access.adapters.attempt_store import SqliteAttempts
from services.access.adapters.challenges import SignedChallenges
from services.access.adapters.database import Database
from services.access.adapters.invitation_store import SqliteInvitations
from services.access.adapters.passwords import Argon2Passwords
from services.access.adapters.proposal_store import SqliteProposals
from services.access.adapters.sealing import Sealing
from services.access.adapters.second_factor_store import SqliteSecondFactors
from services.access.adapters.service_secrets import ServiceSecretFiles
from services.access.adapters.session_store import SqliteSessions
from services.access.adapters.signing_key import SigningKey, load_or_create_signing_key
from services.access.adapters.time_codes import time_code
from services.access.adapters.token_issuer import TokenIssuer
from services.access.application.account_keeping import AccountKeeping
from services.access.application.attempts import Attempts
from services.access.application.away import Away
from services.access.application.device_sessions import DeviceSessions
from services.access.application.inviting import Inviting
from services.access.application.key_set import KeySet
from services.access.application.lock_outs import LockOuts
from services.access.application.second_factors import SecondFactors
from services.access.application.second_persons import SecondPersons
from services.access.application.service_tokens import ServiceTokens
from services.access.application.sign_in import SignIn
from services.access.domain.device_sessions import DAY
from services.access.domain.permissions import Role
from services.access.domain.service_identities import SERVICES, VERIFICATION
from services.access.entrypoints.rest_absences import absence_routes
from services.access.entrypoints.rest_accounts import account_routes
from services.access.entrypoints.rest_proposals import proposal_routes
from services.access.entrypoints.rest_sessions import session_routes
from services.access.entrypoints.rest_sign_in import service_routes, sign_in_routes
from services.access.verification import TokenVerifier
from services.runtime.http import create_service_app
from services.runtime.settings import Settings


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Parts:
    database: Database
    store: SqliteAccounts
    passwords: Argon2Passwords
    key: SigningKey
    issuer: TokenIssuer
    keys: KeySet
    attempts: Attempts
    sessions: SqliteSessions
    away: Away
    inviting: Inviting
    keeping: AccountKeeping
    seconds: SecondPersons


def build_parts(settings: Settings) -> Parts:
    """Raises NotOursAlone."""
    key = load_or_create_signing_key(settings.access_dir)
    database = Database(settings.access_dir)
    store, passwords, sessions = SqliteAccounts(database), Argon2Passwords(), SqliteSessions(database)
    attempts = Attempts(SqliteAttempts(database))
    lifetime_seconds = settings.jwt_lifetime_seconds
    issuer = TokenIssuer(key, settings.jwt_issuer, settings.jwt_audience, lifetime_seconds)
    away = Away(store, SqliteAbsences(database), now_ms, _new_id)
    keys = KeySet(key, store, sessions, away, now_ms, lifetime_seconds)
    inviting = Inviting(store, SqliteInvitations(database), attempts, passwords, now_ms, secrets.token_bytes)
    keeping = AccountKeeping(store, sessions, now_ms, _new_id)
    seconds = SecondPersons(store, SqliteProposals(database), keeping, inviting, away, now_ms, _new_id)
    return Parts(database, store, passwords, key, issuer, keys, attempts, sessions, away, inviting, keeping, seconds)


def create_app(settings: Settings) -> FastAPI:
    """The service's app. Raises NotOursAlone."""
    parts = build_parts(settings)
    device_sessions = _device_sessions(settings, parts)
    second_factors = _second_factors(settings, parts)
    sign_in = SignIn(parts.store, parts.attempts, parts.passwords, second_factors, device_sessions, now_ms)
    services = ServiceSecretFiles(settings.service_secrets, (*SERVICES, VERIFICATION))
    verifier = TokenVerifier(parts.keys, settings.jwt_issuer, settings.jwt_audience)

    async def accounts_reached() -> None:
        await asyncio.to_thread(parts.database.check)

    app = create_service_app("access", "access", verifier, {"accounts": accounts_reached})
    app.include_router(sign_in_routes(sign_in, parts.inviting, device_sessions, parts.keys, services))
    app.include_router(session_routes(device_sessions))
    app.include_router(absence_routes(parts.away, parts.seconds))
    lock_outs = LockOuts(parts.store, parts.attempts, now_ms)
    app.include_router(account_routes(parts.keeping, parts.inviting, parts.seconds, lock_outs))
    app.include_router(proposal_routes(parts.seconds))
    app.include_router(service_routes(ServiceTokens(services, parts.issuer, now_ms)))
    return app


def _device_sessions(settings: Settings, parts: Parts) -> DeviceSessions:
    unused_for = settings.session_days * DAY
    return DeviceSessions(parts.store, parts.sessions, parts.issuer, now_ms, _new_id, _new_secret, unused_for)


def _second_factors(settings: Settings, parts: Parts) -> SecondFactors:
    return SecondFactors(
        parts.store,
        SqliteSecondFactors(parts.database, Sealing(settings.access_dir)),
        SignedChallenges(parts.key, settings.jwt_issuer, settings.jwt_audience),
        parts.attempts,
        frozenset(Role(role) for role in settings.second_factor_roles.split(",") if role != "none"),
        now_ms,
        secrets.token_bytes,
        time_code,
    )


def _new_id() -> str:
    return str(uuid.uuid4())


def _new_secret() -> str:
    return secrets.token_urlsafe(32)
