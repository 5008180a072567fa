"""The keys to which devices seal what waits on them: whoever has the device alone cannot read it, the origin can.

A directory of private keys (P-256), `1.pem`, `2.pem`, and so on: devices are given the newest, and all of them open. No
program deletes one: what was sealed to it may lie on a phone that was switched off for months, and nowhere else.

    python -m services.web.sealing_keys        # one more, from the origin's next start on
"""

from __future__ import annotations

import base64
import hashlib
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from services.runtime.ours_alone import (
    READ_ONLY,
    READ_WRITE,
    NotOursAlone,
    load_or_create_private,
    private_directory,
    read_private,
)
from services.runtime.settings import InvalidSettings, load_settings

_SUFFIX: Final = ".pem"


@dataclass(frozen=True, slots=True)
class SealingKey:
    """point: the public half, uncompressed (65 bytes). key_id: made of it."""

    private: ec.EllipticCurvePrivateKey
    point: bytes
    key_id: str

    @classmethod
    def of(cls, private: ec.EllipticCurvePrivateKey) -> Self:
        public = private.public_key()
        point = public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        key_id = base64.urlsafe_b64encode(hashlib.sha256(point).digest()[:12]).decode()
        return cls(private, point, key_id)

    def to_json(self) -> dict[str, str]:
        """What a device is given."""
        return {"key_id": self.key_id, "point": base64.b64encode(self.point).decode()}


class SealingKeys:
    """offered: the newest, to which devices seal."""

    def __init__(self, keys: Iterable[SealingKey], directory: Path | None = None) -> None:
        """keys: oldest first, at least one. directory: where there may be others by now."""
        *_, self.offered = keys = tuple(keys)
        self._known = {key.key_id: key for key in keys}
        self._directory = directory

    @classmethod
    def of_this_process(cls) -> Self:
        """Of a key that ends with the process."""
        return cls([SealingKey.of(ec.generate_private_key(ec.SECP256R1()))])

    @classmethod
    def of_installation(cls, directory: Path) -> Self:
        """The keys that are there; the first is made where there is none. Raises NotOursAlone."""
        if not _numbers(private_directory(directory)):
            # Two processes that make it at once end with the same one.
            load_or_create_private(directory / f"1{_SUFFIX}", _new_key, READ_ONLY)
        return cls(_loaded(directory), directory)

    def named(self, key_id: str) -> SealingKey | None:
        """Also one that was added, or put back, since the start: another replica may have offered it already."""
        if key_id not in self._known and self._directory is not None:
            self._known |= {key.key_id: key for key in _loaded(self._directory)}
        return self._known.get(key_id)


def add_key(directory: Path, key: bytes | None = None) -> Path:
    """Make one newer than all there are; or put one in (PEM), unless it is there already. Raises NotOursAlone."""
    numbers = _numbers(private_directory(directory))
    for number in numbers if key is not None else ():
        if read_private(path := directory / f"{number}{_SUFFIX}", READ_ONLY, READ_WRITE) == key:
            return path
    path = directory / f"{max(numbers, default=0) + 1}{_SUFFIX}"
    load_or_create_private(path, _new_key if key is None else lambda: key, READ_ONLY)
    return path


def _numbers(directory: Path) -> list[int]:
    return sorted(int(path.stem) for path in directory.glob(f"*{_SUFFIX}") if path.stem.isdecimal())


def _loaded(directory: Path) -> list[SealingKey]:
    """Oldest first. Raises NotOursAlone."""
    return [_key_in(directory / f"{number}{_SUFFIX}") for number in _numbers(directory)]


def _key_in(path: Path) -> SealingKey:
    try:
        # What came back from a backup may be written to.
        private = serialization.load_pem_private_key(read_private(path, READ_ONLY, READ_WRITE), password=None)
    except ValueError:
        raise NotOursAlone(f"{path} holds no private key") from None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        raise NotOursAlone(f"{path} holds no key of the curve P-256")
    return SealingKey.of(private)


def _new_key() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{add_key(load_settings().sealing_keys)}\n")
    except (InvalidSettings, NotOursAlone, OSError) as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None
