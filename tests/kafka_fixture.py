"""The log for tests with real servers: one node for a module, and fresh ones for tests that kill theirs.

Where Kafka can't start the tests that ask for it fail with the sentence that says why; none is skipped.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from infra.kafka.create_topics import create_topics
from infra.kafka.grants import ADMIN, USERS
from infra.kafka.guard import Guard
from infra.kafka.node import KafkaNode
from infra.runner.logins import login_as
from services.runtime.settings import Settings

FreshKafka = Callable[[], KafkaNode]
_HEAP = "384m"


def guarded_node(directory: Path, open_port: int | None = None, least_room_mb: int | None = None) -> KafkaNode:
    """One that asks for passwords, as the runner's does; not started."""
    passwords = {user: secrets.token_urlsafe(24) for user in USERS}
    return KafkaNode(directory, heap=_HEAP, guard=Guard(passwords, open_port), least_room_mb=least_room_mb)


def login_at(node: KafkaNode, user: str) -> Mapping[str, str]:
    """What the environment of a process of this user says; nothing where nobody is asked who they are."""
    return {} if node.guard is None else login_as(user, node.guard.passwords[user])


def settings_at(node: KafkaNode, user: str = ADMIN) -> Settings:
    """Of a process of this user."""
    login = {name.lower(): value for name, value in login_at(node, user).items()}
    return Settings.model_validate({"kafka_bootstrap_servers": node.bootstrap, **login})


def _started(directory: Path) -> KafkaNode:
    node = KafkaNode(directory, heap=_HEAP)
    try:
        node.restart()
        create_topics(node.bootstrap)
    except BaseException:
        node.kill()
        raise
    return node


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaNode]:
    """A node with the topics of the table, shared by a module: leave it as you found it, use keys of your own."""
    node = _started(tmp_path_factory.mktemp("kafka"))
    yield node
    node.kill()


@pytest.fixture
def fresh_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FreshKafka]:
    """Makes nodes with the topics of the table that belong to one test, which may kill, freeze and restart them."""
    nodes: list[KafkaNode] = []

    def start() -> KafkaNode:
        nodes.append(_started(tmp_path_factory.mktemp("fresh-kafka")))
        return nodes[-1]

    yield start
    for node in nodes:
        node.kill()
