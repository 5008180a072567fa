"""Invitations in SQLite; of their codes only digests."""

from __future__ import annotations

import sqlite3

from services.access.adapters.database import Database
from services.access.domain.invitations import Invitation


class SqliteInvitations:
    """An InvitationStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def make(self, invitation: Invitation) -> None:
        """It replaces every earlier one of the account."""
        with self._database.connection() as connection:
            connection.execute(
                "UPDATE invitations SET ended_at = ? WHERE account_id = ? AND ended_at IS NULL",
                (invitation.made_at, invitation.account_id),
            )
            connection.execute(
                "INSERT INTO invitations VALUES (?, ?, ?, ?)",
                (invitation.code_digest, invitation.account_id, invitation.made_at, invitation.ended_at),
            )

    def by_digest(self, code_digest: str) -> Invitation | None:
        with self._database.connection() as connection:
            row = connection.execute(
                "SELECT code_digest, account_id, made_at, ended_at FROM invitations WHERE code_digest = ?",
                (code_digest,),
            ).fetchone()
        return Invitation(*row) if row else None

    def newest_of(self, account_id: str) -> Invitation | None:
        with self._database.connection() as connection:
            row = connection.execute(
                "SELECT code_digest, account_id, made_at, ended_at FROM invitations WHERE account_id = ? "
                "ORDER BY made_at DESC, ended_at IS NULL DESC LIMIT 1",
                (account_id,),
            ).fetchone()
        return Invitation(*row) if row else None

    def use(self, invitation: Invitation, now: int, password_hash: str) -> bool:
        """Ends the invitation, sets the password and forgets the second factor and the sessions that there were: all of
        it or nothing; False when somebody else was first."""
        with self._database.connection() as connection:
            ended = connection.execute(
                "UPDATE invitations SET ended_at = ? WHERE code_digest = ? AND ended_at IS NULL",
                (now, invitation.code_digest),
            )
            if ended.rowcount == 1:
                _begin_anew(connection, invitation.account_id, password_hash, now)
        return ended.rowcount == 1

    def withdraw(self, account_id: str, now: int) -> bool:
        """Whether there was one."""
        with self._database.connection() as connection:
            ended = connection.execute(
                "UPDATE invitations SET ended_at = ? WHERE account_id = ? AND ended_at IS NULL", (now, account_id)
            )
        return ended.rowcount > 0


def _begin_anew(connection: sqlite3.Connection, account_id: str, password_hash: str, now: int) -> None:
    connection.execute("UPDATE accounts SET password_hash = ? WHERE account_id = ?", (password_hash, account_id))
    connection.execute("DELETE FROM second_factors WHERE account_id = ?", (account_id,))
    connection.execute("DELETE FROM recovery_codes WHERE account_id = ?", (account_id,))
    connection.execute("UPDATE sessions SET ended_at = ? WHERE account_id = ? AND ended_at IS NULL", (now, account_id))
