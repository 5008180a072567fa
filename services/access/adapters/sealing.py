"""Secrets that must be read again are kept under a key of their own, a file nobody else may read (AES-256-GCM)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from services.access.adapters.signing_key import NoKey
from services.runtime.ours_alone import load_or_create_private, private_directory
from services.runtime.sealed import KEY_BYTES, DoesNotOpen, new_key, seal, unseal

FILE_NAME: Final = "sealing.key"


class CannotUnseal(RuntimeError):
    """The key file is not the one it was sealed with, or somebody changed it: restore the key file."""


class Sealing:
    """about: what the secret belongs to; sealed about one thing, it cannot be passed off as another's."""

    def __init__(self, directory: Path) -> None:
        """Raises NotOursAlone, NoKey."""
        path = private_directory(directory) / FILE_NAME
        self._key = load_or_create_private(path, new_key)
        if len(self._key) != KEY_BYTES:
            raise NoKey(f"{path} holds no key of {KEY_BYTES} bytes")

    def seal(self, secret: bytes, about: str) -> bytes:
        return seal(self._key, f"v1|{about}", secret)

    def unseal(self, sealed: bytes, about: str) -> bytes:
        """Raises CannotUnseal."""
        try:
            return unseal(self._key, f"v1|{about}", sealed)
        except DoesNotOpen:
            raise CannotUnseal("a sealed secret cannot be read with the key there is") from None
