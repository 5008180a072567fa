"""Addresses of people are kept under a key of their own, in a file nobody else may read (AES-256-GCM).

Without the file nobody can be told any more on channels there are; they are then made anew by their people.
"""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.alerting.application.errors import StoreAway

FILE_NAME: Final = "sealing.key"
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class CannotUnseal(Exception):
    """The key file is not the one it was sealed with, or somebody changed it."""


class Sealing:
    """about: what the secret belongs to; sealed about one thing, it cannot be passed off as another's."""

    def __init__(self, directory: Path) -> None:
        """The key is made the first time. Raises StoreAway when others could read or replace it."""
        path = private_directory(directory) / FILE_NAME
        if not path.exists():
            _create(path)
        self._cipher = AESGCM(_key_in(path))

    def seal(self, secret: str, about: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), f"v1|{about}".encode())

    def unseal(self, sealed: bytes, about: str) -> str:
        """Raises CannotUnseal."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], f"v1|{about}".encode()).decode()
        except InvalidTag:
            raise CannotUnseal from None


def private_directory(directory: Path) -> Path:
    """The directory, made with mode 0700 where it is missing. Raises StoreAway when others may enter it."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = directory.stat()
    if stat.S_IMODE(found.st_mode) & 0o077 or found.st_uid != os.geteuid():
        raise StoreAway(f"{directory} must be its owner's alone: chmod 700 {directory}")
    return directory


def _key_in(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if stat.S_IMODE(found.st_mode) not in (0o400, 0o600) or found.st_uid != os.geteuid():
            raise StoreAway(f"{path} must be its owner's alone: chmod 400 {path}")
        key = file.read()
    if len(key) != _KEY_BYTES:
        raise StoreAway(f"{path} holds no key of {_KEY_BYTES} bytes")
    return key


def _create(path: Path) -> None:
    # mkstemp makes the file with mode 0600; the link fails where another process was first.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(_KEY_BYTES))
            file.flush()
            os.fchmod(descriptor, 0o400)
            os.fsync(descriptor)
        try:
            os.link(name, path)
        except FileExistsError:
            return
    finally:
        os.unlink(name)
