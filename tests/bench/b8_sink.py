"""B8: the sink filling empty tables from the log, beside clickhouse-connect inserting the same rows as columns."""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Mapping
from pathlib import Path

from infra.clickhouse.migrations import DATABASE
from infra.clickhouse.node import ClickHouseNode
from infra.kafka.node import KafkaNode
from tests.bench.b3_neglect_watch import START_SECONDS, Run
from tests.bench.history_log import history_of, load
from tests.bench.log_positions import CLICKHOUSE_SINK, Positions
from tests.bench.parts import Process, folder, fresh_log, fresh_tables, running, until
from tests.bench.progress import shown
from tests.bench.report import Measure, at_least
from tests.bench.sizes import patience, sizes
from tests.clickhouse_fixture import client_of


def measure() -> list[Measure]:
    size = sizes()
    with shown("B8: making the history") as progress:
        history = history_of(size.events, progress=progress)
    # What was sent twice is the same record twice, and one row.
    different = len({value for _, _, value in history.rows()})
    sinking: list[Run] = []
    inserting: list[Run] = []
    with folder() as where, fresh_log(where) as log:
        with shown("B8: loading it") as progress:
            load(history, log.bootstrap, progress)
        positions = Positions(log.bootstrap)
        with shown("B8: filling tables") as progress:
            for number in range(size.runs):
                progress(number, size.runs)
                if number:
                    positions.forget_what_was_worked()
                with fresh_tables(where) as tables:
                    sinking.append(_fill(where, log, tables, positions, different))
                    inserting.append(_insert_the_same(where, tables, len(history)))
        positions.close()
    return _measures(sinking, inserting)


def _environment(where: Path, tables: ClickHouseNode) -> Mapping[str, str]:
    return {
        "VAR_DIR": str(where / "var"),
        "CLICKHOUSE_URL": tables.address,
        "CLICKHOUSE_USER": tables.user,
        "CLICKHOUSE_PASSWORD": tables.password,
        "CLICKHOUSE_DATABASE": DATABASE,
    }


def _fill(where: Path, log: KafkaNode, tables: ClickHouseNode, positions: Positions, different: int) -> Run:
    """From the first row until all events are in the tables and acknowledged. different: so many are not the same."""
    ends = positions.end_of_events()
    client = client_of(tables, DATABASE)
    environment = {**_environment(where, tables), "KAFKA_BOOTSTRAP_SERVERS": log.bootstrap}

    def rows() -> int:
        return int(client.query("SELECT count() FROM events").result_rows[0][0])

    with running(where, "streams.worker", "clickhouse_sink", environment=environment) as sink:

        def begun() -> bool:
            sink.check()
            return rows() > 0

        def done() -> bool:
            sink.check()
            return positions.has_worked(CLICKHOUSE_SINK, ends)

        until(begun, START_SECONDS, "the sink has written something")
        before = sink.used
        seconds = until(done, patience(different), "all records are in the tables", 0.2)
        used = sink.used
    there = int(client.query("SELECT count() FROM events FINAL").result_rows[0][0])
    client.close()
    if there != different:
        raise RuntimeError(f"the sink says it is done, with {there} events of {different}")
    return Run(sum(ends.values()), seconds, used.cpu_seconds - before.cpu_seconds, before.peak_mb, used.peak_mb)


def _insert_the_same(where: Path, tables: ClickHouseNode, events: int) -> Run:
    environment = _environment(where, tables)
    inserter = Process(where, "tests.bench.plain_inserter", environment=environment, output=subprocess.PIPE)
    try:
        said = inserter.popen.communicate(timeout=patience(events))[0]
    finally:
        inserter.kill()
    if not said:
        raise RuntimeError(f"the plain inserter failed: {inserter.last_words()}")
    answer = json.loads(said)
    return Run(answer["records"], answer["seconds"], answer["cpu_seconds"])


def _measures(sinking: list[Run], inserting: list[Run]) -> list[Measure]:
    sunk, inserted = (statistics.median(run.a_second for run in runs) for runs in (sinking, inserting))
    sunk_us, inserted_us = (statistics.median(run.cpu_us for run in runs) for runs in (sinking, inserting))
    peak = statistics.median(run.peak_mb for run in sinking)
    share = sunk / inserted
    return [
        Measure("B8", "sink filling the tables", sunk, "events/s", inserted, share, *at_least(60_000, sunk)),
        Measure("B8", "the same as a share of plain inserting", share, "x", None, None, *at_least(0.6, share)),
        Measure("B8", "CPU of the sink", sunk_us, "µs/event", inserted_us, sunk_us / inserted_us),
        Measure("B8", "memory of the sink, at most", peak, "MB"),
    ]
