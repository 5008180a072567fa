"""The peer of the sink: clickhouse-connect inserts prepared columns, and does no more.

`python -m tests.bench.plain_inserter` takes the rows that the sink has written, makes columns of them block by block,
empties the tables and inserts the blocks again. It prints {"records", "seconds", "cpu_seconds"} of the inserting.
"""

from __future__ import annotations

import json
import time
from typing import Any

from clickhouse_connect.driver.client import Client

from infra.runner.stores import store_client
from services.runtime.settings import load_settings
from services.runtime.topics import PARTITIONS
from streams.clickhouse_sink.tables import EVENT_DIGESTS, EVENTS, Table

ROWS_A_BLOCK = 10_000
Block = tuple[Table, list[Any]]


def main() -> None:
    client = store_client(load_settings())
    blocks = [block for table in (EVENT_DIGESTS, EVENTS) for block in _blocks(client, table)]
    for table in (EVENT_DIGESTS, EVENTS):
        client.command(f"TRUNCATE TABLE {table.name}")
    began, cpu_began = time.monotonic(), time.process_time()
    for table, columns in blocks:
        client.insert(
            table.name,
            columns,
            column_names=list(table.columns),
            column_type_names=list(table.columns.values()),
            column_oriented=True,
            settings={"async_insert": 0},
        )
    seconds, cpu_seconds = time.monotonic() - began, time.process_time() - cpu_began
    records = sum(len(columns[0]) for table, columns in blocks if table is EVENTS)
    print(json.dumps({"records": records, "seconds": seconds, "cpu_seconds": cpu_seconds}))


def _blocks(client: Client, table: Table) -> list[Block]:
    blocks = []
    for partition in range(PARTITIONS):
        columns = client.query(
            f"SELECT {', '.join(map(_as_inserted, table.columns.items()))} FROM {table.name}"
            " WHERE partition = {partition:UInt16} ORDER BY offset",
            parameters={"partition": partition},
            column_oriented=True,
        ).result_columns
        rows = len(columns[0]) if columns else 0
        for start in range(0, rows, ROWS_A_BLOCK):
            blocks.append((table, [column[start : start + ROWS_A_BLOCK] for column in columns]))
    return blocks


def _as_inserted(column: tuple[str, str]) -> str:
    """Instants as the milliseconds that the sink inserts."""
    name, kind = column
    if kind.startswith("DateTime64"):
        return f"toUnixTimestamp64Milli({name})"
    if "DateTime64" in kind:
        return f"arrayMap(at -> toUnixTimestamp64Milli(at), {name})"
    return name


if __name__ == "__main__":
    main()
