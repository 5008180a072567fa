"""Releases in SQLite: WAL, synchronous=FULL, in a directory of their own with mode 0700.

A database rather than files: that a number is given once, that a draft gives way in one step, and that nothing
published is ever changed, is held by the database itself (keys and triggers), also against a slip in this program.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from services.outcomes.adapters.sqlite_file import opened
from services.outcomes.domain.publication.release import Made, canonical, digest_of, hidden_to_words
from services.outcomes.ports import Kept, NumberTaken, ReleaseDamaged, StoreUnavailable

FILE_NAME: Final = "releases.sqlite3"

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS releases (
    organisation TEXT NOT NULL,
    number       INTEGER NOT NULL,
    quarter      TEXT NOT NULL,
    content      TEXT NOT NULL,
    hidden       TEXT NOT NULL,
    digest       TEXT NOT NULL,
    made_at      INTEGER NOT NULL,
    made_by      TEXT NOT NULL,
    published_at INTEGER,
    published_by TEXT,
    PRIMARY KEY (organisation, number),
    UNIQUE (organisation, quarter)
) STRICT;
CREATE TRIGGER IF NOT EXISTS published_never_changes BEFORE UPDATE ON releases
WHEN OLD.published_at IS NOT NULL BEGIN SELECT RAISE(ABORT, 'a published release never changes'); END;
CREATE TRIGGER IF NOT EXISTS published_never_goes BEFORE DELETE ON releases
WHEN OLD.published_at IS NOT NULL BEGIN SELECT RAISE(ABORT, 'a published release never goes'); END;
CREATE TRIGGER IF NOT EXISTS published_is_what_was_drafted BEFORE UPDATE ON releases
WHEN (NEW.organisation, NEW.number, NEW.quarter, NEW.content, NEW.hidden, NEW.digest)
    IS NOT (OLD.organisation, OLD.number, OLD.quarter, OLD.content, OLD.hidden, OLD.digest)
BEGIN SELECT RAISE(ABORT, 'a draft is published as it is'); END;
"""
_COLUMNS: Final = "number, content, hidden, digest, made_at, made_by, published_at, published_by"


class SqliteReleases:
    """A ReleaseStore. The directory is made when it is first needed; each call opens its own connection."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def all_of(self, organisation: str) -> list[Kept]:
        with self._connection() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM releases WHERE organisation = ? ORDER BY number", (organisation,)
            ).fetchall()
        return [_kept(row) for row in rows]

    def keep_draft(self, organisation: str, made: Made, by: str, now: int) -> Kept:
        hidden = json.dumps(hidden_to_words(made.hidden))
        row = (organisation, made.number, str(made.quarter), canonical(made.content), hidden, made.digest, now, by)
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            (last,) = connection.execute(
                "SELECT coalesce(max(number), 0) FROM releases WHERE organisation = ? AND published_at IS NOT NULL",
                (organisation,),
            ).fetchone()
            if made.number != last + 1:
                raise NumberTaken(f"the next release is number {last + 1}")
            connection.execute("DELETE FROM releases WHERE organisation = ? AND number > ?", (organisation, last))
            connection.execute(
                "INSERT INTO releases (organisation, number, quarter, content, hidden, digest, made_at, made_by)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        return Kept(made.number, made.content, hidden_to_words(made.hidden), made.digest, now, by)

    def publish(self, organisation: str, number: int, digest: str, by: str, now: int) -> bool:
        with self._connection() as connection:
            changed = connection.execute(
                "UPDATE releases SET published_at = ?, published_by = ?"
                " WHERE organisation = ? AND number = ? AND digest = ? AND published_at IS NULL",
                (now, by, organisation, number, digest),
            ).rowcount
        return changed == 1

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            with opened(self._directory / FILE_NAME, _SCHEMA) as connection:
                yield connection
        except sqlite3.OperationalError as error:
            raise StoreUnavailable(f"the store of releases did not answer: {error}") from error
        except sqlite3.DatabaseError as error:
            raise ReleaseDamaged(f"the store of releases cannot be read: {error}") from error


def _kept(row: tuple[Any, ...]) -> Kept:
    number, content, hidden, digest, made_at, made_by, published_at, published_by = row
    read = json.loads(content)
    if digest_of(read) != digest:
        raise ReleaseDamaged(f"release {number} is not what its digest says")
    return Kept(number, read, json.loads(hidden), digest, made_at, made_by, published_at, published_by)
