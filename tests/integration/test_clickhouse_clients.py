"""An unmodified clickhouse-connect client, sync and async, cannot tell the endpoint from a server."""

from __future__ import annotations

import threading
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from io import BytesIO

import clickhouse_connect
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.external import ExternalData

from infra.clickhouse.node import ClickHouseNode
from tests.clickhouse_fixture import client_of

MAR_3 = datetime(2026, 3, 3, 9, 30, tzinfo=UTC)
MAR_4 = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
COLUMNS = ["case_id", "at", "score", "tags"]
ROWS = [["a", MAR_3, 1, ["x"]], ["b", MAR_4, 2, []], ["c", MAR_4, 3, ["y", "z"]]]


@pytest.fixture
def database(clickhouse: ClickHouseNode) -> Iterator[str]:
    name = f"t_{uuid.uuid4().hex}"
    admin = client_of(clickhouse)
    admin.command(f"CREATE DATABASE {name} ENGINE = Atomic")
    admin.command(
        f"CREATE TABLE {name}.visits (case_id String, at DateTime64(3, 'UTC'), score Int32, tags Array(String))"
        " ENGINE = MergeTree ORDER BY case_id"
    )
    yield name
    admin.command(f"DROP DATABASE {name}")
    admin.close()


@pytest.fixture(params=[True, "lz4", "zstd", "gzip", False], ids=lambda one: f"compress={one}")
def squeezed(request: pytest.FixtureRequest, clickhouse: ClickHouseNode, database: str) -> Iterator[Client]:
    client = clickhouse_connect.get_client(
        dsn=clickhouse.url, tz_mode="aware", database=database, compress=request.param
    )
    yield client
    client.close()


@pytest.fixture
def client(clickhouse: ClickHouseNode, database: str) -> Iterator[Client]:
    client = clickhouse_connect.get_client(dsn=clickhouse.url, tz_mode="aware", database=database)
    yield client
    client.close()


@pytest.fixture
async def patient(clickhouse: ClickHouseNode, database: str) -> AsyncIterator[AsyncClient]:
    client = await clickhouse_connect.get_async_client(dsn=clickhouse.url, tz_mode="aware", database=database)
    yield client
    await client.close()


def test_rows_inserted_come_back_whatever_the_compression(squeezed: Client) -> None:
    squeezed.insert("visits", ROWS, column_names=COLUMNS)
    assert [list(row) for row in squeezed.query("SELECT * FROM visits ORDER BY case_id").result_rows] == ROWS


def test_many_rows_stream_whole_whatever_the_compression(squeezed: Client) -> None:
    with squeezed.query_column_block_stream("SELECT number, toString(number) FROM numbers(300000)") as blocks:
        columns = [block[0] for block in blocks]
    assert len(columns) > 1
    assert sum(sum(column) for column in columns) == sum(range(300_000))


def test_columns_inserted_come_back(client: Client) -> None:
    columns = [list(column) for column in zip(*ROWS, strict=True)]
    summary = client.insert("visits", columns, column_names=COLUMNS, column_oriented=True)
    assert summary.written_rows == 3
    assert client.query("SELECT sum(score) FROM visits").first_row == (6,)


def test_data_frames_go_in_and_come_out(client: Client) -> None:
    frame = pd.DataFrame({"case_id": ["a", "b"], "at": [MAR_3, MAR_4], "score": [1, 2], "tags": [["x"], []]})
    client.insert_df("visits", frame)
    found = client.query_df("SELECT case_id, score FROM visits ORDER BY case_id")
    assert found.to_dict("list") == {"case_id": ["a", "b"], "score": [1, 2]}
    with client.query_df_stream("SELECT score FROM visits") as frames:
        assert sum(int(part["score"].sum()) for part in frames) == 3


def test_arrow_tables_go_in_and_come_out(client: Client) -> None:
    client.insert_arrow("visits", pa.table({"case_id": ["a", "b"], "score": pa.array([1, 2], pa.int32())}))
    found = client.query_arrow("SELECT case_id, score FROM visits ORDER BY case_id", use_strings=True)
    assert found.to_pydict() == {"case_id": ["a", "b"], "score": [1, 2]}
    with client.query_arrow_stream("SELECT number FROM numbers(200000)") as tables:
        assert sum(table.num_rows for table in tables) == 200_000


def test_numpy_arrays_come_out(client: Client) -> None:
    found = client.query_np("SELECT number, number * 2 AS double FROM numbers(4)")
    assert found[:, 1].tolist() == [0, 2, 4, 6]
    with client.query_np_stream("SELECT number FROM numbers(100000)") as blocks:
        assert sum(int(np.sum(block)) for block in blocks) == sum(range(100_000))


def test_rows_stream(client: Client) -> None:
    with client.query_rows_stream("SELECT number FROM numbers(100000)") as rows:
        assert sum(row[0] for row in rows) == sum(range(100_000))
    with client.query_row_block_stream("SELECT number FROM numbers(100000)") as blocks:
        assert sum(len(block) for block in blocks) == 100_000


