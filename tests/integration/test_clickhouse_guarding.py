"""What the endpoint refuses, what it caps, and who gets in."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import clickhouse_connect
import httpx
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError

from infra.clickhouse.errors import EndpointError
from infra.clickhouse.guard import (
    ALLOWED_ENGINES,
    ALLOWED_TABLE_FUNCTIONS,
    REFUSED_NAMES,
    REFUSED_TABLE_FUNCTIONS,
    judge,
)
from infra.clickhouse.node import ClickHouseNode
from tests.clickhouse_fixture import client_of


@pytest.fixture
def client(clickhouse: ClickHouseNode) -> Iterator[Client]:
    client = client_of(clickhouse)
    yield client
    client.close()


@pytest.fixture
def database(client: Client) -> Iterator[str]:
    name = f"g_{uuid.uuid4().hex}"
    client.command(f"CREATE DATABASE {name} ENGINE = Atomic")
    client.command(f"CREATE TABLE {name}.t (a Int32) ENGINE = MergeTree ORDER BY a")
    yield name
    client.command(f"DROP DATABASE {name}")


# --- engines, functions and statements -------------------------------------------------------------------


def test_every_table_function_the_engine_has_is_either_allowed_or_refused(client: Client) -> None:
    offered = {row[0].lower() for row in client.query("SELECT name FROM system.table_functions").result_rows}
    assert offered - ALLOWED_TABLE_FUNCTIONS - REFUSED_TABLE_FUNCTIONS - REFUSED_NAMES == set()


def test_every_function_that_asks_a_model_elsewhere_is_refused(client: Client) -> None:
    offered = client.query(
        "SELECT lower(name) FROM system.functions WHERE match(name, '^(ai[A-Z]|AI[A-Z])')"
    ).result_rows
    assert len(offered) > 5
    assert {row[0] for row in offered} <= REFUSED_NAMES


def test_every_table_engine_that_is_not_on_the_list_is_refused(client: Client, database: str) -> None:
    offered = [row[0] for row in client.query("SELECT name FROM system.table_engines").result_rows]
    refused = [name for name in offered if not ALLOWED_ENGINES.fullmatch(name)]
    assert {"Kafka", "URL", "File", "S3", "MySQL", "PostgreSQL", "Executable", "FileLog", "EmbeddedRocksDB"} <= {
        *refused
    }
    for name in refused:
        with pytest.raises(DatabaseError, match=r"Refused by the endpoint") as caught:
            client.command(f"CREATE TABLE {database}.x (a Int32) ENGINE = {name}('a', 'b', 'c')")
        assert caught.value.code == 344
    assert client.query(f"SHOW TABLES FROM {database}").result_rows == [("t",)]


@pytest.mark.parametrize(
    "engine",
    ["MergeTree ORDER BY a", "ReplacingMergeTree ORDER BY a", "AggregatingMergeTree ORDER BY a", "Memory", "Null"],
)
def test_the_engines_the_system_uses_are_allowed(client: Client, database: str, engine: str) -> None:
    client.command(f"CREATE TABLE {database}.x (a Int32) ENGINE = {engine}")
    client.command(f"CREATE MATERIALIZED VIEW {database}.m TO {database}.x AS SELECT a FROM {database}.t")
    client.command(f"CREATE VIEW {database}.v AS SELECT name, engine FROM system.tables")


@pytest.mark.parametrize("function", sorted(REFUSED_TABLE_FUNCTIONS | REFUSED_NAMES))
def test_a_function_that_reaches_out_is_refused(client: Client, function: str) -> None:
    with pytest.raises(DatabaseError, match="Refused by the endpoint"):
        client.query(f"SELECT * FROM {function}('http://127.0.0.1:1/x', 'CSV', 'a Int32')")


STATEMENTS = [
    "SELECT 1 INTO OUTFILE '/tmp/never' FORMAT CSV",
    "INSERT INTO {db}.t FROM INFILE '/etc/passwd' FORMAT CSV",
    "INSERT INTO FUNCTION file('never.csv') SELECT 1",
    "INSERT INTO TABLE FUNCTION url('http://127.0.0.1:1/') VALUES (1)",
    "SELECT file('/etc/passwd')",
    "SELECT `file`('/etc/passwd')",
    "SELECT \"file\" /* a comment */ ('/etc/passwd')",
    "SELECT 1 FROM numbers(1), url('http://127.0.0.1:1/', 'CSV', 'a Int32')",
    "DESCRIBE url('http://127.0.0.1:1/')",
    "CREATE TABLE {db}.u AS url('http://127.0.0.1:1/', 'CSV', 'a Int32')",
    "CREATE VIEW {db}.u AS SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')",
    "CREATE TABLE {db}.u (a Int32) ENGINE MergeTree ORDER BY a SETTINGS disk = disk(type = local, path = '/tmp/')",
    "CREATE DATABASE other ENGINE = MySQL('127.0.0.1:1', 'd', 'u', 'p')",
    "CREATE DATABASE other ENGINE = Memory",
    "CREATE DICTIONARY {db}.d (a UInt8) PRIMARY KEY a SOURCE(FILE(path '/etc/passwd' format 'CSV')) LAYOUT(FLAT())",
    "CREATE FUNCTION f AS (x) -> x",
    "CREATE USER u",
    "CREATE NAMED COLLECTION n AS a = 1",
    "GRANT ALL ON *.* TO default",
    "SYSTEM SHUTDOWN",
    "SYSTEM STOP MERGES",
    "BACKUP DATABASE {db} TO File('/tmp/never')",
    "RESTORE DATABASE {db} FROM File('/tmp/never')",
    "ATTACH TABLE {db}.z FROM '/tmp/z' (a Int32) ENGINE = MergeTree ORDER BY a",
    "DETACH TABLE {db}.t",
    "SELECT * APPLY(file) FROM (SELECT '/etc/passwd' AS a)",
    "SELECT * APPLY file FROM (SELECT '/etc/passwd' AS a)",
    "SELECT COLUMNS('a') APPLY(`file`) FROM (SELECT '/etc/passwd' AS a)",
    "SELECT arrayMap(FILE, ['/etc/passwd'])",
    "SELECT `fi\\x6ce`('/etc/passwd')",
    "CREATE TABLE {db}.u (a Int8) ENGINE = Memory PARALLEL WITH CREATE TABLE {db}.w (a Int8) ENGINE = Memory",
    "SELECT 1; SELECT 2",
    "/* /* */ SELECT 1 */ SELECT 2",
    "SELECT ‘x’",
    "SELECT $a$x$a$",
    "SELECT x'\\'",
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_statement_that_reaches_out_or_can_be_read_in_two_ways_is_refused(
    client: Client, database: str, statement: str
) -> None:
    with pytest.raises(DatabaseError) as caught:
        client.raw_query(statement.replace("{db}", database))
    assert caught.value.code in {62, 344}


@pytest.mark.parametrize(
    "statement",
    ["SELECT * FROM '/etc/passwd'", "SELECT * FROM `/etc/passwd`", "SELECT * FROM somewhere.`/etc/passwd`"],
)
def test_a_file_is_not_readable_as_if_it_were_a_table(client: Client, statement: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        client.raw_query(statement)
    assert caught.value.code in {60, 81, 497}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dialect", "prql"),
        ("default_table_engine", "Log"),
        ("format_template_row", "/etc/hostname"),
        ("format_template_resultset", "/etc/passwd"),
        ("format_schema", "/etc/passwd:x"),
        ("output_format_schema", "/tmp/never"),
        ("input_format_record_errors_file_path", "never"),
        ("format_avro_schema_registry_url", "http://127.0.0.1:1/"),
    ],
)
def test_a_setting_that_names_files_or_hosts_or_another_language_is_fixed(
    clickhouse: ClickHouseNode, name: str, value: str
) -> None:
    """By the engine, wherever it is said."""
    auth = (clickhouse.user, clickhouse.password)
    said = f"{name} = '{value}'"
    in_address = httpx.post(clickhouse.address, params={name: value}, content="SELECT 1", auth=auth)
    in_clause = httpx.post(clickhouse.address, content=f"SELECT 1 SETTINGS {said}", auth=auth)
    after_format = httpx.post(clickhouse.address, content=f"SELECT 1 FORMAT CSV SETTINGS {said}", auth=auth)
    in_set = httpx.post(clickhouse.address, content=f"SET {said}", auth=auth)
    for answer in (in_address, in_clause, after_format, in_set):
        assert answer.headers["x-clickhouse-exception-code"] == "452"


DASHBOARD = """
-- neglect episodes per 100 case-months, it's by organisation; SYSTEM is a word here
WITH cases AS (SELECT case_id, organisation, min(occurred_at) AS opened FROM events FINAL GROUP BY ALL)
SELECT organisation, /* the url(x) of nothing */ countDistinct(a.alert_id) AS "episodes",
       round(100 * "episodes" / sum(dateDiff('day', opened, {to:DateTime64(3, 'UTC')}) / 30.4375), 1) AS rate,
       'INTO OUTFILE; FROM INFILE ENGINE = Kafka' AS words, format('{}-{}', organisation, 'x')
