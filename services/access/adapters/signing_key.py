"""The key that signs tokens: Ed25519, in a file nobody else may read."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FILE_NAME: Final = "signing-key.pem"


class UnsafeKeyFile(RuntimeError):
    """Others could read or replace the signing key: it is not used. The message says what to change."""


class SigningKey:
    """kid: the RFC 7638 thumbprint of the public half."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self.private: Final = private
        raw = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        members = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(raw)}
        canonical = json.dumps(members, separators=(",", ":"), sort_keys=True).encode()
        self.kid: Final = _base64url(hashlib.sha256(canonical).digest())
        self._members: Final = members

    def public_jwk(self) -> dict[str, str]:
        return {**self._members, "kid": self.kid, "alg": "EdDSA", "use": "sig"}


def private_directory(directory: Path) -> Path:
    """The directory, made with mode 0700 where it is missing. Raises UnsafeKeyFile when others may enter it."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = directory.stat()
    if stat.S_IMODE(found.st_mode) & 0o077 or found.st_uid != os.geteuid():
        raise UnsafeKeyFile(f"{directory} must be yours alone: chmod 700 {directory}")
    return directory


def load_or_create_signing_key(directory: Path) -> SigningKey:
    """The installation's key; made the first time. Two processes that make it at once end with the same one.

    Raises UnsafeKeyFile.
    """
    path = private_directory(directory) / FILE_NAME
    private = serialization.load_pem_private_key(load_or_create_private(path, _new_key), password=None)
    if not isinstance(private, Ed25519PrivateKey):
        raise UnsafeKeyFile(f"{path} holds no Ed25519 key")
    return SigningKey(private)


def load_or_create_private(path: Path, made: Callable[[], bytes]) -> bytes:
    """What a file holds that nobody else may read; made the first time, by whoever is first.

    Raises UnsafeKeyFile when others could read or replace it.
    """
    if not path.exists():
        _create(path, made())
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if stat.S_IMODE(found.st_mode) not in (0o400, 0o600) or found.st_uid != os.geteuid():
            raise UnsafeKeyFile(f"{path} must be yours alone: chmod 600 {path}")
        return file.read()


def _new_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _create(path: Path, content: bytes) -> None:
    # mkstemp makes the file with mode 0600; the link fails where another process was first.
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        try:
            os.link(name, path)
        except FileExistsError:
            return
    finally:
        os.unlink(name)


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
