"""A node that asks for passwords: its listeners, who stands above its rules, and how the node itself comes in.

CLIENTS     everybody, by SCRAM-SHA-512 (over TLS with a certificate)
OPEN        whoever has no password, where that is wished: may read alone (grants.py)
NODE        the node itself, and who started it: by a password that is drawn at every start and kept nowhere else
CONTROLLER  the same: a node on its own has nobody else to talk to as a controller
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from infra.kafka.broker_settings import LOOPBACK
from infra.kafka.grants import ADMIN, GRANTS, MECHANISM, OPEN_GRANTS, Grant

_NODE: Final = "node"
_PLAIN: Final = "org.apache.kafka.common.security.plain.PlainLoginModule"
_SCRAM: Final = "org.apache.kafka.common.security.scram.ScramLoginModule"


@dataclass(frozen=True, slots=True)
class Guard:
    """passwords: by user. open_port: where reading needs none. certificate: PEM, the key (PKCS #8) and its chain."""

    passwords: Mapping[str, str] = field(repr=False)
    open_port: int | None = None
    certificate: Path | None = None

    @property
    def grants(self) -> tuple[Grant, ...]:
        return GRANTS if self.open_port is None else (*GRANTS, *OPEN_GRANTS)


@dataclass(frozen=True, slots=True)
class OwnWay:
    """How a guarded node reaches itself, and whoever started it reaches the node."""

    port: int
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)

    @property
    def reach(self) -> dict[str, str]:
        """For kafka-python's clients."""
        return {
            "bootstrap_servers": f"{LOOPBACK}:{self.port}",
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "PLAIN",
            "sasl_plain_username": _NODE,
            "sasl_plain_password": self.password,
        }


def guarded_settings(guard: Guard, own: OwnWay, port: int, controller_port: int) -> dict[str, str]:
    """In Kafka's words, over those of a node that asks for nothing."""
    ports = {"CLIENTS": port, "NODE": own.port, "CONTROLLER": controller_port}
    protocols = dict.fromkeys(ports, "SASL_PLAINTEXT")
    if guard.open_port is not None:
        ports["OPEN"], protocols["OPEN"] = guard.open_port, "PLAINTEXT"
    if guard.certificate is not None:
        protocols["CLIENTS"] = "SASL_SSL"
    listeners = ",".join(f"{name}://{LOOPBACK}:{number}" for name, number in ports.items())
    return {
        "listeners": listeners,
        "advertised.listeners": listeners,
        "listener.security.protocol.map": ",".join(f"{name}:{protocol}" for name, protocol in protocols.items()),
        "inter.broker.listener.name": "NODE",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "sasl.mechanism.controller.protocol": "PLAIN",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{_NODE};User:{ADMIN}",
        "allow.everyone.if.no.acl.found": "false",
        **_clients(guard.certificate),
        **_by_own_password("node", own.password),
        **_by_own_password("controller", own.password),
    }


def _clients(certificate: Path | None) -> dict[str, str]:
    settings = {
        "listener.name.clients.sasl.enabled.mechanisms": MECHANISM,
        f"listener.name.clients.{MECHANISM.lower()}.sasl.jaas.config": f"{_SCRAM} required;",
    }
    if certificate is not None:
        settings["listener.name.clients.ssl.keystore.type"] = "PEM"
        settings["listener.name.clients.ssl.keystore.location"] = str(certificate.absolute())
    return settings


def _by_own_password(listener: str, password: str) -> dict[str, str]:
    itself = f'{_PLAIN} required username="{_NODE}" password="{password}" user_{_NODE}="{password}";'
    return {
        f"listener.name.{listener}.sasl.enabled.mechanisms": "PLAIN",
        f"listener.name.{listener}.plain.sasl.jaas.config": itself,
    }
