"""A file of SQLite that is ours alone: WAL, synchronous=FULL, in a directory with mode 0700."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from services.outcomes.ports import StoreUnavailable
from services.runtime import ours_alone


def private_directory(directory: Path) -> Path:
    """The directory, made with mode 0700 where it is missing. Raises StoreUnavailable when others may enter it."""
    try:
        return ours_alone.private_directory(directory)
    except ours_alone.NotOursAlone as error:
        raise StoreUnavailable(str(error)) from None


@contextmanager
def opened(path: Path, schema: str) -> Iterator[sqlite3.Connection]:
    """A connection with one transaction, committed at the end of the block; its directory is made where it is missing.

    Raises StoreUnavailable, and sqlite3.DatabaseError of what the block does.
    """
    private_directory(path.parent)
    with closing(sqlite3.connect(path, timeout=5)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.executescript(schema)
        path.chmod(0o600)
        with connection:
            yield connection
