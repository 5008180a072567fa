"""Tokens for tests of any service, signed by a key that lives as long as the test run.

    from tests import tokens
    app = create_service_app(..., tokens.test_verifier(), ...)
    headers = tokens.bearer("caseworker", "org-a", ACCOUNT)

For a service in a process of its own: write `jwks_document()` into a file and set JWKS_FILE to it; issuer and
audience are the settings' defaults.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from functools import cache

from services.access.adapters.signing_key import SigningKey
from services.access.adapters.token_issuer import TokenIssuer
from services.access.domain.permissions import Area, Principal, Role
from services.access.domain.supervisors import Supervisor
from services.access.verification import JwksDocument, TokenVerifier

ISSUER = "reintegration-access"
AUDIENCE = "reintegration"


@cache
def signing_key() -> SigningKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return SigningKey(Ed25519PrivateKey.generate())


def principal_of(
    role: str | Role | Iterable[str],
    organisation: str,
    account_id: str,
    areas: Iterable[Area | tuple[str, ...] | str] = (),
    name: str = "",
) -> Principal:
    """areas: Area("jashore"), ("jashore", "sharsha"), ("jashore",) or "jashore"."""
    roles = frozenset({Role(role)}) if isinstance(role, str) else frozenset(map(Role, role))
    return Principal(account_id, organisation, roles, tuple(map(_area, areas)), name)


def token_for(
    role: str | Role | Iterable[str],
    organisation: str,
    account_id: str,
    areas: Iterable[Area | tuple[str, ...] | str] = (),
    name: str = "",
    lifetime_seconds: int = 3600,
) -> str:
    """A token that `test_verifier()` accepts, from now on for `lifetime_seconds`."""
    principal = principal_of(role, organisation, account_id, areas, name)
    issuer = TokenIssuer(signing_key(), ISSUER, AUDIENCE, lifetime_seconds)
    return issuer.issue(principal, int(time.time() * 1000)).token


def bearer(
    role: str | Role | Iterable[str],
    organisation: str,
    account_id: str,
    areas: Iterable[Area | tuple[str, ...] | str] = (),
) -> dict[str, str]:
    """The header of a request signed in like that."""
    return {"authorization": f"Bearer {token_for(role, organisation, account_id, areas)}"}


def jwks_document(*supervisors: Supervisor) -> bytes:
    """As `access` tells our own services."""
    told = [
        [each.account_id, each.organisation, [[*filter(None, (area.district, area.upazila))] for area in each.areas]]
        for each in supervisors
    ]
    return json.dumps({"keys": [signing_key().public_jwk()], "supervisors": told}).encode()


def test_verifier(*supervisors: Supervisor) -> TokenVerifier:
    return TokenVerifier(JwksDocument(jwks_document(*supervisors)), ISSUER, AUDIENCE)


# By its name pytest would take it for a test in every module that imports it by name.
test_verifier.__test__ = False  # type: ignore[attr-defined]


def _area(area: Area | tuple[str, ...] | str) -> Area:
    match area:
        case Area():
            return area
        case str():
            return Area(area)
        case _:
            return Area(*area)
