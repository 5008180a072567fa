"""The settings of a single node, as Kafka reads them from `server.properties`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from services.runtime.topics import MAX_RECORD_BYTES, PARTITIONS

LOOPBACK: Final = "127.0.0.1"
_FOR_EVER_MINUTES: Final = 2**31 - 1

# The same lines are in infra/compose.yaml; a test holds the two together.
ONE_NODE: Final[dict[str, str]] = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    # A mistyped topic must be an error and not a place where events get lost.
    "auto.create.topics.enable": "false",
    "num.partitions": str(PARTITIONS),
    "log.retention.ms": "-1",
    "message.max.bytes": str(MAX_RECORD_BYTES),
    # A group that was away for long (a machine switched off) finds its offsets where it left them.
    "offsets.retention.minutes": str(_FOR_EVER_MINUTES),
    # Kafka's own topics: small, and with the one replica there can be.
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "8",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "8",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    # After a kill the node waits until its earlier self's session is over: 3 s, not Kafka's 9.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # Sized for a small heap; the compacted topic holds about a million keys.
    "log.cleaner.dedupe.buffer.size": str(48 * 1024 * 1024),
    "num.network.threads": "2",
    "num.io.threads": "4",
}


def server_properties(data: Path, port: int, controller_port: int, guarded: Mapping[str, str] | None = None) -> str:
    """The text of `server.properties` for a node that keeps its log in `data`.

    guarded: of a node that asks for passwords (guard.py), which has listeners of its own.
    """
    listeners = f"PLAINTEXT://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller_port}"
    settings = {
        **ONE_NODE,
        "listeners": listeners,
        "advertised.listeners": listeners,
        "controller.quorum.bootstrap.servers": f"{LOOPBACK}:{controller_port}",
        "log.dirs": str(data),
        **(guarded or {}),
    }
    # In a properties file a backslash escapes.
    return "".join(f"{name}={value}\n".replace("\\", "\\\\") for name, value in settings.items())
