"""`make restore`: a backup into an empty system, everything else made anew from it, and compared with what it was."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import zip_longest
from pathlib import Path
from typing import Final

from rich.console import Console

from infra.clickhouse.table_hash import table_hashes
from infra.runner.at_hand import AtHand, at_hand
from infra.runner.backup.kept_files import bring_back_files
from infra.runner.backup.making import topic_file
from infra.runner.backup.manifest import Manifest, verified_manifest
from infra.runner.backup.reckoning import kept_records
from infra.runner.backup.record_files import records_in
from infra.runner.backup.restored_records import RestoredRecord, restored_partition
from infra.runner.bar import bar
from infra.runner.catching_up import CatchingUp
from infra.runner.log_records import ends_of, finish
from infra.runner.plan import var_dir_of
from infra.runner.private_file import write_private
from infra.runner.refusal import CannotRun, Stopped
from infra.runner.runner import is_claimed
from infra.runner.stores import LogWatch, sink_progress, store_client
from infra.runner.unfinished import RESTORE_JOURNAL, refuse_unfinished
from infra.runner.working_alone import working_alone
from services.runtime.settings import Settings
from services.runtime.topics import ALL_TOPICS, CASE_EVENTS, DEAD_LETTERS, PARTITIONS
from streams.record_writer import RecordWriter

_CATCH_UP_SECONDS: Final = 24 * 3600.0
_NOT_EMPTY: Final = "A restore needs an empty system: make demo-reset wipes this one, VAR_DIR names another."


def restore(console: Console, environment: Mapping[str, str], directory: Path, *, accept: bool) -> bool:
    """Whether everything is what it was. accept: keep it also when the tables say something else. Raises CannotRun."""
    var_dir, began = var_dir_of(environment), time.monotonic()
    refuse_unfinished(var_dir)
    if is_claimed(var_dir):
        raise CannotRun(f"The system in {var_dir} is running: stop it first. {_NOT_EMPTY}")
    manifest = verified_manifest(directory)
    with working_alone(var_dir), at_hand(console, environment) as system:
        _refuse_unless_empty(system)
        journal = system.var_dir / RESTORE_JOURNAL
        write_private(journal, json.dumps({"from": str(directory.absolute())}))
        try:
            _write_log(console, system.settings, directory, manifest)
            words = bring_back_files(directory, system.settings, system.var_dir)
            _read_log_back(console, system.settings, directory, manifest)
            _make_the_rest(console, system)
            same = _compare(console, system, manifest)
        except (Stopped, KeyboardInterrupt):
            raise CannotRun("Cut off in between: make demo-reset, then make restore again.") from None
    if same or accept:
        journal.unlink()
    if words:
        console.print(words)
    outcome = "Restored" if same else "Restored, but not what it was: make restore ACCEPT=1 keeps it so"
    console.print(f"{outcome}. {time.monotonic() - began:.1f} s.")
    return same or accept


def _refuse_unless_empty(system: AtHand) -> None:
    """Raises CannotRun saying what is there."""
    for topic in ALL_TOPICS:
        if records := sum(ends_of(system.settings, topic).values()):
            raise CannotRun(f"{topic.name} has {records} records. {_NOT_EMPTY}")
    with closing(store_client(system.settings)) as client:
        if sink_progress(client):
            raise CannotRun(f"The tables of {system.settings.clickhouse_database} have rows. {_NOT_EMPTY}")
    settings = system.settings
    kept = (
        (settings.access_dir, "accounts"),
        (settings.alerting_dir, "channels"),
        (settings.outcomes_dir, "releases"),
        (settings.vault_dir, "data"),
    )
    for directory, what in kept:
        if directory.exists() and any(directory.iterdir()):
            raise CannotRun(f"{directory} has {what}. {_NOT_EMPTY}")


def _log_partition(directory: Path, partition: int) -> Iterator[RestoredRecord]:
    return restored_partition(records_in(topic_file(directory, CASE_EVENTS, partition)))


def _dead_letters(directory: Path, partition: int) -> Iterator[RestoredRecord]:
    """As they were: their time means nothing to anybody."""
    for record in records_in(topic_file(directory, DEAD_LETTERS, partition)):
        yield RestoredRecord(record.offset, None, record.key, record.value, record.headers)


def _write_log(console: Console, settings: Settings, directory: Path, manifest: Manifest) -> None:
    writer = RecordWriter(settings)
    with bar(console, "Bringing back the log") as show:
        done, of = 0, sum(sum(topic.records) for topic in manifest.topics.values())
        for topic, read in ((DEAD_LETTERS, _dead_letters), (CASE_EVENTS, _log_partition)):
            for partition in range(PARTITIONS):
                for record in read(directory, partition):
                    writer.put(topic, partition, record.key, record.value, record.headers)
                    done += 1
                    if done % 1000 == 0:
                        show(done, of)
        finish(writer)
        show(of, of)


def _read_log_back(console: Console, settings: Settings, directory: Path, manifest: Manifest) -> None:
    """Each record at its offset, with its content, and with its time as readers reckon it. Raises CannotRun."""
    with bar(console, "Reading it back") as show:
        done, of = 0, sum(manifest.topics[CASE_EVENTS.name].ends)
        ends = ends_of(settings, CASE_EVENTS)
        for partition in range(PARTITIONS):
            _compare_partition(settings, directory, partition, ends[partition])
            done += ends[partition] - 1
            show(done, of)


def _compare_partition(settings: Settings, directory: Path, partition: int, end: int) -> None:
    expected = _log_partition(directory, partition)
    found = kept_records(settings, CASE_EVENTS, partition, end)
    for wanted, record in zip_longest(expected, found):
        where = f"{CASE_EVENTS.name}[{partition}] offset {(wanted or record).offset}"
        if wanted is None or record is None:
            raise CannotRun(f"{where}: {'too much' if wanted is None else 'missing'}. make demo-reset, then try again.")
        reckoned = record.recorded_at if wanted.recorded_at is not None else None
        read = RestoredRecord(record.offset, reckoned, record.key, record.value, record.headers)
        if read != wanted:
            raise CannotRun(f"{where} is not what was backed up: make demo-reset, then try again.")


def _make_the_rest(console: Console, system: AtHand) -> None:
    since = time.time_ns() // 1_000_000
    system.start_streams()
    watch = LogWatch(system.settings)
    try:
        with closing(store_client(system.settings)) as client, bar(console, "Working it") as show:
            if not system.wait(CatchingUp(watch, client, since, show).holds, _CATCH_UP_SECONDS):
                raise CannotRun(f"Detector and sink did not catch up: see {system.var_dir / 'logs'}.")
    finally:
        watch.close()


def _compare(console: Console, system: AtHand, manifest: Manifest) -> bool:
    """Of the tables with what they said when the backup was made, as far as the log was kept."""
    if manifest.tables is None:
        console.print("What the tables said then is not known; the log was compared record by record.")
        return True
    with closing(store_client(system.settings)) as client:
        bound = manifest.topics[CASE_EVENTS.name].bound
        found = table_hashes(client, system.settings.clickhouse_database, bound)
    for table, before in manifest.tables.items():
        same = found.get(table) == before
        rows = found[table].rows if table in found else 0
        console.print(f"{table}: {rows} rows, {'as when it was backed up' if same else f'then {before.rows}'}")
    return found == manifest.tables
