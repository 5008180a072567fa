"""The keys of all organisations and the key that signs the audit, in one file apart from the data.

Mode 0400 in a directory of mode 0700, both ours; refused otherwise. Every change writes a new file beside and puts it
in place at once, then the old one's bytes are overwritten as far as the disk lets us.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import threading
from copy import deepcopy
from pathlib import Path
from typing import Any, BinaryIO, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.runtime.ours_alone import (
    READ_ONLY,
    NotOursAlone,
    open_private,
    put_in_place,
    require_directory,
    sync_directory,
)
from services.runtime.sealed import KEY_BYTES, new_key
from services.vault.application.errors import Away
from services.vault.application.ports import Epoch

FILE_NAME: Final = "vault-keys.json"
_VERSION: Final = 1
_PARTIAL: Final = ".keys-"


class UnusableKeys(RuntimeError):
    """The vault does not start with these keys; the message says what to do."""


class KeyFile:
    """A Keyring. Safe from any thread; a file replaced by another process is read again."""

    def __init__(self, path: Path) -> None:
        """Raises UnusableKeys when it is missing, others may read it, or it is no key file."""
        self.path: Final = path
        self._lock = threading.RLock()
        self._seen: tuple[int, int] = (0, 0)
        self._keys: dict[str, Any] = {}
        self._read()

    @property
    def installation(self) -> str:
        """Which installation's keys these are; the data says the same."""
        return str(self._keys["installation"])

    def current(self, organisation: str) -> Epoch:
        with self._lock:
            self._read_again()
            numbers = self.epochs(organisation)
            if not numbers:
                return self.begin_epoch(organisation)
            found = self.epoch(organisation, numbers[-1])
            assert found is not None
            return found

    def epoch(self, organisation: str, number: int) -> Epoch | None:
        with self._lock:
            self._read_again()
            key = self._keys["organisations"].get(organisation, {}).get(str(number))
        return None if key is None else Epoch(organisation, number, base64.b64decode(key))

    def epochs(self, organisation: str) -> tuple[int, ...]:
        with self._lock:
            self._read_again()
            return tuple(sorted(map(int, self._keys["organisations"].get(organisation, ()))))

    def begin_epoch(self, organisation: str) -> Epoch:
        with self._lock:
            self._read_again()
            epoch = Epoch(organisation, max(self.epochs(organisation), default=0) + 1, new_key())
            changed = deepcopy(self._keys)
            of_organisation = changed["organisations"].setdefault(organisation, {})
            of_organisation[str(epoch.number)] = base64.b64encode(epoch.key).decode()
            self._replace(changed)
            return epoch

    def destroy_before(self, organisation: str, number: int) -> None:
        with self._lock:
            self._read_again()
            if number not in self.epochs(organisation):
                raise ValueError(f"there is no epoch {number}: nothing is destroyed before another key is there")
            changed = deepcopy(self._keys)
            kept = changed["organisations"][organisation]
            changed["organisations"][organisation] = {n: key for n, key in kept.items() if int(n) >= number}
            if changed != self._keys:
                self._replace(changed)
            self._sweep()

    def sign(self, message: bytes) -> bytes:
        return self._audit_key.sign(message)

    def is_signed(self, message: bytes, signature: bytes) -> bool:
        try:
            self._audit_key.public_key().verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def check(self) -> None:
        """Raises Away when the file cannot be read any more."""
        with self._lock:
            self._read_again()

    def _read_again(self) -> None:
        """Raises Away: keys that are no longer there, or that others can read now, are not used either."""
        try:
            self._read()
        except UnusableKeys as error:
            raise Away(str(error)) from None

    def _read(self) -> None:
        require_private(self.path.parent)
        try:
            with open_private(self.path, READ_ONLY) as file:
                self._take(file)
        except OSError as error:
            raise UnusableKeys(f"the vault's key file cannot be read: {error.strerror}: {self.path}") from None
        except NotOursAlone as error:
            raise UnusableKeys(str(error)) from None

    def _take(self, file: BinaryIO) -> None:
        """Its keys are ours from now on. Raises UnusableKeys."""
        found = os.fstat(file.fileno())
        seen = (found.st_ino, found.st_mtime_ns)
        if seen == self._seen:
            return
        keys = _parsed(file.read(), self.path)
        if self._keys and keys["installation"] != self.installation:
            raise UnusableKeys(f"the key file was replaced by another installation's: {self.path}")
        self._keys = keys
        # A register signs tens of thousands of entries: the key is made of its bytes once.
        self._audit_key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(keys["audit"]))
        self._seen = seen

    def _sweep(self) -> None:
        """A file that was being written when the power went may hold what has been destroyed since."""
        for left in self.path.parent.glob(f"{_PARTIAL}*"):
            with left.open("rb") as file:
                left.unlink()
                _overwrite(file.fileno())
        sync_directory(self.path.parent)

    def _replace(self, keys: dict[str, Any]) -> None:
        old = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            write_keys(self.path, keys)
            self._read()
            _overwrite(old)
        finally:
            os.close(old)


def create_key_file(path: Path) -> KeyFile:
    """New keys, of a new installation. Raises UnusableKeys when there is a file already, or others may enter."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    require_private(path.parent)
    if path.exists():
        raise UnusableKeys(f"there are keys already: {path}")
    audit = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    keys = {"version": _VERSION, "installation": secrets.token_hex(16), "audit": audit, "organisations": {}}
    write_keys(path, keys)
    return KeyFile(path)


def write_keys(path: Path, keys: dict[str, Any]) -> None:
    """Durably in place when this returns: the whole old file or the whole new one, whenever the power goes."""
    put_in_place(path, json.dumps(keys).encode(), READ_ONLY, _PARTIAL)


def require_private(directory: Path) -> None:
    """Raises UnusableKeys unless the directory is ours and closed to others."""
    try:
        require_directory(directory)
    except OSError as error:
        raise UnusableKeys(f"the directory of the vault's keys cannot be read: {error.strerror}: {directory}") from None
    except NotOursAlone as error:
        raise UnusableKeys(str(error)) from None


def _overwrite(reading: int) -> None:
    """Zeros over a file that has no name any more; what a disk keeps elsewhere is out of reach."""
    os.fchmod(reading, 0o600)
    descriptor = os.open(f"/proc/self/fd/{reading}", os.O_WRONLY)
    try:
        os.write(descriptor, bytes(os.fstat(descriptor).st_size))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _parsed(content: bytes, path: Path) -> dict[str, Any]:
    try:
        keys: dict[str, Any] = json.loads(content)
        organisations = keys["organisations"].values()
        sizes = {len(base64.b64decode(key)) for organisation in organisations for key in organisation.values()}
        sizes.add(len(base64.b64decode(keys["audit"])))
        epochs = [int(number) for organisation in organisations for number in organisation]
        if keys["version"] == _VERSION and sizes == {KEY_BYTES} and all(n > 0 for n in epochs) and keys["installation"]:
            return keys
    except (ValueError, KeyError, AttributeError, TypeError):
        pass
    raise UnusableKeys(f"this is no key file of the vault: {path}")
