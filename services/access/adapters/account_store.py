"""Accounts in SQLite: WAL, synchronous=FULL, in a directory of their own with mode 0700."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from services.access.adapters.signing_key import private_directory
from services.access.application.ports import NameTaken, Stored
from services.access.domain.accounts import Account, Failures
from services.access.domain.permissions import Area, Role

FILE_NAME: Final = "accounts.sqlite3"
_FORGET_AFTER: Final = 24 * 3_600_000

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS accounts (
    account_id    TEXT PRIMARY KEY,
    organisation  TEXT NOT NULL,
    sign_in_name  TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    roles         TEXT NOT NULL,
    areas         TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    closed_at     INTEGER
) STRICT;
CREATE TABLE IF NOT EXISTS failures (
    name_digest   TEXT PRIMARY KEY,
    count         INTEGER NOT NULL,
    blocked_until INTEGER NOT NULL,
    at            INTEGER NOT NULL
) STRICT;
"""
_COLUMNS: Final = "account_id, organisation, sign_in_name, name, roles, areas, created_at, closed_at, password_hash"


class SqliteAccounts:
    """An AccountStore. Each call opens its own connection: safe from any thread, and beside other processes."""

    def __init__(self, directory: Path) -> None:
        """Raises UnsafeKeyFile when others may enter the directory."""
        self._path = private_directory(directory) / FILE_NAME
        with self._connection() as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(_SCHEMA)
        self._path.chmod(0o600)

    def by_sign_in_name(self, sign_in_name: str) -> Stored | None:
        return self._one("sign_in_name = ?", sign_in_name)

    def by_id(self, account_id: str) -> Stored | None:
        return self._one("account_id = ?", account_id)

    def of_organisation(self, organisation: str) -> list[Account]:
        with self._connection() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM accounts WHERE organisation = ? ORDER BY name, account_id", (organisation,)
            ).fetchall()
        return [_stored(row).account for row in rows]

    def closed_ids(self) -> list[str]:
        with self._connection() as connection:
            rows = connection.execute(
                "SELECT account_id FROM accounts WHERE closed_at IS NOT NULL ORDER BY account_id"
            ).fetchall()
        return [row[0] for row in rows]

    def add(self, account: Account, password_hash: str) -> None:
        """Raises NameTaken."""
        areas = [[area.district] if area.upazila is None else [area.district, area.upazila] for area in account.areas]
        row = (
            account.account_id,
            account.organisation,
            account.sign_in_name,
            account.name,
            json.dumps(sorted(account.roles)),
            json.dumps(areas),
            account.created_at,
            account.closed_at,
            password_hash,
        )
        try:
            with self._connection() as connection:
                connection.execute(f"INSERT INTO accounts ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        except sqlite3.IntegrityError:
            raise NameTaken(account.sign_in_name) from None

    def set_password_hash(self, account_id: str, password_hash: str) -> None:
        with self._connection() as connection:
            connection.execute(
                "UPDATE accounts SET password_hash = ? WHERE account_id = ?", (password_hash, account_id)
            )

    def close(self, account_id: str, now: int) -> None:
        """Closing twice keeps the first time."""
        with self._connection() as connection:
            connection.execute(
                "UPDATE accounts SET closed_at = ? WHERE account_id = ? AND closed_at IS NULL", (now, account_id)
            )

    def begin_attempt(self, sign_in_name: str, now: int) -> Failures:
        """Names nobody has are counted like others, and all are forgotten a day after the last attempt."""
        digest = _digest(sign_in_name)
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("DELETE FROM failures WHERE at < ?", (now - _FORGET_AFTER,))
            row = connection.execute(
                "SELECT count, blocked_until FROM failures WHERE name_digest = ?", (digest,)
            ).fetchone()
            before = Failures(*row) if row else Failures()
            if now >= before.blocked_until:
                after = before.one_more(now)
                connection.execute(
                    "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?)",
                    (digest, after.count, after.blocked_until, now),
                )
        return before

    def forget_failures(self, sign_in_name: str) -> None:
        with self._connection() as connection:
            connection.execute("DELETE FROM failures WHERE name_digest = ?", (_digest(sign_in_name),))

    def check(self) -> None:
        """For /readyz. Raises sqlite3.Error."""
        with self._connection() as connection:
            connection.execute("SELECT 1 FROM accounts LIMIT 1").fetchone()

    def _one(self, where: str, value: str) -> Stored | None:
        with self._connection() as connection:
            row = connection.execute(f"SELECT {_COLUMNS} FROM accounts WHERE {where}", (value,)).fetchone()
        return _stored(row) if row else None

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=5)) as connection:
            connection.execute("PRAGMA synchronous=FULL")
            with connection:
                yield connection


def _stored(row: tuple[str, str, str, str, str, str, int, int | None, str]) -> Stored:
    account_id, organisation, sign_in_name, name, roles, areas, created_at, closed_at, password_hash = row
    account = Account(
        account_id,
        organisation,
        sign_in_name,
        name,
        frozenset(Role(role) for role in json.loads(roles)),
        tuple(Area(*area) for area in json.loads(areas)),
        created_at,
        closed_at,
    )
    return Stored(account, password_hash)


def _digest(sign_in_name: str) -> str:
    """What somebody typed as a name may be a password typed into the wrong field: it is not kept."""
    return hashlib.sha256(sign_in_name.encode()).hexdigest()
