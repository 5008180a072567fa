"""`make backup`: everything that cannot be made anew, copied while the system runs, and read back."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from clickhouse_connect.driver.exceptions import Error as StoreError
from rich.console import Console
from urllib3.exceptions import HTTPError

from infra.clickhouse.table_hash import Bound, TableHash, table_hashes
from infra.runner.at_hand import AtHand, at_hand
from infra.runner.backup.kept_files import keep_files
from infra.runner.backup.manifest import (
    FORMAT,
    KeptTopic,
    Manifest,
    hashes_of_files,
    sync_directory,
    verified_manifest,
    write_manifest,
)
from infra.runner.backup.reckoning import kept_records
from infra.runner.backup.record_files import RecordFile, records_in
from infra.runner.backup.refusal import BackupUnreadable
from infra.runner.bar import Bar, bar
from infra.runner.log_records import ends_of
from infra.runner.plan import ROOT, var_dir_of
from infra.runner.rebuild.telling import Generation, ends_within
from infra.runner.refusal import CannotRun, Stopped
from infra.runner.stores import store_client
from infra.runner.unfinished import refuse_unfinished
from infra.runner.working_alone import working_alone
from services.casework.domain.instants import as_datetime
from services.runtime.settings import Settings
from services.runtime.topics import CASE_EVENTS, DEAD_LETTERS, Topic

KEPT_TOPICS: Final = (CASE_EVENTS, DEAD_LETTERS)
_PATIENCE_SECONDS: Final = 30.0
_PARTIAL: Final = ".backup-partial"


def make_backup(console: Console, environment: Mapping[str, str], directory: Path | None) -> Path:
    """Where it is: `directory`, or one named after the time in VAR_DIR/backups. Raises CannotRun."""
    var_dir, began = var_dir_of(environment), time.monotonic()
    made_at = time.time_ns() // 1_000_000
    target = directory or var_dir / "backups" / as_datetime(made_at).strftime("%Y%m%dT%H%M%SZ")
    if target.exists():
        raise CannotRun(f"{target} is there already: name another directory, DIR=…")
    partial = target.with_name(f".{target.name}{_PARTIAL}")
    refuse_unfinished(var_dir)
    with working_alone(var_dir), at_hand(console, environment, needs_tables=False) as system:
        system.start_streams()
        try:
            _forget_partial(target.parent)
            partial.mkdir(mode=0o700, parents=True)
            _fill(console, system, partial, made_at)
            _read_back(console, partial)
            partial.rename(target)
            sync_directory(target.parent)
        except (Stopped, KeyboardInterrupt):
            raise CannotRun("Cut off in between: there is no backup.") from None
        finally:
            _forget_partial(target.parent)
    console.print(f"Backed up after {time.monotonic() - began:.1f} s: {target}")
    return target


def _forget_partial(backups: Path) -> None:
    """Also those of runs that were killed: nobody needs them, and they hold what nobody may read."""
    for left in backups.glob(f".*{_PARTIAL}"):
        shutil.rmtree(left)


def topic_file(directory: Path, topic: Topic, partition: int) -> Path:
    """Where a backup has the records of a partition."""
    return directory / topic.name / f"{partition:02d}.records.zst"


def _fill(console: Console, system: AtHand, directory: Path, made_at: int) -> None:
    # Before anything is read: what is recorded from here on is for the next backup.
    ends = {topic.name: ends_of(system.settings, topic) for topic in KEPT_TOPICS}
    topics = {}
    for topic in KEPT_TOPICS:
        with bar(console, f"Copying {topic.name}") as show:
            topics[topic.name] = _keep_topic(system.settings, topic, ends[topic.name], directory, show)
    tables = _what_tables_say(console, system, topics[CASE_EVENTS.name].bound)
    # After the log: whoever recorded something that is in it has an account by now.
    keep_files(system.settings, system.var_dir, directory)
    if system.settings.vault_database_url:
        console.print("The vault's database is not in it: back that up by its own means, apart from the vault's keys.")
    manifest = Manifest(FORMAT, made_at, _version(), topics, tables, hashes_of_files(directory))
    write_manifest(directory, manifest)


def _keep_topic(settings: Settings, topic: Topic, ends: Mapping[int, int], directory: Path, show: Bar) -> KeptTopic:
    (directory / topic.name).mkdir(mode=0o700)
    counts, newest, done = [0] * len(ends), [0] * len(ends), 0
    for partition, end in ends.items():
        with RecordFile(topic_file(directory, topic, partition)) as file:
            for record in kept_records(settings, topic, partition, end):
                file.write(record)
                counts[partition] += 1
                newest[partition] = record.recorded_at
                if counts[partition] % 1000 == 0:
                    show(done + record.offset, sum(ends.values()))
        done += end
        show(done, sum(ends.values()))
    return KeptTopic(list(ends.values()), counts, newest)


def _what_tables_say(console: Console, system: AtHand, bound: Bound) -> dict[str, TableHash] | None:
    """Up to where the log was kept; None, and a sentence, when they are not that far. A backup does not wait for it."""
    try:
        if system.wait(lambda: _answers(system.settings), _PATIENCE_SECONDS):
            with Generation(system.settings) as now, bar(console, "Waiting until the tables are as far") as show:
                told = now.told(ends_within(bound), show)
                system.wait(lambda: told() or now.seconds_without_progress > _PATIENCE_SECONDS, None)
                if told():
                    return table_hashes(now.client, system.settings.clickhouse_database, bound)
    except (StoreError, HTTPError, OSError) as error:
        console.print(f"The outcomes store failed: {type(error).__name__}")
    console.print("The tables are not as far as the log: the backup is whole, but cannot say what they said.")
    return None


def _answers(settings: Settings) -> bool:
    try:
        store_client(settings).close()
    except (StoreError, HTTPError, OSError):
        return False
    return True


def _read_back(console: Console, directory: Path) -> None:
    """Raises BackupUnreadable."""
    manifest = verified_manifest(directory)
    for topic in KEPT_TOPICS:
        for partition, expected in enumerate(manifest.topics[topic.name].records):
            path, found = topic_file(directory, topic, partition), 0
            for _ in records_in(path):
                found += 1
            if found != expected:
                raise BackupUnreadable(f"{path}: {found} records instead of {expected}")
    sync_directory(directory)
    events = manifest.topics[CASE_EVENTS.name]
    newest = as_datetime(max(events.recorded_at)).strftime("%Y-%m-%d %H:%M:%S UTC")
    size = sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
    console.print(
        f"{sum(events.records)} records of the log, the newest of {newest}; {len(manifest.files)} files, "
        f"{size / 1_000_000:.1f} MB, read back."
    )


def _version() -> str:
    try:
        return version("reintegration")
    except PackageNotFoundError:  # it runs from its tree and is not installed
        lines = (ROOT / "pyproject.toml").read_text().splitlines()
        return next(line.split('"')[1] for line in lines if line.startswith("version"))
