"""Addresses of people are kept under a key of their own, in a file nobody else may read (AES-256-GCM).

Without the file nobody can be told any more on channels there are; they are then made anew by their people.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from services.alerting.application.errors import StoreAway
from services.runtime import ours_alone
from services.runtime.ours_alone import READ_ONLY, NotOursAlone, load_or_create_private
from services.runtime.sealed import KEY_BYTES, DoesNotOpen, new_key, seal, unseal

FILE_NAME: Final = "sealing.key"


class CannotUnseal(Exception):
    """The key file is not the one it was sealed with, or somebody changed it."""


class Sealing:
    """about: what the secret belongs to; sealed about one thing, it cannot be passed off as another's."""

    def __init__(self, directory: Path) -> None:
        """The key is made the first time. Raises StoreAway when others could read or replace it."""
        path = private_directory(directory) / FILE_NAME
        try:
            self._key = load_or_create_private(path, new_key, READ_ONLY)
        except NotOursAlone as error:
            raise StoreAway(str(error)) from error
        if len(self._key) != KEY_BYTES:
            raise StoreAway(f"{path} holds no key of {KEY_BYTES} bytes")

    def seal(self, secret: str, about: str) -> bytes:
        return seal(self._key, f"v1|{about}", secret.encode())

    def unseal(self, sealed: bytes, about: str) -> str:
        """Raises CannotUnseal."""
        try:
            return unseal(self._key, f"v1|{about}", sealed).decode()
        except DoesNotOpen:
            raise CannotUnseal from None


def private_directory(directory: Path) -> Path:
    """The directory, made with mode 0700 where it is missing. Raises StoreAway when others may enter it."""
    try:
        return ours_alone.private_directory(directory)
    except NotOursAlone as error:
        raise StoreAway(str(error)) from error
