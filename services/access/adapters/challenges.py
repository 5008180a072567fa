"""The slip between password and second factor: a signed note, good nowhere else, that the first was right."""

from __future__ import annotations

from typing import Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.access.adapters.signing_key import SigningKey
from services.access.application.ports import Issued, NoSuchChallenge

CHALLENGE_SECONDS: Final = 600
"""Longer than anybody waits after wrong codes."""

_SECOND: Final = 1000


class SignedChallenges:
    """Challenges. Its notes are of an audience of their own: as a token no service takes them."""

    def __init__(self, key: SigningKey, issuer: str, audience: str) -> None:
        self._key = key
        self._public: Ed25519PublicKey = key.private.public_key()
        self._issuer = issuer
        self._audience = f"{audience}:second-factor"

    def issue(self, account_id: str, now: int) -> Issued:
        expires_at = now // _SECOND + CHALLENGE_SECONDS
        claims = {"iss": self._issuer, "aud": self._audience, "sub": account_id, "exp": expires_at}
        note = jwt.encode(claims, self._key.private, algorithm="EdDSA", headers={"kid": self._key.kid})
        return Issued(note, expires_at * _SECOND)

    def account_of(self, challenge: str, now: int) -> str:
        """Raises NoSuchChallenge."""
        options = {"require": ["exp", "aud", "iss", "sub"], "strict_aud": True, "verify_exp": False}
        try:
            claims = jwt.decode(
                challenge,
                self._public,
                algorithms=["EdDSA"],
                issuer=self._issuer,
                audience=self._audience,
                options=options,  # type: ignore[arg-type]
            )
        except jwt.InvalidTokenError:
            raise NoSuchChallenge from None
        if not isinstance(claims["exp"], int) or now >= claims["exp"] * _SECOND:
            raise NoSuchChallenge
        return str(claims["sub"])
