"""Accounts, and what was done with them, in SQLite."""

from __future__ import annotations

import json
import sqlite3
from typing import Final

from services.access.adapters.database import Database
from services.access.application.ports import NameTaken, Stored
from services.access.domain.accounts import Account, AccountChange, Done
from services.access.domain.permissions import Area, Role

_COLUMNS: Final = "account_id, organisation, sign_in_name, name, roles, areas, created_at, closed_at, password_hash"


class SqliteAccounts:
    """An AccountStore. What an administrator does and the record of it are one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def by_sign_in_name(self, sign_in_name: str) -> Stored | None:
        return self._one("sign_in_name = ?", sign_in_name)

    def by_id(self, account_id: str) -> Stored | None:
        return self._one("account_id = ?", account_id)

    def of_organisation(self, organisation: str) -> list[Account]:
        return [stored.account for stored in self._of(organisation)]

    def opened_of(self, organisation: str) -> list[Account]:
        return [stored.account for stored in self._of(organisation) if stored.was_opened]

    def _of(self, organisation: str) -> list[Stored]:
        with self._database.connection() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM accounts WHERE organisation = ? ORDER BY name, account_id", (organisation,)
            ).fetchall()
        return [_stored(row) for row in rows]

    def closed_ids(self) -> list[str]:
        with self._database.connection() as connection:
            rows = connection.execute(
                "SELECT account_id FROM accounts WHERE closed_at IS NOT NULL ORDER BY account_id"
            ).fetchall()
        return [row[0] for row in rows]

    def supervisors(self) -> list[Account]:
        """The open accounts of all organisations that have the role."""
        with self._database.connection() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM accounts WHERE closed_at IS NULL "
                "AND EXISTS (SELECT 1 FROM json_each(roles) WHERE value = ?) ORDER BY account_id",
                (Role.SUPERVISOR,),
            ).fetchall()
        return [_stored(row).account for row in rows]

    def add(self, account: Account, password_hash: str, by: str) -> None:
        """Raises NameTaken."""
        row = (
            account.account_id,
            account.organisation,
            account.sign_in_name,
            account.name,
            *_written(account),
            account.created_at,
            account.closed_at,
            password_hash,
        )
        try:
            with self._database.connection() as connection:
                connection.execute(f"INSERT INTO accounts ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
                _record(connection, account, Done.MADE, account.created_at, by)
        except sqlite3.IntegrityError:
            raise NameTaken(account.sign_in_name) from None

    def set_password_hash(self, account_id: str, password_hash: str) -> None:
        with self._database.connection() as connection:
            connection.execute(
                "UPDATE accounts SET password_hash = ? WHERE account_id = ?", (password_hash, account_id)
            )

    def close(self, account: Account, now: int, by: str) -> None:
        """Closing twice keeps the first time."""
        with self._database.connection() as connection:
            closed = connection.execute(
                "UPDATE accounts SET closed_at = ? WHERE account_id = ? AND closed_at IS NULL",
                (now, account.account_id),
            )
            if closed.rowcount:
                _record(connection, account, Done.CLOSED, now, by)

    def change_roles(self, account: Account, now: int, by: str) -> None:
        """Her roles and areas are those of `account` from now on."""
        with self._database.connection() as connection:
            connection.execute(
                "UPDATE accounts SET roles = ?, areas = ? WHERE account_id = ?",
                (*_written(account), account.account_id),
            )
            _record(connection, account, Done.ROLES_CHANGED, now, by)

    def record(self, account: Account, done: Done, now: int, by: str) -> None:
        with self._database.connection() as connection:
            _record(connection, account, done, now, by)

    def changes_of(self, organisation: str, before: int, limit: int) -> list[AccountChange]:
        """Those with a lower number, the newest first."""
        with self._database.connection() as connection:
            rows = connection.execute(
                "SELECT number, at, account_id, by_account_id, what, roles, areas FROM account_changes "
                "WHERE organisation = ? AND number < ? ORDER BY number DESC LIMIT ?",
                (organisation, before, limit),
            ).fetchall()
        return [
            AccountChange(number, at, account_id, by, Done(what), _roles(roles), _areas(areas))
            for number, at, account_id, by, what, roles, areas in rows
        ]

    def mark_as_demo(self, account_id: str) -> None:
        with self._database.connection() as connection:
            connection.execute("INSERT OR IGNORE INTO demo_accounts VALUES (?)", (account_id,))

    def is_demo(self, account_id: str) -> bool:
        with self._database.connection() as connection:
            row = connection.execute("SELECT 1 FROM demo_accounts WHERE account_id = ?", (account_id,)).fetchone()
        return row is not None

    def _one(self, where: str, value: str) -> Stored | None:
        with self._database.connection() as connection:
            row = connection.execute(f"SELECT {_COLUMNS} FROM accounts WHERE {where}", (value,)).fetchone()
        return _stored(row) if row else None


def _record(connection: sqlite3.Connection, account: Account, done: Done, now: int, by: str) -> None:
    connection.execute(
        "INSERT INTO account_changes (at, organisation, account_id, by_account_id, what, roles, areas) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (now, account.organisation, account.account_id, by, done, *_written(account)),
    )


def _written(account: Account) -> tuple[str, str]:
    areas = [[area.district] if area.upazila is None else [area.district, area.upazila] for area in account.areas]
    return json.dumps(sorted(account.roles)), json.dumps(areas)


def _roles(written: str) -> frozenset[Role]:
    return frozenset(Role(role) for role in json.loads(written))


def _areas(written: str) -> tuple[Area, ...]:
    return tuple(Area(*area) for area in json.loads(written))


def _stored(row: tuple[str, str, str, str, str, str, int, int | None, str]) -> Stored:
    account_id, organisation, sign_in_name, name, roles, areas, created_at, closed_at, password_hash = row
    account = Account(account_id, organisation, sign_in_name, name, _roles(roles), _areas(areas), created_at, closed_at)
    return Stored(account, password_hash)
