"""Files with passwords or tokens in them: readable by their owner alone, and whole or not there."""

from __future__ import annotations

import secrets
from pathlib import Path

from services.runtime.ours_alone import READ_WRITE, put_in_place


def write_private(path: Path, text: str) -> None:
    """Replace the file, mode 0600."""
    path.parent.mkdir(parents=True, exist_ok=True)
    put_in_place(path, text.encode(), READ_WRITE)


def kept_secret(path: Path) -> str:
    """The secret in the file, made the first time it is asked for."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(24) + "\n")
    return path.read_text().strip()
