"""Forward-only migrations: one idempotent statement a file, each remembered with the SHA-256 of its text.

``{database:Identifier}`` in a file is the database it is applied to. The database is created as Atomic unless it
exists; on a cluster it exists already (see README.md).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

DATABASE: Final = "reintegration"
DIRECTORY: Final = Path(__file__).parent / "migrations"
SCHEMA: Final = Path(__file__).parent / "schema.sql"

_FILE_NAME = re.compile(r"(?P<number>\d{4})_[a-z0-9_]+\.sql")
_REMEMBER: Final = """
CREATE TABLE IF NOT EXISTS {database:Identifier}.schema_migrations
(
    `name` String,
    `sha256` FixedString(64),
    `applied_at` DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY name
COMMENT 'Migrations that were applied, with the SHA-256 of their text. Read with FINAL'
"""


class MigrationRefused(Exception):
    """The files and what was applied do not fit together; nothing was changed."""


class Client(Protocol):
    """What is used of a ``clickhouse_connect`` client."""

    def command(self, cmd: str, parameters: Any = None) -> Any: ...
    def query(self, query: str, parameters: Any = None) -> Any: ...


@dataclass(frozen=True, slots=True)
class Migration:
    name: str
    statement: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.statement.encode()).hexdigest()


def migrations_in(directory: Path = DIRECTORY) -> Sequence[Migration]:
    """In order of their numbers, which count up from 1 without a gap. Raises MigrationRefused otherwise."""
    found = []
    for expected, path in enumerate(sorted(directory.glob("*.sql")), 1):
        name = _FILE_NAME.fullmatch(path.name)
        if name is None or int(name["number"]) != expected:
            raise MigrationRefused(f"{path.name} should be called {expected:04d}_what_it_does.sql")
        found.append(Migration(path.stem, path.read_text(encoding="utf-8")))
    return found


def replicated_variant(statement: str) -> str:
    """The statement with the Replicated variant of its engine, for a Replicated database on a cluster."""
    return re.sub(r"(?m)^ENGINE = (?=\w*MergeTree\b)(?!Replicated)", "ENGINE = Replicated", statement)


def migrate(
    client: Client, database: str = DATABASE, directory: Path = DIRECTORY, *, replicated: bool = False
) -> list[str]:
    """Apply what is missing; returns the names applied now. Safe to run twice, and at the same time as another."""
    variant = replicated_variant if replicated else str
    wanted = migrations_in(directory)
    target = {"database": database}
    client.command("CREATE DATABASE IF NOT EXISTS {database:Identifier} ENGINE = Atomic", parameters=target)
    client.command(variant(_REMEMBER), parameters=target)
    applied = _applied(client, database)
    _refuse_changes(wanted, applied)
    names = []
    for migration in wanted:
        if migration.name in applied:
            continue
        client.command(variant(migration.statement), parameters=target)
        client.command(
            "INSERT INTO {database:Identifier}.schema_migrations (name, sha256) SELECT {name:String}, {sha256:String}",
            parameters={**target, "name": migration.name, "sha256": migration.sha256},
        )
        names.append(migration.name)
    return names


def _applied(client: Client, database: str) -> dict[str, str]:
    found = client.query(
        "SELECT name, toString(sha256) FROM {database:Identifier}.schema_migrations FINAL",
        parameters={"database": database},
    )
    return dict(found.result_rows)


def _refuse_changes(wanted: Sequence[Migration], applied: Mapping[str, str]) -> None:
    files = {migration.name: migration.sha256 for migration in wanted}
    for name, sha256 in sorted(applied.items()):
        if name not in files:
            raise MigrationRefused(f"{name} was applied to this database and its file is missing here")
        if files[name] != sha256:
            raise MigrationRefused(
                f"{name} was changed after it was applied. An applied migration stays as it is: write a new file"
            )


def dump_schema(client: Client, database: str = DATABASE) -> str:
    """Every table as the server would create it, in order of names, without the name of the database."""
    rows = client.query(
        "SELECT name, create_table_query FROM system.tables WHERE database = {database:String} AND name NOT LIKE '.%'"
        " ORDER BY name",
        parameters={"database": database},
    ).result_rows
    statements = []
    for name, _ in rows:
        shown = client.command(f"SHOW CREATE TABLE `{database}`.`{name}`")
        statements.append(_readable(str(shown)).replace(f" {database}.", " ", 1))
    return "\n\n".join(f"{statement};" for statement in statements) + "\n"


def _readable(shown: str) -> str:
    """``SHOW CREATE TABLE`` comes as one tab-separated field, with its line ends escaped."""
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), shown)
