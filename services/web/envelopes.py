"""What a device sealed to the origin, opened. `static/sealing.js` seals it; the README says how it looks.

Everything in an envelope comes from a device and may be anything: what is not whole, and was not sealed for just this
entry of just this account, is not opened, and it is said why.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.web.sealing_keys import SealingKey, SealingKeys

VERSION: Final = 1
PURPOSE: Final = "outbox v1"
_KEY_BYTES: Final = 32
_IV_BYTES: Final = 12


class What(StrEnum):
    """What is in an envelope."""

    EVENT = "event"
    WORDS = "words"
    LOOK = "look"


class Why(StrEnum):
    """Why one is not opened. The key may come back; nothing else of it may."""

    VERSION = "version"
    KEY = "key"
    DAMAGED = "damaged"


class CannotOpen(Exception):
    """Says nothing of what is inside."""

    def __init__(self, why: Why) -> None:
        super().__init__(str(why))
        self.why = why


@dataclass(frozen=True, slots=True)
class About:
    """What an envelope is about: it opens for nothing else. edition: how often the entry was written."""

    what: What
    event_id: str
    account_id: str
    edition: int

    def bound_to(self, key_id: str) -> bytes:
        """The additional data."""
        said = (PURPOSE, self.what, self.event_id, self.account_id, key_id, str(self.edition))
        return "|".join(said).encode("utf-8", "surrogatepass")


def opened(keys: SealingKeys, about: About, envelope: object) -> bytes:
    """What was sealed. envelope: as the device's JSON says it. Raises CannotOpen."""
    if not isinstance(envelope, dict):
        raise CannotOpen(Why.DAMAGED)
    if envelope.get("version") != VERSION:
        raise CannotOpen(Why.VERSION)
    key_id = envelope.get("key_id")
    key = keys.named(key_id) if isinstance(key_id, str) else None
    if key is None:
        raise CannotOpen(Why.KEY)
    point, iv, sealed = (_bytes_of(envelope.get(name)) for name in ("point", "iv", "sealed"))
    if len(iv) != _IV_BYTES:
        raise CannotOpen(Why.DAMAGED)
    try:
        return AESGCM(_agreed(key, point)).decrypt(iv, sealed, about.bound_to(key.key_id))
    except (InvalidTag, ValueError):
        # A point that lies on no curve of ours is a ValueError, and so is what is too short to have a tag.
        raise CannotOpen(Why.DAMAGED) from None


def _agreed(key: SealingKey, point: bytes) -> bytes:
    """Of two keys that met once: the origin's, and one that was made for this envelope alone. Raises ValueError."""
    once = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    met = key.private.exchange(ec.ECDH(), once)
    return HKDF(SHA256(), _KEY_BYTES, salt=point, info=PURPOSE.encode()).derive(met)


def _bytes_of(written: object) -> bytes:
    """Raises CannotOpen."""
    try:
        return base64.b64decode(written if isinstance(written, str) else "", validate=True)
    except (binascii.Error, ValueError):
        raise CannotOpen(Why.DAMAGED) from None
