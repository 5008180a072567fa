"""What a user of the log is let do with topics, tried on a real one: everything is attempted, nothing is looked up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from aiokafka.conn import create_conn
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.group import JoinGroupRequest
from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from services.runtime.consumer import aiokafka_security
from services.runtime.settings import Settings
from streams.kafka_clients import librdkafka_settings

ATTEMPTS: Final = "rwcdas"
"""Read, write, create, delete, alter, alter its settings."""

_SECONDS: Final = 20.0
_DENIED: Final = KafkaError.TOPIC_AUTHORIZATION_FAILED

# Whoever is told to come again, with the id it was given or when the group has been found, was let in.
_TAKES_PART: Final = (
    KafkaError.NO_ERROR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
    KafkaError.MEMBER_ID_REQUIRED,
)

Answers = dict[str, bool]
"""By topic: whether it was let through."""


def may(settings: Settings, topics: Sequence[str]) -> dict[str, str]:
    """{topic: the letters of ATTEMPTS, a dash for what was refused}. Whoever may delete has deleted."""
    admin = AdminClient({**librdkafka_settings(settings), "log_level": 0})
    answers = [
        _read(settings, topics),
        _written(settings, topics),
        _said(admin.create_topics([NewTopic(name, 12, 1) for name in topics], validate_only=True)),
        {},
        _said(admin.create_partitions([NewPartitions(name, 13) for name in topics], validate_only=True)),
        _configured(admin, topics),
    ]
    answers[3] = _said(admin.delete_topics(list(topics)))
    return {
        topic: "".join(letter if answer[topic] else "-" for letter, answer in zip(ATTEMPTS, answers, strict=True))
        for topic in topics
    }


def _let_through(error: KafkaError | None, others: Iterable[int] = ()) -> bool:
    """Raises AssertionError for an answer that is neither yes nor no."""
    if error is None or error.code() in others:
        return True
    assert error.code() == _DENIED, error
    return False


def _said(answers: Mapping[str, Any]) -> Answers:
    """Of what an admin client was asked; that a topic is there already was said to somebody who may make it."""
    return {
        topic: _let_through(_error_of(answer), [KafkaError.TOPIC_ALREADY_EXISTS]) for topic, answer in answers.items()
    }


def _error_of(answer: Any) -> KafkaError | None:
    try:
        answer.result(_SECONDS)
    except KafkaException as error:
        return error.args[0]  # type: ignore[no-any-return]
    return None


def _configured(admin: AdminClient, topics: Sequence[str]) -> Answers:
    entry = ConfigEntry("retention.ms", "-1", incremental_operation=AlterConfigOpType.SET)
    wanted = [ConfigResource(ResourceType.TOPIC, name, incremental_configs=[entry]) for name in topics]
    answers = admin.incremental_alter_configs(wanted, validate_only=True)
    return {resource.name: _let_through(_error_of(answer)) for resource, answer in answers.items()}


def _written(settings: Settings, topics: Sequence[str]) -> Answers:
    answers: Answers = {}
    producer = Producer({**librdkafka_settings(settings), "log_level": 0, "message.timeout.ms": 10_000})
    for topic in topics:

        def delivered(error: KafkaError | None, _message: Message, topic: str = topic) -> None:
            answers[topic] = _let_through(error)

        producer.produce(topic, b"value", b"key", partition=0, on_delivery=delivered)
    assert producer.flush(_SECONDS) == 0
    return answers


def _read(settings: Settings, topics: Sequence[str]) -> Answers:
    return asyncio.run(_fetched(settings, topics))


async def _fetched(settings: Settings, topics: Sequence[str]) -> Answers:
    """Asked of the broker itself: a client that may not know of a topic never asks for its records."""
    wanted = [(topic, [(0, 0, 1_000_000)]) for topic in topics]
    response = await _answer_to(settings, FetchRequest(0, 0, 10_000_000, 0, wanted))
    return {topic: _fetch_let_through(partitions[0][1]) for topic, partitions in response.topics}


async def _answer_to(settings: Settings, request: Any) -> Any:
    host, port = settings.kafka_bootstrap_servers.split(":")
    connection = await create_conn(host, int(port), **aiokafka_security(settings.kafka_security()))
    try:
        return await connection.send(request)
    finally:
        connection.close()


def _fetch_let_through(code: int) -> bool:
    assert code in (0, _DENIED), code
    return code == 0


def takes_part(settings: Settings, group: str) -> bool:
    """Whether it is let share the partitions of a group, as soon as there is somebody to share them out."""
    request = JoinGroupRequest(group, 10_000, 10_000, "", None, "consumer", [("range", b"")])
    code = asyncio.run(_answer_to(settings, request)).error_code
    assert code in (KafkaError.GROUP_AUTHORIZATION_FAILED, *_TAKES_PART), code
    return code != KafkaError.GROUP_AUTHORIZATION_FAILED


def claims(settings: Settings, transactional_id: str) -> bool:
    """Whether it is let fence out whoever else has this id."""
    producer = Producer({**librdkafka_settings(settings), "transactional.id": transactional_id, "log_level": 0})
    return _unless(KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, lambda: producer.init_transactions(_SECONDS))


def _unless(denied: int, attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except KafkaException as error:
        assert error.args[0].code() == denied, error
        return False
    return True
