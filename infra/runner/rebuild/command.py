"""`make rebuild`: the new generation made, compared with the old, and put in its place."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from typing import Final

from rich.console import Console

from infra.clickhouse.table_hash import Bound, TableHash, differing_rows, table_hashes
from infra.runner.at_hand import AtHand, at_hand
from infra.runner.bar import bar
from infra.runner.catching_up import CatchingUp
from infra.runner.holding import release
from infra.runner.plan import var_dir_of
from infra.runner.rebuild.beside import NextWorkers, create_next, drop_next, next_settings
from infra.runner.rebuild.switch import begin, finish, forget, read_journal
from infra.runner.rebuild.telling import Generation, Progress, common_bound, ends_within
from infra.runner.refusal import CannotRun, Stopped
from infra.runner.stores import LogWatch, store_client
from infra.runner.unfinished import RESTORE_JOURNAL, unfinished
from infra.runner.working_alone import working_alone

HELD: Final = ("neglect_watch", "clickhouse_sink", "alerting")
_PATIENCE_SECONDS: Final = 60.0
_BACK_SECONDS: Final = 180.0
_WHY: Final = "make rebuild puts new tables and topics in the old ones' place"

Hashes = Mapping[str, TableHash]


def rebuild(console: Console, environment: Mapping[str, str], *, accept: bool) -> bool:
    """Whether the new generation is in the old one's place. accept: also if it says something else.

    Raises CannotRun.
    """
    var_dir = var_dir_of(environment)
    if (var_dir / RESTORE_JOURNAL).exists():
        raise CannotRun(unfinished(var_dir))
    began = time.monotonic()
    with working_alone(var_dir), at_hand(console, environment) as system:
        system.start_streams()
        try:
            if read_journal(var_dir) is not None:
                console.print("A rebuild was cut off in its switch: finishing it.")
                done = _switch(console, system, {}, None)
            else:
                done = _build_and_switch(console, system, accept=accept)
        except (Stopped, KeyboardInterrupt):
            raise CannotRun("Cut off in between: run make rebuild again.") from None
    console.print(f"{'Rebuilt' if done else 'Not rebuilt'} after {time.monotonic() - began:.1f} s.")
    return done


def _build_and_switch(console: Console, system: AtHand, *, accept: bool) -> bool:
    drop_next(system)
    create_next(system)
    with (
        NextWorkers(system, console.print) as workers,
        Generation(next_settings(system.settings)) as new,
        Generation(system.settings) as old,
    ):
        began, ends = time.monotonic(), new.log_ends()
        with bar(console, "Working the log from its beginning") as show:
            _wait_told(system, workers, new, ends, show)
        console.print(f"{sum(ends.values())} records of the log worked in {time.monotonic() - began:.1f} s.")
        bound = _both_told(console, system, workers, old, new)
        if not (_says_the_same(console, old, new, bound) or accept):
            console.print(
                "What people see was left as it was. What was made anew stays in the database "
                f"{new.settings.clickhouse_database} until the next rebuild; make rebuild ACCEPT=1 takes it."
            )
            return False
        expected = table_hashes(new.client, new.settings.clickhouse_database, bound)
        begin(system)
        try:
            system.hold(HELD, _WHY)
            # Whoever says the time is held, so that this ends however much is recorded meanwhile.
            _wait_told(system, workers, new, new.log_ends())
        except BaseException:
            # Nothing of the old has been touched yet: people have it back.
            release(system.var_dir)
            forget(system)
            raise
    return _switch(console, system, expected, bound)


def _wait_told(
    system: AtHand,
    workers: NextWorkers,
    new: Generation,
    ends: Mapping[int, int],
    show: Progress = lambda _done, _of: None,
) -> None:
    """Raises CannotRun when the new generation does not come to these ends."""
    told = new.told(ends, show)

    def told_or_stuck() -> bool:
        workers.refuse_hopeless()
        return told() or new.seconds_without_progress > _BACK_SECONDS

    system.wait(told_or_stuck, None)
    if not told():
        raise CannotRun(f"The new generation has stopped: see {system.var_dir / 'logs'}, then run make rebuild again.")


def _both_told(console: Console, system: AtHand, workers: NextWorkers, old: Generation, new: Generation) -> Bound:
    """How far both have told all of the log; as far as they have, when the old one does not come along."""
    ends = old.log_ends()
    told = old.told(ends)
    system.wait(lambda: told() or old.seconds_without_progress > _PATIENCE_SECONDS, None)
    _wait_told(system, workers, new, ends)
    bound = common_bound(old, new)
    if told():
        told = old.told(ends_within(bound))
        system.wait(told, _PATIENCE_SECONDS)
        _wait_told(system, workers, new, ends_within(bound))
    if not told():
        console.print("What people see now does not get to the end of the log; so much of it will be missing below.")
    return bound


def _says_the_same(console: Console, old: Generation, new: Generation, bound: Bound) -> bool:
    """Prints what each table has, and some of the rows that only one generation has."""
    ours, theirs = old.settings.clickhouse_database, new.settings.clickhouse_database
    before = table_hashes(old.client, ours, bound)
    after = table_hashes(new.client, theirs, bound)
    for table in before:
        same = before[table] == after[table]
        console.print(f"{table}: {after[table].rows} rows, {'as before' if same else f'before {before[table].rows}'}")
        if not same:
            for words, one, other in (("gone", ours, theirs), ("new", theirs, ours)):
                for row in differing_rows(old.client, table, one, other, bound):
                    console.print(f"  {words}: {row}", markup=False)
    return before == after


def _switch(console: Console, system: AtHand, expected: Hashes, bound: Bound | None) -> bool:
    """expected: of the tables up to a bound, when they were compared by this run."""
    began, journal = time.monotonic(), read_journal(system.var_dir)
    assert journal is not None
    system.hold(HELD, _WHY)
    with bar(console, "Putting it in the old one's place") as show:
        finish(system, journal, show)
    release(system.var_dir)
    forget(system)
    _wait_back(system)
    console.print(f"People could not be shown everything for {time.monotonic() - began:.1f} s.")
    drop_next(system)
    if bound is None:
        return True
    with closing(store_client(system.settings)) as client:
        is_whole = table_hashes(client, system.settings.clickhouse_database, bound) == expected
    console.print("The tables are what was compared." if is_whole else "The tables are NOT what was compared.")
    return is_whole


def _wait_back(system: AtHand) -> None:
    """Until the parts run again and every case has been checked since."""
    since = int(time.time() * 1000)
    system.wait_released()
    watch = LogWatch(system.settings)
    try:
        with closing(store_client(system.settings)) as client:
            if not system.wait(CatchingUp(watch, client, since).holds, _BACK_SECONDS):
                raise CannotRun(f"The detector did not come back: see {system.var_dir / 'logs'}.")
    finally:
        watch.close()