FROM cases LEFT JOIN alert_transitions AS a FINAL USING (case_id, organisation)
WHERE a.transition = 'raised' OR a.transition = ''
  AND opened BETWEEN {from:DateTime64(3, 'UTC')} AND {to:DateTime64(3, 'UTC')}
GROUP BY ALL WITH TOTALS ORDER BY organisation LIMIT 100 SETTINGS max_threads = 2, max_execution_time = 10
"""


def test_a_dashboards_query_is_not_refused(clickhouse_client: Client) -> None:
    times = {"from": "2026-01-01 00:00:00.000", "to": "2026-06-01 00:00:00.000"}
    assert clickhouse_client.query(DASHBOARD, parameters=times).column_names[:2] == ("organisation", "episodes")


def test_the_engines_own_grants_hold_where_the_list_is_not_asked(tmp_path: Path) -> None:
    """The second lock: run in a process of its own, because a process holds one engine only."""
    script = """
import sys
from pathlib import Path
from infra.clickhouse.engine import Engine
from infra.clickhouse.errors import EngineError
from infra.clickhouse.settings import Caps
engine = Engine(Path(sys.argv[1]), Caps())
handle = engine.handle()
for statement in [
    "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a Int32')", "SELECT * FROM file('/etc/passwd', LineAsString)",
    "SELECT * FROM s3('http://127.0.0.1:1/bucket/k', 'CSV', 'a Int32')",
    "SELECT * FROM remote('127.0.0.1:1', 'd', 't')",
    "CREATE TABLE default.x (a Int32) ENGINE = Kafka('a:1', 'b', 'c', 'CSV')", "SYSTEM SHUTDOWN", "CREATE USER u",
    "BACKUP DATABASE default TO File('/never')", "CREATE FUNCTION f AS (x) -> x", "GRANT ALL ON *.* TO default",
]:
    try:
        handle.run(statement)
    except EngineError as error:
        assert error.code == 497, error
    else:
        raise SystemExit(f"not refused: {statement}")
