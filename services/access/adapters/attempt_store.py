"""Failed attempts at a name's password or second factor, or at an invitation, in SQLite."""

from __future__ import annotations

from typing import Final

from services.access.adapters.database import Database
from services.access.domain.accounts import Failures
from services.access.domain.one_time_codes import digest

_FORGET_AFTER: Final = 24 * 3_600_000


class SqliteAttempts:
    """An AttemptStore. `what`: a sign-in name, or an invitation's beginning; only its digest is kept.

    What somebody typed as a name may be a password typed into the wrong field.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, what: str, now: int) -> Failures:
        """Names nobody has are counted like others, and all are forgotten a day after the last attempt."""
        with self._database.connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("DELETE FROM failures WHERE at < ?", (now - _FORGET_AFTER,))
            row = connection.execute(
                "SELECT count, blocked_until FROM failures WHERE name_digest = ?", (digest(what),)
            ).fetchone()
            before = Failures(*row) if row else Failures()
            if now >= before.blocked_until:
                after = before.one_more(now)
                connection.execute(
                    "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?)",
                    (digest(what), after.count, after.blocked_until, now),
                )
        return before

    def take_back(self, what: str, before: Failures) -> None:
        """The attempt that found `before` was none; what others tried since then still counts."""
        with self._database.connection() as connection:
            connection.execute(
                "UPDATE failures SET count = ?, blocked_until = ? WHERE name_digest = ? AND count = ?",
                (before.count, before.blocked_until, digest(what), before.count + 1),
            )

    def forget(self, what: str) -> None:
        with self._database.connection() as connection:
            connection.execute("DELETE FROM failures WHERE name_digest = ?", (digest(what),))

    def of(self, what: str) -> Failures:
        with self._database.connection() as connection:
            row = connection.execute(
                "SELECT count, blocked_until FROM failures WHERE name_digest = ?", (digest(what),)
            ).fetchone()
        return Failures(*row) if row else Failures()
