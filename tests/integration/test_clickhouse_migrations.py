"""Migrations on a real engine: twice is once, their sum is schema.sql, what was applied stays as it was."""

from __future__ import annotations

import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from infra.clickhouse.migrations import DIRECTORY, SCHEMA, MigrationRefused, dump_schema, migrate, migrations_in
from infra.clickhouse.node import ClickHouseNode
from tests.clickhouse_fixture import client_of

MAR_3 = datetime(2026, 3, 3, 9, 30, tzinfo=UTC)


@pytest.fixture
def client(clickhouse: ClickHouseNode) -> Iterator[Client]:
    client = client_of(clickhouse)
    yield client
    client.close()


@pytest.fixture
def database(client: Client) -> Iterator[str]:
    name = f"m_{uuid.uuid4().hex}"
    yield name
    client.command(f"DROP DATABASE IF EXISTS {name}")


def test_applying_twice_equals_once(client: Client, database: str) -> None:
    assert migrate(client, database) == [one.name for one in migrations_in()]
    once = dump_schema(client, database)
    assert migrate(client, database) == []
    assert dump_schema(client, database) == once
    client.command(f"TRUNCATE TABLE {database}.schema_migrations")  # a crash between a statement and its note
    assert migrate(client, database) == [one.name for one in migrations_in()]
    assert dump_schema(client, database) == once


def test_the_sum_of_all_migrations_is_schema_sql(client: Client, database: str) -> None:
    migrate(client, database)
    assert dump_schema(client, database) == SCHEMA.read_text(encoding="utf-8")


def test_the_database_is_atomic_and_every_table_says_what_it_holds(client: Client, database: str) -> None:
    migrate(client, database)
    assert client.command(f"SELECT engine FROM system.databases WHERE name = '{database}'") == "Atomic"
    silent = client.query(f"SELECT name FROM system.tables WHERE database = '{database}' AND comment = ''")
    assert silent.result_rows == []


def test_an_applied_file_that_changed_is_refused(client: Client, database: str, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(DIRECTORY, tmp_path / "migrations"))
    migrate(client, database, copy)
    file = copy / "0001_events.sql"
    file.write_text(file.read_text() + "-- a word more\n")
    with pytest.raises(MigrationRefused, match="0001_events was changed after it was applied"):
        migrate(client, database, copy)


def test_an_applied_file_that_is_missing_is_refused(client: Client, database: str, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(DIRECTORY, tmp_path / "migrations"))
    migrate(client, database, copy)
    max(copy.glob("*.sql")).unlink()
    with pytest.raises(MigrationRefused, match="its file is missing"):
        migrate(client, database, copy)


def test_the_command_applies_them_to_the_address_in_the_environment(clickhouse: ClickHouseNode, database: str) -> None:
    command = [sys.executable, "-m", "infra.clickhouse.migrate", "--database", database]
    for expected in (f"{len(migrations_in())} migrations applied", "0 migrations applied"):
        done = subprocess.run(
            command, env={"CLICKHOUSE_URL": clickhouse.url}, capture_output=True, text=True, timeout=60, check=True
        )
        assert done.stdout.startswith(expected)
    done = subprocess.run(command, env={}, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "CLICKHOUSE_URL is not set" in done.stderr) == (2, True)


def test_of_one_event_recorded_twice_the_lowest_offset_wins_in_any_order(client: Client, database: str) -> None:
    migrate(client, database)
    columns = ["case_id", "event_id", "occurred_at", "recorded_at", "offset", "digest", "data"]
    for offset in (7, 2**63 + 5, 3, 9):
        row = ["case", "event", MAR_3, MAR_3, offset, bytes(32), f'{{"n":{offset}}}']
        client.insert("events", [row], column_names=columns, database=database)
    found = client.query(f"SELECT offset, data, precedence FROM {database}.events FINAL").result_rows
    assert found == [(3, '{"n":3}', 2**64 - 1 - 3)]
    client.command(f"OPTIMIZE TABLE {database}.events FINAL")
    assert client.query(f"SELECT offset FROM {database}.events").result_rows == [(3,)]
