"""Signs tokens: who, of which organisation, with which roles and areas, until when."""

from __future__ import annotations

import uuid
from typing import Final

import jwt

from services.access.adapters.signing_key import SigningKey
from services.access.application.ports import Issued
from services.access.domain.permissions import Principal

_SECOND: Final = 1000


class TokenIssuer:
    """An Issuer whose tokens `services.access.verification` accepts."""

    def __init__(self, key: SigningKey, issuer: str, audience: str, lifetime_seconds: int) -> None:
        self._key = key
        self._issuer = issuer
        self._audience = audience
        self._lifetime_seconds = lifetime_seconds

    def issue(self, principal: Principal, now: int, lifetime_seconds: int | None = None) -> Issued:
        """now: milliseconds since 1970 UTC. lifetime_seconds None: the lifetime of the settings.

        The token names the session of the principal, if it has one: it counts no longer than that.
        """
        issued_at = now // _SECOND
        expires_at = issued_at + (lifetime_seconds or self._lifetime_seconds)
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": principal.account_id,
            "iat": issued_at,
            "exp": expires_at,
            "jti": str(uuid.uuid4()),
            "org": principal.organisation,
            "roles": sorted(principal.roles),
            "areas": [
                [area.district] if area.upazila is None else [area.district, area.upazila] for area in principal.areas
            ],
            "name": principal.name,
        }
        if principal.session_id:
            claims["sid"] = principal.session_id
        token = jwt.encode(claims, self._key.private, algorithm="EdDSA", headers={"kid": self._key.kid})
        return Issued(token, expires_at * _SECOND)
