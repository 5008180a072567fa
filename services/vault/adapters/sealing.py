"""Sealing: AES-256-GCM, a random nonce each time, and words beside that say what a sealed thing is and whose.

A sealed thing put into another case, field or record does not open: `context` is bound to it.
"""

from __future__ import annotations

import hmac
import os
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.vault.application.errors import Unreadable

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_VERSION: Final = b"\x01"


class CannotOpen(Unreadable):
    """The key is another, or the sealed thing was changed or moved. Says nothing of what is inside."""


def new_key() -> bytes:
    return os.urandom(KEY_BYTES)


def seal(key: bytes, context: str, plain: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return _VERSION + nonce + AESGCM(key).encrypt(nonce, plain, context.encode())


def unseal(key: bytes, context: str, sealed: bytes) -> bytes:
    """Raises CannotOpen."""
    if sealed[:1] != _VERSION:
        raise CannotOpen("what is kept of her cannot be read: it was not sealed here")
    nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, body, context.encode())
    except InvalidTag:
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