handle.close()
engine.close()
print("refused")
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "own")], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == "refused", done.stderr


# --- who gets in ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("user", "password"), [("default", "wrong"), ("nobody", None), ("default", "")])
def test_wrong_credentials_are_refused_with_code_516(
    clickhouse: ClickHouseNode, user: str, password: str | None
) -> None:
    with pytest.raises(ClickHouseError, match="516"):
        clickhouse_connect.get_client(
            host="127.0.0.1",
            port=clickhouse.port,
            username=user,
            password=clickhouse.password if password is None else password,
        )
    answer = httpx.post(clickhouse.address, content="SELECT 1", auth=(user, password or "wrong"))
    assert (answer.status_code, answer.headers["x-clickhouse-exception-code"]) == (403, "516")


def test_nothing_but_ping_answers_a_stranger(clickhouse: ClickHouseNode) -> None:
    for path in ("/", "/?query=SELECT%201", "/replicas_status", "/metrics", "/play"):
        assert httpx.get(clickhouse.address + path).status_code == 403
    assert httpx.get(clickhouse.address + "/ping").text == "Ok.\n"


def test_credentials_may_come_in_headers_or_in_the_address(clickhouse: ClickHouseNode) -> None:
    headers = {"X-ClickHouse-User": clickhouse.user, "X-ClickHouse-Key": clickhouse.password}
    assert httpx.post(clickhouse.address, content="SELECT 1", headers=headers).text == "1\n"
    address = {"user": clickhouse.user, "password": clickhouse.password, "query": "SELECT 1"}
    assert httpx.get(clickhouse.address, params=address).text == "1\n"
    assert httpx.get(clickhouse.address + "/replicas_status", headers=headers).text == "Ok.\n"


def test_a_get_request_changes_nothing(clickhouse: ClickHouseNode, database: str) -> None:
    for statement in (f"DROP TABLE {database}.t", f"INSERT INTO {database}.t VALUES (1)"):
        answer = httpx.get(clickhouse.address, params={"query": statement}, auth=(clickhouse.user, clickhouse.password))
        assert answer.headers["x-clickhouse-exception-code"] == "164"


def test_without_a_password_the_endpoint_does_not_start(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "CLICKHOUSE_PASSWORD"}
    done = subprocess.run(
        [sys.executable, "-m", "infra.clickhouse", "--path", str(tmp_path / "d"), "--port", "0"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert "CLICKHOUSE_PASSWORD is not set" in done.stderr


def test_the_guard_and_the_engine_agree_on_what_is_one_statement() -> None:
    for text in ("SELECT ';' AS a", "SELECT 1 -- ; SELECT 2", "SELECT 1;;"):
        judge(text)
    with pytest.raises(EndpointError, match="only one statement"):
        judge("SELECT 1; DROP TABLE t")
