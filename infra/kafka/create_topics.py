"""Create the topics of the table where they are missing, and refuse those that differ from it.

`python -m infra.kafka.create_topics` works on any cluster: KAFKA_BOOTSTRAP_SERVERS, KAFKA_REPLICATION_FACTOR,
and, where the cluster asks for them, KAFKA_SECURITY_PROTOCOL, KAFKA_SSL_CAFILE, KAFKA_SASL_MECHANISM,
KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from infra.kafka.admin_client import admin_client
from infra.kafka.refusal import Refused
from services.runtime.topics import ALL_TOPICS, Topic

_PATIENCE_MS: Final = 30_000
# Other values of these lose nothing: how records are compressed is the producer's affair, and more is enough.
_NEVER_WRONG: Final = frozenset({"compression.type"})
_ENOUGH: Final = frozenset({"max.message.bytes", "min.insync.replicas"})

Security = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Found:
    """A topic as the cluster has it; `replicas` is the least number any of its partitions has."""

    partitions: int
    replicas: int
    configs: Mapping[str, str]


def create_topics(
    bootstrap: str,
    replication_factor: int = 1,
    prefix: str = "",
    security: Security | None = None,
    topics: Iterable[Topic] = ALL_TOPICS,
) -> list[str]:
    """Make the cluster have every one of the topics, each name after `prefix`; the names newly created.

    Safe to run twice, and by two at once. `security` is what kafka-python's clients take for TLS and SASL.
    Raises Refused, before anything is created, when a topic exists and differs, and when no broker answers.
    """
    from kafka.errors import InvalidReplicationFactorError, KafkaError, RetriableError

    wanted = {prefix + topic.name: topic for topic in topics}
    try:
        admin = admin_client(_PATIENCE_MS, bootstrap_servers=bootstrap.split(","), **(security or {}))
    except RetriableError as error:
        # kafka-python doesn't tell a broker that says no from one that is away.
        or_refused = ", or it refuses the user or the password" if security else ""
        raise Refused(f"No broker of the log answers on {bootstrap}{or_refused}: start it, then try again.") from error
    try:
        existing = set(admin.list_topics())
        _refuse_differences(admin, wanted, existing & wanted.keys(), replication_factor)
        missing = {name: topic for name, topic in wanted.items() if name not in existing}
        _create(admin, missing, replication_factor)
        _refuse_differences(admin, wanted, missing.keys(), replication_factor)
    except InvalidReplicationFactorError as error:
        raise Refused(
            f"The cluster on {bootstrap} has fewer than {replication_factor} brokers: start them, or set "
            "KAFKA_REPLICATION_FACTOR to what it has."
        ) from error
    except KafkaError as error:
        raise Refused(
            f"The log on {bootstrap} did not make its topics ({type(error).__name__}): see its own log, then try again."
        ) from error
    finally:
        admin.close()
    return list(missing)


def settings_of(topic: Topic, replication_factor: int) -> dict[str, str]:
    """A topic's settings for so many replicas.

    With three or more a record is safe when two brokers have it, and need not be on a disk before the receipt;
    with fewer it must be.
    """
    if replication_factor < 3:
        return dict(topic.configs)
    replicated = {name: value for name, value in topic.configs.items() if name != "flush.messages"}
    return {**replicated, "min.insync.replicas": "2"}


def _create(admin: Any, missing: Mapping[str, Topic], replication_factor: int) -> None:
    from kafka.errors import TopicAlreadyExistsError

    for name, topic in missing.items():
        asked = {
            "num_partitions": topic.partitions,
            "replication_factor": replication_factor,
            "configs": settings_of(topic, replication_factor),
        }
        try:
            admin.create_topics({name: asked}, timeout_ms=_PATIENCE_MS)
        except TopicAlreadyExistsError:
            continue  # somebody else was faster; what they made is looked at like any other
    admin.wait_for_topics(list(missing), timeout_ms=_PATIENCE_MS)


def _refuse_differences(admin: Any, wanted: Mapping[str, Topic], names: Iterable[str], replication_factor: int) -> None:
    found = _describe(admin, sorted(names))
    differences = [
        f"{name} has {difference}"
        for name, as_it_is in found.items()
        for difference in _differences(wanted[name], as_it_is, replication_factor)
    ]
    if differences:
        raise Refused(
            f"The log's topics are not as they must be: {'; '.join(differences)}; put the settings right with "
            "kafka-configs, or, where partitions differ, copy the topic into a new one, and start again."
        )


def _describe(admin: Any, names: list[str]) -> dict[str, _Found]:
    from kafka.admin import ConfigResource

    if not names:
        return {}
    resources = [ConfigResource("topic", name) for name in names]
    configs = admin.describe_configs(resources, config_filter="all")["topic"]
    return {
        topic["name"]: _Found(
            partitions=len(topic["partitions"]),
            replicas=min(len(partition["replica_nodes"]) for partition in topic["partitions"]),
            configs={key: str(entry["value"]) for key, entry in configs[topic["name"]].items()},
        )
        for topic in admin.describe_topics(names)
    }


def _differences(topic: Topic, found: _Found, replication_factor: int) -> list[str]:
    differences = []
    if found.partitions != topic.partitions:
        differences.append(f"{found.partitions} partitions and not {topic.partitions}")
    if found.replicas < replication_factor:
        differences.append(f"{found.replicas} replicas and not {replication_factor}")
    for key, value in settings_of(topic, replication_factor).items():
        actual = found.configs.get(key, "nothing")
        if not _will_do(key, value, actual):
            differences.append(f"{key}={actual} and not {value}")
    return differences


def _will_do(key: str, value: str, actual: str) -> bool:
    if key in _NEVER_WRONG:
        return True
    if key in _ENOUGH:
        return int(actual) >= int(value)
    return actual == value


def security_from_environment() -> dict[str, Any]:
    """What a cluster with TLS or SASL asks of a client, under kafka-python's names; empty on loopback."""
    named = {
        "security_protocol": "KAFKA_SECURITY_PROTOCOL",
        "ssl_cafile": "KAFKA_SSL_CAFILE",
        "sasl_mechanism": "KAFKA_SASL_MECHANISM",
        "sasl_plain_username": "KAFKA_SASL_USERNAME",
        "sasl_plain_password": "KAFKA_SASL_PASSWORD",
    }
    return {option: os.environ[variable] for option, variable in named.items() if os.environ.get(variable)}


def main() -> int:
    bootstrap = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    replicas = os.environ.get("KAFKA_REPLICATION_FACTOR", "1")
    try:
        if not replicas.isdigit() or int(replicas) < 1:
            raise Refused(f"KAFKA_REPLICATION_FACTOR is {replicas!r}: make it a whole number from 1.")
        created = create_topics(bootstrap, int(replicas), security=security_from_environment())
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 1
    print(f"{len(ALL_TOPICS)} topics are as they must be on {bootstrap}; created now: {len(created)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
