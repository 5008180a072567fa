"""Everything that is worked out from the log, made anew from it: alerts, obligations, detector's state, tables.

For a system that has been stopped: what is deleted here must not be read or written meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from infra.runner.catching_up import CatchingUp
from infra.runner.parts import store_parts, stream_parts
from infra.runner.plan import Plan, plan_from, var_dir_of
from infra.runner.refusal import CannotRun, Stopped
from infra.runner.runner import Runner, claimed
from infra.runner.stores import LogWatch, log_client_settings, prepare_log, prepare_store, store_client
from services.runtime.topics import ALL_TOPICS, CASE_EVENTS

DERIVED: Final = tuple(topic.name for topic in ALL_TOPICS if topic is not CASE_EVENTS)
GROUPS: Final = ("reintegration.neglect-watch", "reintegration.clickhouse-sink")
_START_SECONDS: Final = 60.0
_GONE_SECONDS: Final = 30.0
_NOT_THERE: Final = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.GROUP_ID_NOT_FOUND)

Counts = dict[str, int]


def rebuild(console: Console, environment: Mapping[str, str]) -> bool:
    """Whether there is at least as much as before. Raises CannotRun, also while the system runs."""
    with claimed(var_dir_of(environment)):
        plan = plan_from(environment, may_choose_ports=True)
        with Runner(plan, console.print) as runner:
            try:
                return _rebuild(console, plan, runner)
            except Stopped:
                raise CannotRun("Cut off in between: run make rebuild again before the system is started.") from None


def _rebuild(console: Console, plan: Plan, runner: Runner) -> bool:
    stores = tuple(store_parts(plan))
    runner.add(stores)
    runner.wait_ready([part.name for part in stores], _START_SECONDS)
    prepare_log(plan)
    prepare_store(plan)
    client = store_client(plan.settings())
    until = _until(client)
    before = _counts(client, until)
    console.print("Deleting what is worked out from the log…")
    _delete_derived(plan, runner)
    client.command("DROP DATABASE {database:Identifier}", parameters={"database": plan.settings().clickhouse_database})
    client.close()
    prepare_log(plan)
    prepare_store(plan)
    _work_again(console, plan, runner)
    client = store_client(plan.settings())
    after = _counts(client, until)
    client.close()
    return _compare(console, before, after)


def _until(client: Any) -> int:
    """Up to when the tables are complete, as far as they know: milliseconds, 0 when they are empty."""
    query = "SELECT toUnixTimestamp64Milli(min(recorded_at)) FROM sink_progress FINAL WHERE topic = {topic:String}"
    return int(client.query(query, parameters={"topic": CASE_EVENTS.name}).result_rows[0][0])


def _counts(client: Any, until: int) -> Counts:
    """Rows about the time up to an instant."""
    times = {"events": "recorded_at", "alert_transitions": "at", "obligation_changes": "at"}
    return {
        table: int(
            client.query(
                f"SELECT count() FROM {table} FINAL WHERE {column} < fromUnixTimestamp64Milli({{until:Int64}})",
                parameters={"until": until},
            ).result_rows[0][0]
        )
        for table, column in times.items()
    }


def _delete_derived(plan: Plan, runner: Runner) -> None:
    admin = AdminClient(log_client_settings(plan.settings()))
    for deleting in (
        admin.delete_topics(list(DERIVED), operation_timeout=_GONE_SECONDS),
        admin.delete_consumer_groups(list(GROUPS)),
    ):
        for name, done in deleting.items():
            try:
                done.result(_GONE_SECONDS)
            except KafkaException as error:
                if error.args[0].code() not in _NOT_THERE:
                    raise CannotRun(f"{name} cannot be deleted: {error}") from error

    def gone() -> bool:
        return not set(DERIVED) & admin.list_topics(timeout=_GONE_SECONDS).topics.keys()

    if not runner.wait_until(gone, _GONE_SECONDS):
        raise CannotRun("The log does not let go of its derived topics: see its own log, then run make rebuild again.")


def _work_again(console: Console, plan: Plan, runner: Runner) -> None:
    since = int(time.time() * 1000)
    streams = tuple(stream_parts(plan))
    runner.add(streams)
    watch, client = LogWatch(plan.settings()), store_client(plan.settings())
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("Working the log from its beginning", total=None)
            runner.wait_until(
                CatchingUp(
                    watch, client, since, lambda done, of: progress.update(task, completed=done, total=max(of, 1))
                ).holds
            )
    finally:
        watch.close()
        client.close()
    runner.stop([part.name for part in streams])


def _compare(console: Console, before: Counts, after: Counts) -> bool:
    for table, count in after.items():
        console.print(f"{table}: {count} (before: {before[table]})")
    is_whole = all(after[table] >= count for table, count in before.items())
    console.print("Rebuilt." if is_whole else "Less than before: something is missing, see the logs of the streams.")
    return is_whole
