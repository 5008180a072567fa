"""Sessions and their refresh tokens in SQLite; of the tokens only digests."""

from __future__ import annotations

import sqlite3
from typing import Final

from services.access.adapters.database import Database
from services.access.domain.device_sessions import DAY, DeviceSession, RefreshToken, Renewal, renewal_of

_KEPT_FOR: Final = 180 * DAY
_SESSION: Final = "session_id, account_id, device, created_at, last_used_at, ended_at"
_REFRESH: Final = "token_digest, session_id, parent, issued_at, spent_at"

_UNUSED_SINCE: Final = "SELECT session_id FROM sessions WHERE last_used_at < ?"


class SqliteSessions:
    """A SessionStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, session: DeviceSession, token_digest: str) -> None:
        """Sessions that nobody used for half a year are forgotten."""
        old = session.created_at - _KEPT_FOR
        row = (session.session_id, session.account_id, session.device, session.created_at, session.last_used_at)
        with self._database.connection() as connection:
            connection.execute(f"DELETE FROM refresh_tokens WHERE session_id IN ({_UNUSED_SINCE})", (old,))
            connection.execute(f"DELETE FROM sessions WHERE session_id IN ({_UNUSED_SINCE})", (old,))
            connection.execute(f"INSERT INTO sessions ({_SESSION}) VALUES (?, ?, ?, ?, ?, NULL)", row)
            _add(connection, RefreshToken(token_digest, session.session_id, "", session.created_at))

    def renew(self, token_digest: str, next_digest: str, now: int, unused_for: int) -> DeviceSession | None:
        """The session, whose token is now the next one; None when this one is not taken. One transaction."""
        with self._database.connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            token = _token(connection, "token_digest = ?", token_digest)
            if token is None:
                return None
            session = _session(connection, token.session_id)
            unspent = _token(connection, "session_id = ? AND spent_at IS NULL", token.session_id)
            match renewal_of(token, session, unspent, now, unused_for):
                case Renewal.OVER:
                    return None
                case Renewal.STOLEN:
                    _end(connection, "session_id = ?", token.session_id, now)
                    return None
                case Renewal.RENEWED:
                    _spend(connection, token.session_id, now)
                    _add(connection, RefreshToken(next_digest, token.session_id, token.token_digest, now))
                    connection.execute(
                        "UPDATE sessions SET last_used_at = ? WHERE session_id = ?", (now, token.session_id)
                    )
                    return session

    def of_account(self, account_id: str) -> list[DeviceSession]:
        """Those that have not ended, the one used last first."""
        with self._database.connection() as connection:
            rows = connection.execute(
                f"SELECT {_SESSION} FROM sessions WHERE account_id = ? AND ended_at IS NULL "
                "ORDER BY last_used_at DESC, session_id",
                (account_id,),
            ).fetchall()
        return [DeviceSession(*row) for row in rows]

    def end(self, session_id: str, account_id: str, now: int) -> bool:
        """Whether the account has this session. Ending twice keeps the first time."""
        with self._database.connection() as connection:
            row = connection.execute(
                "SELECT 1 FROM sessions WHERE session_id = ? AND account_id = ?", (session_id, account_id)
            ).fetchone()
            if row is not None:
                _end(connection, "session_id = ?", session_id, now)
        return row is not None

    def end_all(self, account_id: str, now: int) -> None:
        with self._database.connection() as connection:
            _end(connection, "account_id = ?", account_id, now)

    def ended_since(self, instant: int) -> list[str]:
        """Ids of sessions that ended then or later."""
        with self._database.connection() as connection:
            rows = connection.execute(
                "SELECT session_id FROM sessions WHERE ended_at >= ? ORDER BY session_id", (instant,)
            ).fetchall()
        return [row[0] for row in rows]


def _end(connection: sqlite3.Connection, where: str, value: str, now: int) -> None:
    connection.execute(f"UPDATE sessions SET ended_at = ? WHERE {where} AND ended_at IS NULL", (now, value))


def _spend(connection: sqlite3.Connection, session_id: str, now: int) -> None:
    connection.execute(
        "UPDATE refresh_tokens SET spent_at = ? WHERE session_id = ? AND spent_at IS NULL", (now, session_id)
    )


def _add(connection: sqlite3.Connection, token: RefreshToken) -> None:
    connection.execute(
        f"INSERT INTO refresh_tokens ({_REFRESH}) VALUES (?, ?, ?, ?, ?)",
        (token.token_digest, token.session_id, token.parent, token.issued_at, token.spent_at),
    )


def _token(connection: sqlite3.Connection, where: str, value: str) -> RefreshToken | None:
    row = connection.execute(f"SELECT {_REFRESH} FROM refresh_tokens WHERE {where}", (value,)).fetchone()
    return RefreshToken(*row) if row else None


def _session(connection: sqlite3.Connection, session_id: str) -> DeviceSession:
    row = connection.execute(f"SELECT {_SESSION} FROM sessions WHERE session_id = ?", (session_id,)).fetchone()
    return DeviceSession(*row)
