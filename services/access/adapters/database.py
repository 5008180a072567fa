"""The one SQLite file of access: WAL, synchronous=FULL, in a directory of its own with mode 0700."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from services.runtime.ours_alone import private_directory

FILE_NAME: Final = "accounts.sqlite3"

# Only ever added to: a file of an older version gets what it does not have yet.
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
CREATE TABLE IF NOT EXISTS demo_accounts (
    account_id    TEXT PRIMARY KEY
) STRICT;
CREATE TABLE IF NOT EXISTS failures (
    name_digest   TEXT PRIMARY KEY,
    count         INTEGER NOT NULL,
    blocked_until INTEGER NOT NULL,
    at            INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS invitations (
    code_digest   TEXT PRIMARY KEY,
    account_id    TEXT NOT NULL,
    made_at       INTEGER NOT NULL,
    ended_at      INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS invitations_of_account ON invitations (account_id);
CREATE TABLE IF NOT EXISTS proposals (
    proposal_id   TEXT PRIMARY KEY,
    organisation  TEXT NOT NULL,
    account_id    TEXT NOT NULL,
    asked_by      TEXT NOT NULL,
    asked_at      INTEGER NOT NULL,
    kind          TEXT NOT NULL,
    act           TEXT NOT NULL,
    ended_at      INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS proposals_that_wait ON proposals (organisation) WHERE ended_at IS NULL;
CREATE TABLE IF NOT EXISTS second_factors (
    account_id    TEXT PRIMARY KEY,
    sealed_secret BLOB NOT NULL,
    confirmed_at  INTEGER,
    last_step     INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS recovery_codes (
    account_id    TEXT NOT NULL,
    code_digest   TEXT NOT NULL,
    used_at       INTEGER,
    PRIMARY KEY (account_id, code_digest)
) STRICT;
CREATE TABLE IF NOT EXISTS sessions (
    session_id    TEXT PRIMARY KEY,
    account_id    TEXT NOT NULL,
    device        TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    last_used_at  INTEGER NOT NULL,
    ended_at      INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS sessions_of_account ON sessions (account_id);
CREATE INDEX IF NOT EXISTS sessions_ended ON sessions (ended_at);
CREATE TABLE IF NOT EXISTS refresh_tokens (
    token_digest  TEXT PRIMARY KEY,
    session_id    TEXT NOT NULL,
    parent        TEXT NOT NULL,
    issued_at     INTEGER NOT NULL,
    spent_at      INTEGER
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS one_unspent_of_a_session ON refresh_tokens (session_id) WHERE spent_at IS NULL;
CREATE TABLE IF NOT EXISTS absences (
    absence_id    TEXT PRIMARY KEY,
    account_id    TEXT NOT NULL,
    delegate_id   TEXT NOT NULL,
    since         INTEGER NOT NULL,
    until         INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS absences_by_end ON absences (until);
CREATE TABLE IF NOT EXISTS account_changes (
    number          INTEGER PRIMARY KEY AUTOINCREMENT,
    at              INTEGER NOT NULL,
    organisation    TEXT NOT NULL,
    account_id      TEXT NOT NULL,
    by_account_id   TEXT NOT NULL,
    what            TEXT NOT NULL,
    roles           TEXT NOT NULL,
    areas           TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS changes_of_organisation ON account_changes (organisation, number);
CREATE TRIGGER IF NOT EXISTS account_changes_are_not_changed BEFORE UPDATE ON account_changes
BEGIN SELECT RAISE(ABORT, 'what was recorded about accounts stays'); END;
CREATE TRIGGER IF NOT EXISTS account_changes_are_not_removed BEFORE DELETE ON account_changes
BEGIN SELECT RAISE(ABORT, 'what was recorded about accounts stays'); END;
"""


class Database:
    """Each use opens its own connection: safe from any thread, and beside other processes."""

    def __init__(self, directory: Path) -> None:
        """Raises NotOursAlone when others may enter the directory."""
        self._path = private_directory(directory) / FILE_NAME
        with self.connection() as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(_SCHEMA)
        self._path.chmod(0o600)

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """One transaction: durable when the block has ended, undone when it raises."""
        with closing(sqlite3.connect(self._path, timeout=5)) as connection:
            connection.execute("PRAGMA synchronous=FULL")
            with connection:
                yield connection

    def check(self) -> None:
        """For /readyz. Raises sqlite3.Error."""
        with self.connection() as connection:
            connection.execute("SELECT 1 FROM accounts LIMIT 1").fetchone()
