"""The switch: the next generation's records and tables put where people look, in steps that can be done again.

A journal in VAR_DIR says which steps are done. Old topics are emptied and filled from the next generation's; tables are
exchanged, and which of the two a table is is told by its UUID. Nothing of the next generation is deleted before the
journal is gone, so that a switch cut off anywhere is finished by doing what its journal does not have yet.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from infra.runner.at_hand import AtHand
from infra.runner.log_records import copy_records, ends_of
from infra.runner.private_file import write_private
from infra.runner.rebuild.beside import NEXT, delete_topics, make_topics, next_settings
from infra.runner.refusal import CannotRun
from infra.runner.stores import store_client
from infra.runner.unfinished import REBUILD_JOURNAL
from services.runtime.settings import Settings
from services.runtime.topics import ALERTS, DEAD_LETTERS, DETECTOR, NEGLECT_STATE, OBLIGATIONS, Topic, in_generation

# Heartbeats of the old generation may speak of more than the new one has said yet: that topic begins empty.
COPIED: Final = (ALERTS, OBLIGATIONS, DEAD_LETTERS, NEGLECT_STATE)
_RENEWED: Final = (*COPIED, DETECTOR)
_NOT_EXCHANGED: Final = frozenset(("schema_migrations",))

Progress = Callable[[int, int], None]
"""Records copied of one topic, of how many."""


@dataclass(frozen=True, slots=True)
class Journal:
    """tables: {name: UUID of the next generation's}. copied: names of topics that are filled."""

    tables: dict[str, str]
    copied: list[str] = field(default_factory=list)


def read_journal(var_dir: Path) -> Journal | None:
    """That of a switch which is under way or was cut off; None when there is none."""
    path = var_dir / REBUILD_JOURNAL
    return Journal(**json.loads(path.read_text())) if path.exists() else None


def begin(system: AtHand) -> Journal:
    """From here on the switch is to be finished. Before anything is stopped."""
    with closing(store_client(system.settings)) as client:
        journal = Journal(tables_of(client, next_settings(system.settings).clickhouse_database))
    _write(system, journal)
    return journal


def finish(system: AtHand, journal: Journal, progress: Progress) -> None:
    """Do what is left. The parts that read or write either generation must be stopped. Raises CannotRun."""
    left = [topic for topic in _RENEWED if topic.name not in journal.copied]
    delete_topics(system, left)
    make_topics(system.admin, left)
    for topic in left:
        if topic in COPIED:
            _copy(system.settings, topic, progress)
        journal = replace(journal, copied=[*journal.copied, topic.name])
        _write(system, journal)
    with closing(store_client(system.settings)) as client:
        ours, theirs = system.settings.clickhouse_database, next_settings(system.settings).clickhouse_database
        exchange_tables(client, ours, theirs, journal.tables)


def _copy(settings: Settings, topic: Topic, progress: Progress) -> None:
    """Raises CannotRun."""
    source = in_generation(topic, NEXT)
    ends = ends_of(settings, source)
    count = copy_records(settings, source, topic, lambda count: progress(count, sum(ends.values())))
    # Of a compacted topic there are fewer records than offsets.
    progress(count, count)
    if topic is not NEGLECT_STATE and ends != ends_of(settings, topic):
        raise CannotRun(f"{topic.name} has not become what {source.name} is: run make rebuild again.")


def forget(system: AtHand) -> None:
    """The switch is finished."""
    (system.var_dir / REBUILD_JOURNAL).unlink(missing_ok=True)


def _write(system: AtHand, journal: Journal) -> None:
    write_private(system.var_dir / REBUILD_JOURNAL, json.dumps(asdict(journal)))


def tables_of(client: Any, database: str) -> dict[str, str]:
    """{name: UUID}, but for those that only this database is about."""
    rows = client.query(
        "SELECT name, toString(uuid) FROM system.tables WHERE database = {database:String} AND name NOT LIKE '.%'",
        parameters={"database": database},
    ).result_rows
    return {name: uuid for name, uuid in rows if name not in _NOT_EXCHANGED}


def exchange_tables(client: Any, ours: str, theirs: str, wanted: Mapping[str, str]) -> None:
    """Make those of `theirs` ours, by their UUIDs; once done it changes nothing more. Raises CannotRun."""
    for table, uuid in sorted(wanted.items()):
        if tables_of(client, ours).get(table) != uuid:
            client.command(f"EXCHANGE TABLES `{ours}`.`{table}` AND `{theirs}`.`{table}`")
    if tables_of(client, ours) != dict(wanted):
        raise CannotRun("The tables have not become the new ones: run make rebuild again.")
