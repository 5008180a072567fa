"""Sealing with AES-256-GCM: a random nonce each time, and words beside that say what a sealed thing is and whose.

A sealed thing is its nonce and what AES-GCM makes of it, tag included. What it was sealed about is bound to it: put in
another's place it does not open. Nobody may seal more than 2^32 things under one key, which no installation comes near.
"""

from __future__ import annotations

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class DoesNotOpen(Exception):
    """The key is another, or the sealed thing was changed or moved. Says nothing of what is inside."""


def new_key() -> bytes:
    return os.urandom(KEY_BYTES)


def seal(key: bytes, about: str, plain: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, about.encode())


def unseal(key: bytes, about: str, sealed: bytes) -> bytes:
    """Raises DoesNotOpen."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about.encode())
    except (InvalidTag, ValueError):
        # A nonce that is too short is no nonce: what was cut off cannot be opened either.
        raise DoesNotOpen from None