def test_raw_queries_and_streams_give_the_format_asked_for(client: Client) -> None:
    assert client.raw_query("SELECT 1 AS a, 'x' AS b", fmt="JSONEachRow") == b'{"a":1,"b":"x"}\n'
    assert client.raw_query("SELECT 1 AS a FORMAT CSVWithNames") == b'"a"\n1\n'
    with client.raw_stream("SELECT number FROM numbers(100000)", fmt="CSV") as stream:
        assert stream.read().count(b"\n") == 100_000


@pytest.mark.parametrize("compression", [None, "lz4", "zstd", "gzip"])
def test_raw_inserts_take_text_compressed_or_not(client: Client, compression: str | None) -> None:
    import gzip

    import lz4.frame
    import zstandard

    text = b"a,1\nb,2\n"
    packed = {
        None: lambda data: data,
        "lz4": lz4.frame.compress,
        "zstd": zstandard.ZstdCompressor().compress,
        "gzip": gzip.compress,
    }[compression](text)
    client.raw_insert("visits", ["case_id", "score"], packed, fmt="CSV", compression=compression)
    assert client.query("SELECT sum(score), count() FROM visits").first_row == (3, 2)


def test_a_raw_insert_streams_from_a_file(client: Client) -> None:
    client.raw_insert("visits", ["case_id", "score"], BytesIO(b"a,1\n" * 200_000), fmt="CSV")
    assert client.command("SELECT count() FROM visits") == 200_000


def test_values_and_select_can_be_inserted_by_a_command(client: Client) -> None:
    client.command("INSERT INTO visits (case_id, score) VALUES ('a', 1), ('it''s (b); FORMAT', 2)")
    client.command("INSERT INTO visits (case_id, score) SELECT 'c', 3")
    assert client.query("SELECT case_id FROM visits ORDER BY score").result_columns == [["a", "it's (b); FORMAT", "c"]]


def test_parameters_bind_on_the_server_and_in_the_client(client: Client) -> None:
    by_server = client.query(
        "SELECT {n:Int32} + 1, {s:String}, {l:Array(String)}, {at:DateTime64(3, 'UTC')}",
        parameters={"n": 1, "s": "it's\ta \\ 'test'", "l": ["a", "b"], "at": MAR_3},
    )
    assert by_server.first_row == (2, "it's\ta \\ 'test'", ["a", "b"], MAR_3)
    by_client = client.query("SELECT %(n)s, %(s)s", parameters={"n": 1, "s": "it's; SYSTEM SHUTDOWN"})
    assert by_client.first_row == (1, "it's; SYSTEM SHUTDOWN")


def test_a_table_can_be_named_by_a_parameter(client: Client) -> None:
    client.insert("visits", ROWS, column_names=COLUMNS)
    found = client.query("SELECT count() FROM {table:Identifier}", parameters={"table": "visits"})
    assert found.first_row == (3,)


def test_settings_hold_for_their_query_only(client: Client) -> None:
    sql = "SELECT value FROM system.settings WHERE name = 'max_block_size'"
    before = client.command(sql)
    assert client.command(sql, settings={"max_block_size": 1234}) == 1234
    assert client.command(sql) == before


def test_a_session_keeps_its_temporary_tables_and_settings(client: Client) -> None:
    client.command("CREATE TEMPORARY TABLE mine (a Int32)")
    client.insert("mine", [[1], [2]], column_names=["a"], column_type_names=["Int32"])
    client.command("SET max_block_size = 4321")
    assert client.command("SELECT sum(a) FROM mine", settings={"max_threads": 1}) == 3
    value = "SELECT value FROM system.settings WHERE name = 'max_block_size'"
    assert client.command(value) == 4321
    assert client.command(value, settings={"max_block_size": 99}) == 99
    assert client.command(value) == 4321
    client.command("SET max_block_size = 1111")
    assert client.command(value, settings={"max_block_size": 99}) == 99
    assert client.command(value) == 1111


def test_a_session_is_not_seen_from_another(clickhouse: ClickHouseNode, client: Client, database: str) -> None:
    client.command("CREATE TEMPORARY TABLE mine (a Int32)")
    other = client_of(clickhouse, database)
    with pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
        other.command("SELECT sum(a) FROM mine")
    other.close()


def test_an_empty_result_still_has_its_columns(client: Client) -> None:
    empty = client.query("SELECT * FROM visits")
    assert (empty.column_names, empty.result_rows) == (tuple(COLUMNS), [])
    assert [one.name for one in empty.column_types][:2] == ["String", "DateTime64(3, 'UTC')"]
    assert client.query_df("SELECT case_id, score FROM visits").empty
    assert client.query("SHOW TABLES LIKE 'nothing'").result_rows == []
    with client.query_column_block_stream("SELECT case_id FROM visits") as blocks:
        assert sum(len(block[0]) for block in blocks) == 0


def test_an_empty_arrow_result_still_has_its_columns(client: Client) -> None:
    assert client.query_arrow("SELECT case_id, score FROM visits").column_names == ["case_id", "score"]


