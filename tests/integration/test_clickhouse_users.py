"""Who may do what in the outcomes store, tried on a real endpoint by each of its users."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import clickhouse_connect
import httpx
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from clickhouse_connect.driver.external import ExternalData

from infra.clickhouse.migrations import DATABASE, migrate
from infra.clickhouse.node import ClickHouseNode
from infra.clickhouse.users import PARTS, Rights
from tests.clickhouse_fixture import client_of, guarded_store, store_login

READS = (
    "SELECT count() FROM events",
    "WITH 1 AS one SELECT one",
    "SHOW TABLES",
    "DESCRIBE TABLE events",
    "EXPLAIN SELECT 1",
    "EXISTS TABLE events",
    "SET max_threads = 1",
)
ADDS = (
    "INSERT INTO dead_letters (topic, partition, offset, reason, seen_at) SELECT 'a', 0, 0, '', now64(3, 'UTC')",
    "INSERT INTO dead_letters (topic, partition, offset, reason, seen_at) VALUES ('a', 0, 1, '', 0)",
)
CHANGES = (
    "CREATE TABLE another (a UInt8) ENGINE = MergeTree ORDER BY a",
    "CREATE TEMPORARY TABLE another (a UInt8) ENGINE = Memory",
    "CREATE DATABASE another ENGINE = Atomic",
    "ALTER TABLE events DELETE WHERE 1",
    "ALTER TABLE events UPDATE type = '' WHERE 1",
    "ALTER TABLE events ADD COLUMN a UInt8",
    "DELETE FROM events WHERE 1",
    "TRUNCATE TABLE events",
    "OPTIMIZE TABLE events",
    "RENAME TABLE events TO another",
    "EXCHANGE TABLES events AND alert_transitions",
    "KILL QUERY WHERE 0",
    "KILL MUTATION WHERE 0",
    "DROP TABLE events",
    f"DROP DATABASE {DATABASE}",
)
MAY = {Rights.READING: READS, Rights.ADDING: (*READS, *ADDS)}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseNode]:
    with guarded_store(tmp_path_factory.mktemp("store")) as node:
        owner = client_of(node)
        migrate(owner)
        owner.close()
        yield node


def _as(node: ClickHouseNode, part: str) -> Client:
    login = store_login(node, part)
    return clickhouse_connect.get_client(
        dsn=node.address,
        username=login["CLICKHOUSE_USER"],
        password=login["CLICKHOUSE_PASSWORD"],
        database=DATABASE,
        autogenerate_session_id=False,
    )


def _code(client: Client, statement: str, **options: object) -> int:
    """What the store says no with; 0 when it says yes."""
    try:
        client.raw_query(statement, **options)
    except ClickHouseError as error:
        assert error.code is not None, error
        return int(error.code)
    return 0


@pytest.mark.parametrize("part", sorted(PARTS))
def test_each_part_may_do_what_its_rights_say_and_nothing_else(store: ClickHouseNode, part: str) -> None:
    client = _as(store, part)
    said = {statement: _code(client, statement) for statement in (*READS, *ADDS, *CHANGES)}
    client.close()
    assert said == {statement: 0 if statement in MAY[PARTS[part]] else 497 for statement in said}
    owner = client_of(store, DATABASE)
    assert owner.query("SELECT count() FROM system.tables WHERE database = currentDatabase()").result_rows[0][0] > 5
    owner.close()


def test_the_owner_may_do_all_of_it(store: ClickHouseNode) -> None:
    """In a database of its own, for some of it cannot be undone."""
    name = f"owned_{uuid.uuid4().hex}"
    owner = client_of(store)
    migrate(owner, name)
    owner.database = name
    changes = [statement.replace(f"DATABASE {DATABASE}", f"DATABASE {name}") for statement in CHANGES]
    renamed = "RENAME TABLE another TO events"
    said = {}
    for statement in (*READS, *ADDS, *changes):
        if statement.startswith("RENAME"):
            owner.command("DROP TABLE another")
        said[statement] = _code(owner, statement)
        if statement.startswith("RENAME"):
            owner.command(renamed)
    owner.database = "default"
    owner.command("DROP DATABASE another")
    owner.close()
    assert {statement: code for statement, code in said.items() if code} == {}


@pytest.mark.parametrize(
    ("part", "statement", "code"),
    [
        ("casework", "SET readonly = 0", 164),
        ("casework", "SELECT 1 SETTINGS readonly = 0", 164),
        ("clickhouse_sink", "SET allow_ddl = 1", 392),
        ("clickhouse_sink", "SELECT 1 SETTINGS allow_ddl = 1", 392),
    ],
)
def test_the_engine_itself_holds_a_user_to_its_rights_and_is_not_talked_out_of_it(
    store: ClickHouseNode, part: str, statement: str, code: int
) -> None:
    client = _as(store, part)
    assert _code(client, statement) == code
    client.close()
    login = store_login(store, part)
    who = (login["CLICKHOUSE_USER"], login["CLICKHOUSE_PASSWORD"])
    setting = {"readonly": "0"} if code == 164 else {"allow_ddl": "1"}
    for session in ({}, {"session_id": uuid.uuid4().hex}):
        answer = httpx.post(store.address, params={**setting, **session}, content="SELECT 1", auth=who, trust_env=False)
        assert (answer.status_code >= 400, answer.headers.get("x-clickhouse-exception-code")) == (True, str(code))


def test_nobody_takes_part_in_another_users_session(store: ClickHouseNode) -> None:
    session = {"session_id": "mine"}
    owner, reader = client_of(store, DATABASE), _as(store, "casework")
    assert _code(owner, "CREATE TEMPORARY TABLE kept (a UInt8) ENGINE = Memory", settings=session) == 0
    assert _code(owner, "SELECT a FROM kept", settings=session) == 0
    assert _code(reader, "SELECT a FROM kept", settings=session) == 60
    assert _code(reader, "SET readonly = 0", settings=session) == 164
    owner.close()
    reader.close()


def test_a_reader_may_bring_a_table_along_with_its_question(store: ClickHouseNode) -> None:
    brought = ExternalData(file_name="mine", data=b"1\n2\n", fmt="CSV", structure="a UInt8")
    reader = _as(store, "outcomes")
    assert reader.query("SELECT sum(a) FROM mine", external_data=brought).result_rows == [(3,)]
    reader.close()


@pytest.mark.parametrize("user", [*PARTS, "default", "nobody"])
def test_nobody_comes_in_with_another_users_password(store: ClickHouseNode, user: str) -> None:
    passwords = {store_login(store, part)["CLICKHOUSE_PASSWORD"]: part for part in PARTS} | {store.password: "default"}
    for password, whose in passwords.items():
        answer = httpx.post(store.address, content="SELECT 1", auth=(user, password), trust_env=False)
        assert (answer.status_code == 200) == (user == whose), (user, whose)
        assert answer.status_code in (200, 403)


def test_without_the_passwords_of_its_users_the_endpoint_does_not_start(tmp_path: Path) -> None:
    node = guarded_store(tmp_path)
    assert node.users is not None
    (node.users / "casework").chmod(0o644)
    node.start()
    assert node._process is not None
    assert node._process.wait(30) == 2
    assert "may be read by others" in node.log_path.read_text()
