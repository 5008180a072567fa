"""The new generation beside the old: its topics and tables, and the workers that fill them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import closing
from typing import Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from infra.clickhouse.migrations import migrate
from infra.kafka.create_topics import create_topics
from infra.kafka.refusal import Refused
from infra.runner.at_hand import AtHand
from infra.runner.log_file import LogFile
from infra.runner.part_process import PartProcess, Tell
from infra.runner.parts import STREAMS, Lives, Part, python_module
from infra.runner.refusal import CannotRun
from infra.runner.stores import store_client
from services.runtime.settings import Settings
from services.runtime.topics import DERIVED_TOPICS, Topic, in_generation
from streams.kafka_clients import librdkafka_settings

NEXT: Final = "next"
NEXT_TOPICS: Final = tuple(in_generation(topic, NEXT) for topic in DERIVED_TOPICS)
NEXT_GROUPS: Final = tuple(f"reintegration.{name.replace('_', '-')}.{NEXT}" for name in STREAMS)
_GONE_SECONDS: Final = 60.0
_MOST_STARTS: Final = 5
_NOT_THERE: Final = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.GROUP_ID_NOT_FOUND)


def next_settings(settings: Settings) -> Settings:
    """The same system, as the workers of the next generation see it."""
    database = f"{settings.clickhouse_database}_{NEXT}"
    return settings.model_copy(update={"generation": NEXT, "clickhouse_database": database})


def create_next(system: AtHand) -> None:
    """Empty topics and tables. Raises CannotRun."""
    make_topics(system.admin, NEXT_TOPICS)
    with closing(store_client(system.settings, database="default")) as client:
        migrate(client, next_settings(system.settings).clickhouse_database)


def drop_next(system: AtHand) -> None:
    """Whatever is there of it. Its workers must have ended. Raises CannotRun."""
    with closing(store_client(system.settings, database="default")) as client:
        database = next_settings(system.settings).clickhouse_database
        client.command("DROP DATABASE IF EXISTS {database:Identifier}", parameters={"database": database})
    delete_topics(system, NEXT_TOPICS)
    _delete_groups(system)


def make_topics(admin: Settings, topics: Iterable[Topic]) -> None:
    """Those that are missing. Raises CannotRun."""
    try:
        create_topics(
            admin.kafka_bootstrap_servers,
            admin.kafka_replication_factor,
            security=admin.kafka_security(),
            topics=topics,
        )
    except Refused as refusal:
        raise CannotRun(str(refusal)) from refusal


def delete_topics(system: AtHand, topics: Iterable[Topic]) -> None:
    """Returns when none of them is there. Raises CannotRun."""
    names = [topic.name for topic in topics]
    admin = AdminClient(librdkafka_settings(system.admin))
    for name, done in admin.delete_topics(names, operation_timeout=_GONE_SECONDS).items():
        try:
            done.result(_GONE_SECONDS)
        except KafkaException as error:
            if error.args[0].code() not in _NOT_THERE:
                raise CannotRun(f"{name} cannot be deleted: {error}") from error

    def gone() -> bool:
        return not set(names) & admin.list_topics(timeout=_GONE_SECONDS).topics.keys()

    if not system.wait(gone, _GONE_SECONDS):
        raise CannotRun("The log does not let go of its derived topics: see its own log, then run make rebuild again.")


def _delete_groups(system: AtHand) -> None:
    """A group of workers that were ended by force is free only when the broker misses them."""
    admin = AdminClient(librdkafka_settings(system.admin))

    def gone() -> bool:
        answers = admin.delete_consumer_groups(list(NEXT_GROUPS))
        return all(_is_deleted(answer) for answer in answers.values())

    if not system.wait(gone, _GONE_SECONDS):
        raise CannotRun(f"The log does not let go of the groups {', '.join(NEXT_GROUPS)}: run make rebuild again.")


def _is_deleted(answer: object) -> bool:
    try:
        answer.result(_GONE_SECONDS)  # type: ignore[attr-defined]
    except KafkaException as error:
        if error.args[0].code() == KafkaError.NON_EMPTY_GROUP:
            return False
        if error.args[0].code() not in _NOT_THERE:
            raise CannotRun(f"A group of the next generation cannot be deleted: {error}") from error
    return True


class NextWorkers:
    """One worker of each stream app. Left as a context manager, none of them runs any more."""

    def __init__(self, system: AtHand, tell: Tell) -> None:
        environment = {
            **system.environment,
            "GENERATION": NEXT,
            "CLICKHOUSE_DATABASE": next_settings(system.settings).clickhouse_database,
            "WORKER_NAME": "",
            # Those of the workers beside it are taken.
            "NEGLECT_WATCH_PORT": "0",
            "CLICKHOUSE_SINK_PORT": "0",
        }
        # People come first: whoever works for them is not to wait for this.
        nice = shutil.which("nice")
        polite = (nice, "-n", "10") if system.runs and nice else ()
        self._processes = [
            PartProcess(
                Part(
                    f"{name}.{NEXT}",
                    (*polite, *python_module("streams.worker", name)),
                    Lives(1.0),
                    environment=system.logins.of_part(name),
                ),
                environment,
                LogFile(system.var_dir / "logs" / f"{name}.{NEXT}.log"),
                tell,
            )
            for name in STREAMS
        ]

    def __enter__(self) -> NextWorkers:
        for process in self._processes:
            process.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def stop(self) -> None:
        for process in self._processes:
            process.ask_to_stop()
        for process in self._processes:
            process.stop()
        self._processes = []

    def refuse_hopeless(self) -> None:
        """Raises CannotRun when one of them cannot stay up."""
        for process in self._processes:
            if process.starts >= _MOST_STARTS and process.pid is None:
                raise CannotRun(f"{process.part.name} does not stay up. It said: {process.log.last_lines(3)}")