def test_a_query_with_parameters_may_be_empty(client: Client) -> None:
    found = client.query("WITH 1 AS one SELECT case_id FROM visits WHERE score = {n:Int32} + one;", {"n": 5})
    assert found.column_names == ("case_id",)


def test_external_tables_can_be_joined(client: Client) -> None:
    client.insert("visits", ROWS, column_names=COLUMNS)
    mine = ExternalData(file_name="mine.csv", data=b"a\nc\n", fmt="CSV", structure="case_id String")
    found = client.query("SELECT sum(score) FROM visits WHERE case_id IN mine", external_data=mine)
    assert found.first_row == (4,)


def test_an_error_carries_the_engines_message_and_code(client: Client) -> None:
    with pytest.raises(DatabaseError, match="Unknown expression identifier `nothing`") as caught:
        client.query("SELECT nothing FROM visits")
    assert caught.value.code == 47
    with pytest.raises(DatabaseError, match="UNKNOWN_DATABASE"):
        client.query("SELECT 1 FROM nowhere.visits")
    with pytest.raises(DatabaseError, match="UNKNOWN_SETTING"):
        client.raw_query("SELECT 1 SETTINGS no_such_setting = 1")


def test_an_error_after_the_first_rows_is_an_error_and_not_a_short_result(client: Client) -> None:
    sql = "SELECT throwIf(number = 3000000, 'too far') FROM numbers(4000000) SETTINGS max_threads = 1"
    with pytest.raises(DatabaseError, match="too far"), client.query_column_block_stream(sql) as blocks:
        for _ in blocks:
            pass


def test_rows_that_do_not_fit_are_refused_whole(client: Client) -> None:
    with pytest.raises(DatabaseError):
        client.raw_insert("visits", ["case_id", "score"], b"a,1\nb,two\n", fmt="CSV")
    assert client.command("SELECT count() FROM visits") == 0


def test_the_server_introduces_itself(client: Client) -> None:
    assert client.ping()
    assert client.server_version.startswith("26.")
    assert str(client.server_tz) == "UTC"


def test_threads_may_share_a_client_without_a_session(clickhouse: ClickHouseNode, database: str) -> None:
    client = client_of(clickhouse, database)
    failures: list[Exception] = []

    def work(number: int) -> None:
        try:
            for _ in range(5):
                client.insert("visits", [[f"{number}", MAR_3, 1, []]], column_names=COLUMNS)
                client.query("SELECT count() FROM visits")
        except DatabaseError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert client.command("SELECT count() FROM visits") == 60
    client.close()


async def test_the_async_client_inserts_and_reads(patient: AsyncClient) -> None:
    await patient.insert("visits", ROWS, column_names=COLUMNS)
    found = await patient.query("SELECT case_id, score FROM visits WHERE score > {n:Int32} ORDER BY 1", {"n": 1})
    assert found.result_rows == [("b", 2), ("c", 3)]
    assert await patient.command("SELECT sum(score) FROM visits") == 6
    assert (await patient.query_df("SELECT score FROM visits")).shape == (3, 1)
    assert (await patient.query_np("SELECT score FROM visits")).shape[0] == 3
    assert await patient.raw_query("SELECT 1", fmt="CSV") == b"1\n"
    assert await patient.ping()


async def test_the_async_client_inserts_columns_frames_and_arrow(patient: AsyncClient) -> None:
    columns = [list(column) for column in zip(*ROWS, strict=True)]
    await patient.insert("visits", columns, column_names=COLUMNS, column_oriented=True)
    await patient.insert_df("visits", pd.DataFrame({"case_id": ["d"], "score": [4]}))
    await patient.insert_arrow("visits", pa.table({"case_id": ["e"], "score": pa.array([5], pa.int32())}))
    await patient.raw_insert("visits", ["case_id", "score"], b"f,6\n", fmt="CSV")
    assert (await patient.query_arrow("SELECT sum(score) AS s FROM visits")).to_pydict() == {"s": [21]}


async def test_the_async_client_streams(patient: AsyncClient) -> None:
    total = 0
    async with await patient.query_rows_stream("SELECT number FROM numbers(100000)") as rows:
        async for row in rows:
            total += row[0]
    assert total == sum(range(100_000))


async def test_the_async_client_hears_errors(patient: AsyncClient) -> None:
    with pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
        await patient.query("SELECT * FROM nothing")


def test_a_long_statement_in_many_packets_is_read_whole(client: Client) -> None:
    numbers = ", ".join(str(number) for number in range(40_000))
    assert client.command(f"SELECT count() FROM numbers(50000) WHERE number IN ({numbers})") == 40_000


def test_rows_that_look_like_statements_are_rows(client: Client) -> None:
    text = "SELECT * FROM file('/etc/passwd') INTO OUTFILE 'x'; SYSTEM SHUTDOWN"
    client.insert("visits", [[text, MAR_3, 1, []]], column_names=COLUMNS)
    assert client.query("SELECT case_id FROM visits").first_row == (text,)
