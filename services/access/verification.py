"""Checking a token: the one way every service learns who asks.

JWT signed with EdDSA, ES256 or RS256 by a key of a pinned set; the header of a token chooses among these keys by
their id and has no other say.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from services.access.domain.absences import Absence, StandIn, with_stand_ins
from services.access.domain.permissions import Area, Principal, Role
from services.access.domain.service_identities import VERIFICATION
from services.access.domain.supervisors import Supervisor
from services.runtime.authentication import CannotVerify, InvalidToken
from services.runtime.settings import Settings

__all__ = [
    "CannotVerify",
    "InvalidToken",
    "JwksDocument",
    "JwksFile",
    "JwksSource",
    "JwksUrl",
    "TokenVerifier",
    "verifier_from_settings",
]

LEEWAY_SECONDS: Final = 30
FRESH_SECONDS: Final = 30.0
STALE_SECONDS: Final = 3600.0
RETRY_SECONDS: Final = 5.0
MAX_TOKEN_CHARACTERS: Final = 8192
MOST_PROVEN: Final = 10_000
_MAX_JWKS_BYTES: Final = 8 * 1024 * 1024
_LEAST_RSA_BITS: Final = 2048

_log = logging.getLogger(__name__)
_HEADER: Final = frozenset({"alg", "typ", "kid"})


class JwksSource(Protocol):
    """Where the pinned keys are read: a JWK set, which may list `closed_accounts` and `revoked_sessions`.

    Raises OSError.
    """

    def read(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class JwksFile:
    path: Path

    def read(self) -> bytes:
        return self.path.read_bytes()


@dataclass(frozen=True, slots=True)
class JwksUrl:
    """An http(s) address fixed in the settings, never one that a token names."""

    url: str
    within_seconds: float = 2.0
    secret_file: Path | None = None
    """With what is in it, `access` also tells who is away; without, it tells what everybody may know."""

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise ValueError(f"expected an http or https address of the signing keys, not {self.url!r}")

    def read(self) -> bytes:
        # Without the environment's proxies: keys come from where the settings say, and from nobody in between.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        request = urllib.request.Request(self.url, headers=self._proof())  # noqa: S310 - the scheme was looked at
        with opener.open(request, timeout=self.within_seconds) as answer:
            document: bytes = answer.read(_MAX_JWKS_BYTES + 1)
            return document

    def _proof(self) -> dict[str, str]:
        if self.secret_file is None or not self.secret_file.exists():
            return {}
        return {"x-service-secret": self.secret_file.read_text().strip()}


@dataclass(frozen=True, slots=True)
class JwksDocument:
    """A set at hand, for tests and tools."""

    document: bytes

    def read(self) -> bytes:
        return self.document


@dataclass(frozen=True, slots=True)
class _Keys:
    """proven: tokens that these keys were found to sign, with who they prove and until when (seconds since 1970)."""

    by_id: Mapping[str, jwt.PyJWK]
    closed_accounts: frozenset[str]
    revoked_sessions: frozenset[str]
    stand_ins: tuple[StandIn, ...]
    by_delegate: Mapping[str, Sequence[StandIn]]
    supervisors: tuple[Supervisor, ...] | None
    read_at: float
    proven: dict[str, tuple[Principal, int]] = field(default_factory=dict)


class TokenVerifier:
    """Checks tokens of one issuer for one audience. Safe to use from many threads.

    Keys are read again every 30 s, and when a token names a key that is not known; while the source is away the
    keys at hand serve for an hour. What a token was found to prove is remembered for as long as the keys are fresh, so
    that an account closed, a session ended or a key withdrawn counts as soon as it would without.
    """

    def __init__(
        self,
        jwks_source: JwksSource,
        issuer: str,
        audience: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = jwks_source
        self._issuer = issuer
        self._audience = audience
        self._monotonic = monotonic
        self._keys: _Keys | None = None
        self._tried_at = float("-inf")
        self._reading = threading.Lock()

    def verify(self, token: str) -> Principal:
        """Who the token proves. Raises InvalidToken; CannotVerify when no keys could be read."""
        key, keys = self._key_for(_header_of(token))
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "aud", "iss", "sub"], "strict_aud": True},
            )
        except jwt.ExpiredSignatureError:
            raise InvalidToken("the token has expired: sign in again") from None
        except jwt.InvalidTokenError:
            raise InvalidToken("the token is not valid here") from None
        if claims["sub"] in keys.closed_accounts:
            raise InvalidToken("the account was closed")
        principal = _principal_of(claims)
        if principal.session_id in keys.revoked_sessions:
            raise InvalidToken("the session has ended: sign in again")
        if principal.account_id in keys.by_delegate:
            principal = with_stand_ins(principal, keys.by_delegate[principal.account_id], int(time.time() * 1000))
        if len(keys.proven) < MOST_PROVEN:
            keys.proven[token] = principal, int(claims["exp"])
        return principal

    def known(self, token: str) -> Principal | None:
        """What `verify` found with the keys at hand, while they are fresh and the token has not expired."""
        keys = self._keys
        if keys is None or self._monotonic() - keys.read_at > FRESH_SECONDS:
            return None
        principal, expires_at = keys.proven.get(token, (None, 0))
        return principal if time.time() <= expires_at else None

    def closed_accounts(self) -> frozenset[str]:
        """Ids of the accounts whose tokens count no more. May block shortly. Raises CannotVerify."""
        return self._current().closed_accounts

    def stand_ins(self) -> tuple[StandIn, ...]:
        """Who is away, was lately or will be soon, and who stands in. May block shortly. Raises CannotVerify."""
        return self._current().stand_ins

    def supervisors(self) -> tuple[Supervisor, ...]:
        """Of all organisations. May block shortly. Raises CannotVerify, also where access does not tell us."""
        found = self._current().supervisors
        if found is None:
            raise CannotVerify("access does not say who supervises: the secret of verification is missing")
        return found

    async def ready(self) -> None:
        """For /readyz: raises CannotVerify while there are no keys."""
        await asyncio.to_thread(self._current)

    def _key_for(self, header: Mapping[str, Any]) -> tuple[jwt.PyJWK, _Keys]:
        key_id, algorithm = header.get("kid"), header.get("alg")
        keys = self._current()
        if isinstance(key_id, str) and key_id not in keys.by_id:
            keys = self._read_again(keys, RETRY_SECONDS)
        key = keys.by_id.get(key_id) if isinstance(key_id, str) else None
        if key is None or key.algorithm_name != algorithm:
            raise InvalidToken("the token is not signed by a key known here")
        return key, keys

    def _current(self) -> _Keys:
        keys = self._keys
        if keys is None or self._monotonic() - keys.read_at > FRESH_SECONDS:
            return self._read_again(keys, RETRY_SECONDS if keys else 0)
        return keys

    def _read_again(self, known: _Keys | None, not_within_seconds: float) -> _Keys:
        """The newest keys; one thread reads, the others go on with those they know, if any."""
        if not self._reading.acquire(blocking=known is None):
            assert known is not None
            return known
        try:
            if self._keys is not None and self._keys is not known:
                return self._keys
            now = self._monotonic()
            if known is None or now - self._tried_at >= not_within_seconds:
                self._tried_at = now
                self._keys = self._read(known)
            keys = self._keys
            if keys is None or now - keys.read_at > STALE_SECONDS:
                raise CannotVerify("the signing keys cannot be read just now")
            return keys
        finally:
            self._reading.release()

    def _read(self, known: _Keys | None) -> _Keys | None:
        try:
            return _parse_jwks(self._source.read(), self._monotonic())
        except (OSError, HTTPException, ValueError) as error:
            _log.warning("the signing keys could not be read", extra={"reason": type(error).__name__})
            return known


def verifier_from_settings(settings: Settings) -> TokenVerifier:
    """The verifier the environment describes: keys from JWKS_FILE if there is one, else from JWKS_URL."""
    secret_file = settings.service_secrets / VERIFICATION
    from_url = JwksUrl(settings.jwks_url, secret_file=secret_file)
    source: JwksSource = JwksFile(settings.jwks_file) if settings.jwks_file else from_url
    return TokenVerifier(source, settings.jwt_issuer, settings.jwt_audience)


def _header_of(token: str) -> Mapping[str, Any]:
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise InvalidToken("the token is too long")
    if not token.isascii():
        raise InvalidToken("this is not a token")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError:
        raise InvalidToken("this is not a token") from None
    # jku, jwk, x5u, x5c would bring a key along; crit would ask for what is not understood here.
    if not header.keys() <= _HEADER:
        raise InvalidToken("the token's header asks for more than an algorithm and a key id")
    return header


def _parse_jwks(document: bytes, read_at: float) -> _Keys:
    """Raises ValueError when the document is no set with at least one usable key."""
    if len(document) > _MAX_JWKS_BYTES:
        raise ValueError("the key set is too large")
    raw = json.loads(document)
    if not isinstance(raw, dict) or not isinstance(raw.get("keys"), list):
        raise ValueError("expected a JWK set")
    by_id: dict[str, jwt.PyJWK] = {}
    for entry in raw["keys"]:
        if isinstance(entry, dict) and isinstance(entry.get("kid"), str) and "d" not in entry:
            key = _usable(entry)
            if key is not None:
                by_id[entry["kid"]] = key
    if not by_id:
        raise ValueError("the set holds no key that can be used here")
    closed, revoked = (frozenset(map(str, raw.get(name, []))) for name in ("closed_accounts", "revoked_sessions"))
    stand_ins = tuple(map(_stand_in_of, raw.get("absences", [])))
    by_delegate: dict[str, list[StandIn]] = {}
    for stand_in in stand_ins:
        by_delegate.setdefault(stand_in.absence.delegate_id, []).append(stand_in)
    told = raw.get("supervisors")
    supervisors = None if told is None else tuple(map(_supervisor_of, told))
    return _Keys(by_id, closed, revoked, stand_ins, by_delegate, supervisors, read_at)


def _supervisor_of(told: object) -> Supervisor:
    match told:
        case [str() as account_id, str() as organisation, list() as areas]:
            return Supervisor(account_id, organisation, tuple(map(_area_of, areas)))
        case _:
            raise ValueError("expected supervisors as access tells them")


def _stand_in_of(told: Mapping[str, Any]) -> StandIn:
    """Raises ValueError for what is told in another way than `application.key_set` does."""
    try:
        absence_id, account_id, delegate_id, since, until = told["absence"]
        return StandIn(
            Absence(str(absence_id), str(account_id), str(delegate_id), int(since), int(until)),
            str(told["organisation"]),
            frozenset(map(Role, told["roles"])),
            tuple(map(_area_of, told["areas"])),
            told["is_covered"] is True,
        )
    except (KeyError, TypeError) as error:
        raise ValueError("expected absences as access tells them") from error


def _usable(entry: Mapping[str, Any]) -> jwt.PyJWK | None:
    """A public key of one of the three kinds, or None: a set may hold others for others."""
    try:
        key = jwt.PyJWK(dict(entry))
    except jwt.PyJWTError:
        return None
    match key.key, key.algorithm_name:
        case ed25519.Ed25519PublicKey(), "EdDSA":
            return key
        case ec.EllipticCurvePublicKey() as public, "ES256" if isinstance(public.curve, ec.SECP256R1):
            return key
        case rsa.RSAPublicKey() as public, "RS256" if public.key_size >= _LEAST_RSA_BITS:
            return key
        case _:
            return None


def _principal_of(claims: Mapping[str, Any]) -> Principal:
    """Refuses rather than guesses: a supervisor whose areas were lost would see the whole organisation."""
    try:
        organisation, roles, areas, name, session_id = (
            claims["org"],
            claims["roles"],
            claims.get("areas", []),
            claims.get("name", ""),
            claims.get("sid", ""),
        )
        if not isinstance(organisation, str) or not organisation or not claims["sub"]:
            raise ValueError
        if not isinstance(name, str) or not isinstance(session_id, str):
            raise ValueError
        if not isinstance(roles, list) or not roles or not isinstance(areas, list):
            raise ValueError
        return Principal(
            str(claims["sub"]), organisation, frozenset(map(Role, roles)), tuple(map(_area_of, areas)), name, session_id
        )
    except (KeyError, ValueError):
        raise InvalidToken("the token does not say who you are here") from None


def _area_of(claim: object) -> Area:
    """An area is written ["district"] or ["district", "upazila"]."""
    match claim:
        case [str() as district]:
            return Area(district)
        case [str() as district, str() as upazila]:
            return Area(district, upazila)
        case _:
            raise ValueError("expected an area")
