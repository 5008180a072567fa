"""The parts of a system on one machine: how each is started, what it needs, and when it is ready."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final

from infra.runner.logins import CLICKHOUSE_USERS, KAFKA_USERS
from infra.runner.plan import LOOPBACK, OPEN_PORT, Plan

_ASK_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Says:
    """Ready when its output has said this."""

    words: str


@dataclass(frozen=True, slots=True)
class Answers:
    """Ready when GET of the path answers 200."""

    port: int
    path: str = "/readyz"
    is_encrypted: bool = False

    def now(self) -> bool:
        connection = self._connection()
        try:
            connection.request("GET", self.path)
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        if not self.is_encrypted:
            return HTTPConnection(LOOPBACK, self.port, timeout=_ASK_SECONDS)
        # Whether a part of this machine answers is all that is asked; its certificate may be for other names.
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return HTTPSConnection(LOOPBACK, self.port, timeout=_ASK_SECONDS, context=context)


@dataclass(frozen=True, slots=True)
class Lives:
    """Ready when it has run for so long: it has no address of its own."""

    seconds: float


Ready = Says | Answers | Lives


@dataclass(frozen=True, slots=True)
class Part:
    """needs: parts that must be ready before it starts. environment: beside what all are told.

    alive: asked again and again; a part that no longer answers hangs, and is ended and started again.
    """

    name: str
    command: tuple[str, ...]
    ready: Ready
    needs: tuple[str, ...] = ()
    port: int | None = None
    stop_within_seconds: float = 5.0
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    alive: Answers | None = None


KAFKA: Final = "kafka"
CLICKHOUSE: Final = "clickhouse"
STORES: Final = (KAFKA, CLICKHOUSE)
STREAMS: Final = ("neglect_watch", "clickhouse_sink")


def store_parts(plan: Plan) -> Iterator[Part]:
    """The nodes that are ours to run."""
    if plan.runs_kafka:
        port, directory = plan.ports["KAFKA_PORT"], str(plan.var_dir / "kafka")
        users = ("--users", str(plan.var_dir / KAFKA_USERS))
        opened = ("--open-port", str(plan.ports[OPEN_PORT])) if OPEN_PORT in plan.ports else ()
        command = python_module("infra.kafka", "--dir", directory, "--port", str(port), *users, *opened)
        yield Part(KAFKA, command, Says("is ready on"), port=port, stop_within_seconds=9.0)
    if plan.runs_clickhouse:
        port, directory = plan.ports["CLICKHOUSE_PORT"], str(plan.var_dir / "clickhouse")
        users = ("--users", str(plan.var_dir / CLICKHOUSE_USERS))
        command = python_module("infra.clickhouse", "--path", directory, "--port", str(port), *users)
        ready, owner = Says("endpoint ready at"), plan.logins.owner
        yield Part(CLICKHOUSE, command, ready, port=port, stop_within_seconds=9.0, environment=owner)


def stream_parts(plan: Plan) -> Iterator[Part]:
    needs = tuple(part.name for part in store_parts(plan))
    for name in STREAMS:
        port = plan.ports[f"{name.upper()}_PORT"]
        command, login = python_module("streams.worker", name), plan.logins.of_part(name)
        yield Part(name, command, Answers(port), needs, port, environment=login, alive=_alive(port))


def service_parts(plan: Plan) -> Iterator[Part]:
    """All start at once; a service waits by itself for what it cannot reach yet. web is ready when all are."""
    needs = tuple(part.name for part in store_parts(plan))
    for name in ("access", "casework", "alerting", "outcomes", "vault"):
        port = plan.ports[f"{name.upper()}_PORT"]
        command, login = python_module(f"services.{name}"), plan.logins.of_part(name)
        yield Part(name, command, Answers(port), needs, port, environment=login, alive=_alive(port))
    port = plan.ports["PORT"]
    ready, alive = (Answers(port, path, plan.is_encrypted) for path in ("/readyz", "/healthz"))
    yield Part("web", python_module("services.web"), ready, needs, port, alive=alive)


def _alive(port: int) -> Answers:
    return Answers(port, "/healthz")


def parts_of(plan: Plan) -> tuple[Part, ...]:
    """In the order in which they are named; they stop in reverse."""
    return (*store_parts(plan), *stream_parts(plan), *service_parts(plan))


def python_module(module: str, *arguments: str) -> tuple[str, ...]:
    """The command that runs a module of this tree in this Python."""
    return (sys.executable, "-m", module, *arguments)
