"""Absences in SQLite."""

from __future__ import annotations

from typing import Final

from services.access.adapters.database import Database
from services.access.domain.absences import Absence

_COLUMNS: Final = "absence_id, account_id, delegate_id, since, until"


class SqliteAbsences:
    """An AbsenceStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, absence: Absence) -> bool:
        """False when the account is away at that time already, or its delegate is."""
        with self._database.connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            other = connection.execute(
                "SELECT 1 FROM absences WHERE account_id IN (?, ?) AND since < ? AND ? < until",
                (absence.account_id, absence.delegate_id, absence.until, absence.since),
            ).fetchone()
            if other is None:
                connection.execute(
                    f"INSERT INTO absences ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)",
                    (absence.absence_id, absence.account_id, absence.delegate_id, absence.since, absence.until),
                )
        return other is None

    def by_id(self, absence_id: str) -> Absence | None:
        with self._database.connection() as connection:
            row = connection.execute(f"SELECT {_COLUMNS} FROM absences WHERE absence_id = ?", (absence_id,)).fetchone()
        return Absence(*row) if row else None

    def end(self, absence_id: str, now: int) -> None:
        """It ends now; one that has not begun will never have been."""
        with self._database.connection() as connection:
            connection.execute(
                "UPDATE absences SET until = MAX(since, ?) WHERE absence_id = ? AND until > ?", (now, absence_id, now)
            )

    def between(self, since: int, until: int) -> list[Absence]:
        """Those that last into this time, in their order."""
        with self._database.connection() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM absences WHERE since < until AND since < ? AND ? < until "
                "ORDER BY since, absence_id",
                (until, since),
            ).fetchall()
        return [Absence(*row) for row in rows]
