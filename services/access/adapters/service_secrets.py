"""What each service proves itself with: a secret in a file of its own, mode 0600, made when access starts."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from pathlib import Path

from services.runtime.ours_alone import load_or_create_private, private_directory


class ServiceSecretFiles:
    """The secrets as access knows them. Others read only their own file."""

    def __init__(self, directory: Path, services: Iterable[str]) -> None:
        """Makes what is missing. Raises NotOursAlone when others may enter the directory or read a secret."""
        self._secrets: dict[str, str] = {}
        private_directory(directory)
        for service in services:
            self._secrets[service] = load_or_create_private(directory / service, _new_secret).decode().strip()

    def proves(self, service: str, secret: str) -> bool:
        """Takes as long for a service that is none."""
        kept = self._secrets.get(service, "")
        return hmac.compare_digest(kept.encode(), secret.encode()) and kept != ""


def _new_secret() -> bytes:
    return secrets.token_urlsafe(32).encode() + b"\n"
