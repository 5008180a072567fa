"""Who may do what in the log: the one table of its users, held against a real broker by the tests.

What is not in the table is refused. `admin` stands above it: it makes and deletes topics, and no service is told its
password. A user may have more in a pattern than a name: what `make rebuild` makes beside the topics that people see is
named after them, with a dot and the generation behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.runtime.topics import ALERTS, CASE_EVENTS, DEAD_LETTERS, DETECTOR, NEGLECT_STATE, OBLIGATIONS, Topic

ADMIN: Final = "admin"
CASEWORK: Final = "casework"
ALERTING: Final = "alerting"
NEGLECT_WATCH: Final = "neglect_watch"
CLICKHOUSE_SINK: Final = "clickhouse_sink"
LOADER: Final = "loader"
RUNNER: Final = "runner"

USERS: Final = (ADMIN, CASEWORK, ALERTING, NEGLECT_WATCH, CLICKHOUSE_SINK, LOADER, RUNNER)
"""Those with a password. The vault, access, outcomes and web are not among them: they say nothing into the log and read
nothing of it."""

MECHANISM: Final = "SCRAM-SHA-512"
"""How they prove who they are."""

ANONYMOUS: Final = "ANONYMOUS"
"""As Kafka calls whoever comes by a listener that asks for no password."""


class Kind(StrEnum):
    TOPIC = "topic"
    GROUP = "group"
    TRANSACTIONAL_ID = "transactional_id"


class Operation(StrEnum):
    """READ and WRITE imply DESCRIBE."""

    READ = "read"
    WRITE = "write"
    DESCRIBE = "describe"
    DESCRIBE_CONFIGS = "describe_configs"


@dataclass(frozen=True, slots=True)
class Grant:
    """is_prefix: all whose names begin so. is_denied: refused whatever else the user may."""

    user: str
    kind: Kind
    name: str
    operation: Operation
    is_prefix: bool = False
    is_denied: bool = False


def _topics(user: str, operation: Operation, *topics: Topic) -> tuple[Grant, ...]:
    return tuple(Grant(user, Kind.TOPIC, topic.name, operation) for topic in topics)


def _generations(user: str, operation: Operation, *topics: Topic) -> tuple[Grant, ...]:
    """The topics as people see them, and as every generation has them."""
    beside = (Grant(user, Kind.TOPIC, f"{topic.name}.", operation, is_prefix=True) for topic in topics)
    return (*_topics(user, operation, *topics), *beside)


def _group(user: str, name: str) -> tuple[Grant, ...]:
    """To share partitions in it, in that of every generation, too."""
    return (
        Grant(user, Kind.GROUP, name, Operation.READ),
        Grant(user, Kind.GROUP, f"{name}.", Operation.READ, is_prefix=True),
    )


def _named(user: str, *names: str) -> tuple[Grant, ...]:
    """Groups by whose name librdkafka looks for a coordinator though nothing is shared in them."""
    return tuple(Grant(user, Kind.GROUP, name, Operation.DESCRIBE) for name in names)


def _transactions(user: str, topic: Topic) -> tuple[Grant, ...]:
    """Ids that begin with the name of the topic that is fenced by them (streams/neglect_watch/state_writer.py)."""
    return tuple(
        Grant(user, Kind.TRANSACTIONAL_ID, f"{topic.name}{mark}", Operation.WRITE, is_prefix=True) for mark in "-."
    )


GRANTS: Final[tuple[Grant, ...]] = (
    *_topics(CASEWORK, Operation.READ, CASE_EVENTS),
    *_topics(CASEWORK, Operation.WRITE, CASE_EVENTS),
    *_topics(ALERTING, Operation.READ, CASE_EVENTS, ALERTS, DETECTOR),
    # It says the time into the log, and the events of its canaries.
    *_topics(NEGLECT_WATCH, Operation.READ, CASE_EVENTS),
    *_topics(NEGLECT_WATCH, Operation.WRITE, CASE_EVENTS),
    *_generations(NEGLECT_WATCH, Operation.WRITE, ALERTS, OBLIGATIONS, DEAD_LETTERS, DETECTOR, NEGLECT_STATE),
    *_generations(NEGLECT_WATCH, Operation.READ, NEGLECT_STATE),
    *_transactions(NEGLECT_WATCH, NEGLECT_STATE),
    *_group(NEGLECT_WATCH, "reintegration.neglect-watch"),
    *_named(NEGLECT_WATCH, "partition-reading"),
    *_topics(CLICKHOUSE_SINK, Operation.READ, CASE_EVENTS),
    *_generations(CLICKHOUSE_SINK, Operation.READ, ALERTS, OBLIGATIONS),
    *_generations(CLICKHOUSE_SINK, Operation.WRITE, DEAD_LETTERS),
    *_group(CLICKHOUSE_SINK, "reintegration.clickhouse-sink"),
    # Histories, exports, and dead letters that are read again.
    *_topics(LOADER, Operation.READ, CASE_EVENTS, DEAD_LETTERS),
    *_topics(LOADER, Operation.WRITE, CASE_EVENTS),
    *_named(LOADER, "history-loader", "log-export"),
    # Status and backup read all there is; a restore writes the log and the dead letters, a rebuild what comes of them.
    *_generations(RUNNER, Operation.READ, ALERTS, OBLIGATIONS, DEAD_LETTERS, DETECTOR, NEGLECT_STATE),
    *_topics(RUNNER, Operation.READ, CASE_EVENTS),
    *_topics(RUNNER, Operation.WRITE, CASE_EVENTS, ALERTS, OBLIGATIONS, DEAD_LETTERS, NEGLECT_STATE),
    *_named(RUNNER, "runner", "runner-records", "log-export"),
)

OPEN_GRANTS: Final[tuple[Grant, ...]] = (
    Grant(ANONYMOUS, Kind.TOPIC, "reintegration.", Operation.READ, is_prefix=True),
    Grant(ANONYMOUS, Kind.TOPIC, "reintegration.", Operation.DESCRIBE_CONFIGS, is_prefix=True),
    Grant(ANONYMOUS, Kind.GROUP, "*", Operation.READ),
    # In the group of a stream app anybody could take partitions away from it.
    Grant(ANONYMOUS, Kind.GROUP, "reintegration.", Operation.READ, is_prefix=True, is_denied=True),
)
"""Of a demonstration alone, for whoever comes without a password: reading."""
