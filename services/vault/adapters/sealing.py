"""Sealing in the vault: what is kept of her opens only in its own case, field and record, which `context` names."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.runtime import sealed as sealing
from services.runtime.sealed import KEY_BYTES, DoesNotOpen
from services.vault.application.errors import Unreadable

_VERSION: Final = b"\x01"


class CannotOpen(Unreadable):
    """The key is another, or the sealed thing was changed or moved. Says nothing of what is inside."""


def seal(key: bytes, context: str, plain: bytes) -> bytes:
    return _VERSION + sealing.seal(key, context, plain)


def unseal(key: bytes, context: str, sealed: bytes) -> bytes:
    """Raises CannotOpen."""
    if sealed[:1] != _VERSION:
        raise CannotOpen("what is kept of her cannot be read: it was not sealed here")
    try:
        return sealing.unseal(key, context, sealed[1:])
    except DoesNotOpen:
        raise CannotOpen("what is kept of her cannot be read: the keys there are do not open it") from None


def field_context(organisation: str, case_id: str, field: str, record: str, dek_version: int = 1) -> str:
    return f"v1|{organisation}|{case_id}|{field}|{record}|{dek_version}"


def key_context(organisation: str, case_id: str, epoch: int) -> str:
    return f"v1|{organisation}|{case_id}|key||{epoch}"


def index_key(organisation_key: bytes) -> bytes:
    """What phone numbers are looked up under: of this epoch only, so that a rotation ends old indexes too."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"phone index").derive(organisation_key)


def phone_digest(key: bytes, phone: str) -> bytes:
    """phone: E.164. Equal for equal numbers of an organisation; without the key it says nothing."""
    return hmac.new(key, phone.encode(), sha256).digest()
