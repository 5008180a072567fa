"""The key of the dice: 32 random bytes in a file nobody else may read.

Who has it can work out the dice of every number ever published, and what plain rounding would have left. It is in the
backups. Without it the next release is made with a new one, which is as good: no number is ever published again.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

from services.outcomes.adapters.sqlite_file import private_directory
from services.outcomes.ports import StoreUnavailable
from services.runtime.ours_alone import READ_ONLY, NotOursAlone, load_or_create_private

FILE_NAME: Final = "dice.key"
_BYTES: Final = 32


def load_or_create_dice_key(directory: Path) -> bytes:
    """Made the first time; two processes that make it at once end with the same. Raises StoreUnavailable."""
    path = private_directory(directory) / FILE_NAME
    try:
        key = load_or_create_private(path, lambda: secrets.token_bytes(_BYTES), READ_ONLY)
    except NotOursAlone as error:
        raise StoreUnavailable(str(error)) from None
    if len(key) != _BYTES:
        raise StoreUnavailable(f"{path} holds no key of {_BYTES} bytes")
    return key
