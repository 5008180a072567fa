"""The half of a reading key that comes with a sign-in: what a device needs, beside the PIN, to read what it keeps.

A half is made of one secret of the installation, the account and the device: the same at every sign-in there, and
stored nowhere here. The secret is in no backup: with another one, people choose their PIN anew.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from services.access.domain.permissions import Principal
from services.runtime.ours_alone import READ_ONLY, NotOursAlone, load_or_create_private, private_directory

_FILE_NAME: Final = "reading-halves.key"
_BYTES: Final = 32
USUAL_LEASE_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class ReadingHalves:
    """lease_days: for so long a device may show what it keeps; of_organisations: of those that have said their own."""

    secret: bytes
    lease_days: int = USUAL_LEASE_DAYS
    of_organisations: Mapping[str, int] = field(default_factory=dict)

    @staticmethod
    def of_this_process() -> ReadingHalves:
        """Of a secret that ends with the process."""
        return ReadingHalves(secrets.token_bytes(_BYTES))

    @staticmethod
    def of_installation(directory: Path, written_days: str) -> ReadingHalves:
        """The secret is in a file there, made the first time. written_days: like `7,one:3`. Raises NotOursAlone."""
        path = private_directory(directory) / _FILE_NAME
        secret = load_or_create_private(path, lambda: secrets.token_bytes(_BYTES), READ_ONLY)
        if len(secret) != _BYTES:
            raise NotOursAlone(f"{path} holds no secret of {_BYTES} bytes: delete it, and a new one is made")
        usual, *others = written_days.split(",")
        own = dict(other.rsplit(":", 1) for other in others)
        return ReadingHalves(secret, int(usual), {name: int(days) for name, days in own.items()})

    def half_of(self, person: Principal, device_id: str) -> bytes:
        named = f"reading half v1|{person.organisation}|{person.account_id}|{device_id}"
        return hmac.new(self.secret, named.encode(), hashlib.sha256).digest()

    def lease_days_of(self, organisation: str) -> int:
        return self.of_organisations.get(organisation, self.lease_days)
