"""Targets in SQLite, in a file of their own beside the releases: WAL, synchronous=FULL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from services.outcomes.adapters.sqlite_file import opened
from services.outcomes.domain.targets import Target
from services.outcomes.ports import StoreUnavailable

FILE_NAME: Final = "targets.sqlite3"
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS targets (
    organisation TEXT NOT NULL,
    programme    TEXT NOT NULL,
    indicator    TEXT NOT NULL,
    by_day       TEXT NOT NULL,
    value        REAL NOT NULL,
    set_at       INTEGER NOT NULL,
    set_by       TEXT NOT NULL,
    PRIMARY KEY (organisation, programme, indicator, by_day)
) STRICT;
"""


class SqliteTargets:
    """A TargetStore. The directory is made when it is first needed; each call opens its own connection."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def all_of(self, organisation: str) -> list[Target]:
        with self._connection() as connection:
            rows = connection.execute(
                "SELECT programme, indicator, value, by_day FROM targets WHERE organisation = ?"
                " ORDER BY indicator, programme, by_day",
                (organisation,),
            ).fetchall()
        return [Target(*row) for row in rows]

    def keep(self, organisation: str, target: Target, by: str, now: int) -> None:
        with self._connection() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO targets VALUES (?, ?, ?, ?, ?, ?, ?)",
                (organisation, target.programme, target.indicator, target.by, float(target.value), now, by),
            )

    def drop(self, organisation: str, target: Target) -> None:
        with self._connection() as connection:
            connection.execute(
                "DELETE FROM targets WHERE organisation = ? AND programme = ? AND indicator = ? AND by_day = ?",
                (organisation, target.programme, target.indicator, target.by),
            )

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            with opened(self._directory / FILE_NAME, _SCHEMA) as connection:
                yield connection
        except sqlite3.DatabaseError as error:
            raise StoreUnavailable(f"the store of targets did not answer: {error}") from error
