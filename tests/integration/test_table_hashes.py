"""The hash of a table tells rows that say something else, and nothing about where or when they were written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.client import Client

from infra.clickhouse.migrations import migrate
from infra.clickhouse.node import ClickHouseNode
from infra.clickhouse.table_hash import TABLES, Bound, differing_rows, table_hashes
from infra.runner.rebuild.switch import exchange_tables, tables_of
from services.runtime.topics import CASE_EVENTS, PARTITIONS
from tests.clickhouse_fixture import client_of

ONE, OTHER = "hashes_one", "hashes_other"
ALERT = (
    "INSERT INTO `{}`.alert_transitions"
    " (alert_id, revision, case_id, transition, at, s, cause_offset, partition, offset)"
    " VALUES ('{}', {}, 'case', '{}', '2026-03-01 10:00:0{}', {}, 7, 3, {})"
)


@pytest.fixture
def client(clickhouse: ClickHouseNode) -> Iterator[Client]:
    client = client_of(clickhouse)
    for database in (ONE, OTHER):
        migrate(client, database)
    yield client
    for database in (ONE, OTHER):
        client.command(f"DROP DATABASE `{database}`")
    client.close()


def alert(
    client: Client,
    database: str,
    alert_id: str,
    *,
    said: str = "raised",
    second: int = 1,
    s: str = "NULL",
    offset: int = 0,
) -> None:
    client.command(ALERT.format(database, alert_id, 1, said, second, s, offset))


def everywhere(offset: int, instant: int) -> Bound:
    return Bound([offset] * PARTITIONS, [instant] * PARTITIONS)


def test_the_same_rows_in_another_order_at_other_places_and_twice_are_the_same(client: Client) -> None:
    for offset, name in enumerate(("a", "b", "c")):
        alert(client, ONE, name, offset=offset)
    for offset, name in enumerate(("c", "b", "a", "b")):
        alert(client, OTHER, name, offset=10 + offset)
    assert table_hashes(client, ONE) == table_hashes(client, OTHER)
    assert table_hashes(client, ONE)["alert_transitions"].rows == 3


@pytest.mark.parametrize(
    "other",
    [
        {"said": "escalated"},
        {"second": 2},
        {"s": "'1970-01-01 00:00:00'"},
        {"alert_id": "z"},
    ],
)
def test_one_row_that_says_something_else_is_another_hash_and_is_named(client: Client, other: dict) -> None:
    alert(client, ONE, "a")
    alert(client, ONE, "b")
    alert(client, OTHER, "a")
    alert(client, OTHER, **{"alert_id": "b", **other})
    one, two = table_hashes(client, ONE), table_hashes(client, OTHER)
    assert {table for table in TABLES if one[table] != two[table]} == {"alert_transitions"}
    named = differing_rows(client, "alert_transitions", ONE, OTHER, everywhere(9, 10**15))
    assert [row[:4] for row in named] == ["('b'"]


def test_rows_beyond_a_bound_do_not_count(client: Client) -> None:
    alert(client, ONE, "a")
    alert(client, ONE, "later", second=5)
    alert(client, OTHER, "a")
    at = 1772359205000
    assert table_hashes(client, ONE, everywhere(0, at)) == table_hashes(client, OTHER, everywhere(0, at))
    assert table_hashes(client, ONE, everywhere(0, at + 1)) != table_hashes(client, OTHER, everywhere(0, at + 1))


def test_of_letters_only_those_about_the_log_count_and_not_when_they_were_seen(client: Client) -> None:
    for database, seen in ((ONE, "2026-03-01"), (OTHER, "2026-04-01")):
        for topic in (CASE_EVENTS.name, f"derived of {database}"):
            client.command(
                f"INSERT INTO `{database}`.dead_letters (topic, partition, offset, reason, seen_at, source_app)"
                f" VALUES ('{topic}', 1, 2, 'bad', '{seen} 00:00:00', 'sink')"
            )
    assert table_hashes(client, ONE) == table_hashes(client, OTHER)
    assert table_hashes(client, ONE)["dead_letters"].rows == 1


@pytest.mark.parametrize("cut_off_after", [0, 1, 4, None])
def test_an_exchange_that_was_cut_off_is_finished_and_never_undone(client: Client, cut_off_after: int | None) -> None:
    alert(client, ONE, "old")
    alert(client, OTHER, "new")
    wanted = tables_of(client, OTHER)
    done = sorted(wanted)[:cut_off_after]
    for table in done:
        client.command(f"EXCHANGE TABLES `{ONE}`.`{table}` AND `{OTHER}`.`{table}`")
    for _ in range(2):
        exchange_tables(client, ONE, OTHER, wanted)
        assert tables_of(client, ONE) == wanted
        assert client.query(f"SELECT alert_id FROM `{ONE}`.alert_transitions").result_rows == [("new",)]
    assert set(TABLES) <= wanted.keys()
