"""The key of the dice: 32 random bytes in a file nobody else may read.

Who has it can work out the dice of every number ever published, and what plain rounding would have left. It is in the
backups. Without it the next release is made with a new one, which is as good: no number is ever published again.
"""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from pathlib import Path
from typing import Final

from services.outcomes.adapters.release_store import private_directory
from services.outcomes.ports import StoreUnavailable

FILE_NAME: Final = "dice.key"
_BYTES: Final = 32


def load_or_create_dice_key(directory: Path) -> bytes:
    """Made the first time; two processes that make it at once end with the same. Raises StoreUnavailable."""
    path = private_directory(directory) / FILE_NAME
    if not path.exists():
        _create(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if stat.S_IMODE(found.st_mode) not in (0o400, 0o600) or found.st_uid != os.geteuid():
            raise StoreUnavailable(f"{path} must be its owner's alone: chmod 400 {path}")
        key = file.read()
    if len(key) != _BYTES:
        raise StoreUnavailable(f"{path} holds no key of {_BYTES} bytes")
    return key


def _create(path: Path) -> None:
    # mkstemp makes the file with mode 0600; the link fails where another process was first.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
            file.flush()
            os.fchmod(descriptor, 0o400)
            os.fsync(descriptor)
        try:
            os.link(name, path)
        except FileExistsError:
            return
    finally:
        os.unlink(name)
