"""Files and directories that are ours alone: keys, secrets, and what is known of people.

What others could read or replace is refused, never mended: nobody knows what was done with it meanwhile.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

READ_ONLY: Final = 0o400
READ_WRITE: Final = 0o600


class NotOursAlone(RuntimeError):
    """Others could read or replace it: it is not used. The message says what to change."""


def private_directory(directory: Path) -> Path:
    """The directory, made with mode 0700 where it is missing. Raises NotOursAlone when others may enter it."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return require_directory(directory)


def require_directory(directory: Path) -> Path:
    """One that must be there. Raises NotOursAlone when others may enter it, OSError."""
    found = directory.stat()
    if stat.S_IMODE(found.st_mode) & 0o077 or found.st_uid != os.geteuid():
        raise NotOursAlone(f"{directory} must be yours alone: chmod 700 {directory}")
    return directory


@contextmanager
def open_private(path: Path, *modes: int) -> Iterator[BinaryIO]:
    """The file, for reading; it may have one of these modes (as chmod takes them), the first of them is named.

    Raises NotOursAlone, and OSError when it is missing or a symbolic link.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if stat.S_IMODE(found.st_mode) not in modes or found.st_uid != os.geteuid():
            raise NotOursAlone(f"{path} must be yours alone: chmod {modes[0]:o} {path}")
        yield file


def read_private(path: Path, *modes: int) -> bytes:
    """As `open_private`."""
    with open_private(path, *modes) as file:
        return file.read()


def load_or_create_private(path: Path, made: Callable[[], bytes], mode: int = READ_WRITE) -> bytes:
    """What a file holds; made the first time, with this mode, by whoever is first. Others may have taken writing away.

    Raises NotOursAlone, OSError.
    """
    if not path.exists():
        _create(path, made(), mode)
    return read_private(path, mode, READ_ONLY, READ_WRITE)


def put_in_place(path: Path, content: bytes, mode: int, prefix: str = ".new-") -> None:
    """Durably in place when this returns: the whole old file or the whole new one, whenever the power goes.

    prefix: of a file beside it that a loss of power may leave.
    """
    with _beside(path, content, mode, prefix) as new:
        new.replace(path)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """What was renamed or removed in it stays so."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _create(path: Path, content: bytes, mode: int) -> None:
    with _beside(path, content, mode, ".new-") as new:
        try:
            os.link(new, path)
        except FileExistsError:
            # Another process was first: its content counts.
            return
    sync_directory(path.parent)


@contextmanager
def _beside(path: Path, content: bytes, mode: int, prefix: str) -> Iterator[Path]:
    """A durable file of this content, gone afterwards unless it was renamed. mkstemp makes it with mode 0600."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=prefix)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
