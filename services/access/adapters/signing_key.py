"""The key that signs tokens: Ed25519, in a file nobody else may read."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.runtime.ours_alone import NotOursAlone, load_or_create_private, private_directory

FILE_NAME: Final = "signing-key.pem"


class NoKey(NotOursAlone):
    """The file is no key of ours: somebody put it there. The message says which."""


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


def load_or_create_signing_key(directory: Path) -> SigningKey:
    """The installation's key; made the first time. Two processes that make it at once end with the same one.

    Raises NotOursAlone.
    """
    path = private_directory(directory) / FILE_NAME
    private = serialization.load_pem_private_key(load_or_create_private(path, _new_key), password=None)
    if not isinstance(private, Ed25519PrivateKey):
        raise NoKey(f"{path} holds no Ed25519 key")
    return SigningKey(private)


def _new_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
