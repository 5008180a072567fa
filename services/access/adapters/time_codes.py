"""The codes of an authenticator (RFC 6238 with SHA-1, six digits, thirty seconds, as all of them can)."""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

from services.access.domain.second_factor import DIGITS


def time_code(secret: bytes, step: int) -> str:
    """The right code of a time step: a code by time is the code by counter of its step."""
    return HOTP(secret, DIGITS, SHA1()).generate(step).decode()  # noqa: S303 - the standard's
