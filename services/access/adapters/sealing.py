"""Secrets that must be read again are kept under a key of their own, a file nobody else may read (AES-256-GCM)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.access.adapters.signing_key import UnsafeKeyFile, load_or_create_private, private_directory

FILE_NAME: Final = "sealing.key"
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class CannotUnseal(RuntimeError):
    """The key file is not the one it was sealed with, or somebody changed it: restore the key file."""


class Sealing:
    """about: what the secret belongs to; sealed about one thing, it cannot be passed off as another's."""

    def __init__(self, directory: Path) -> None:
        """Raises UnsafeKeyFile."""
        path = private_directory(directory) / FILE_NAME
        key = load_or_create_private(path, lambda: os.urandom(_KEY_BYTES))
        if len(key) != _KEY_BYTES:
            raise UnsafeKeyFile(f"{path} holds no key of {_KEY_BYTES} bytes")
        self._cipher = AESGCM(key)

    def seal(self, secret: bytes, about: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, f"v1|{about}".encode())

    def unseal(self, sealed: bytes, about: str) -> bytes:
        """Raises CannotUnseal."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], f"v1|{about}".encode())
        except InvalidTag:
            raise CannotUnseal("a sealed secret cannot be read with the key there is") from None
