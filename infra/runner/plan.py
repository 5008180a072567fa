"""Where each part will listen and what it is told: the settings, with ports that are free."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from infra.kafka.grants import RUNNER
from infra.kafka.ports import is_free
from infra.runner.logins import Logins, own_logins
from infra.runner.refusal import CannotRun
from services.runtime.settings import Settings

ROOT: Final = Path(__file__).resolve().parents[2]
LOOPBACK: Final = "127.0.0.1"

# The setting that names a port, and its default. The first two are the public faces.
_PORTS: Final[Mapping[str, int]] = {
    "PORT": int(Settings.model_fields["port"].default),
    "GRPC_PORT": int(Settings.model_fields["grpc_port"].default),
    "CASEWORK_PORT": int(Settings.model_fields["casework_port"].default),
    "CASEWORK_GRPC_PORT": int(Settings.model_fields["casework_grpc_port"].default),
    "ALERTING_PORT": int(Settings.model_fields["alerting_port"].default),
    "OUTCOMES_PORT": int(Settings.model_fields["outcomes_port"].default),
    "ACCESS_PORT": int(Settings.model_fields["access_port"].default),
    "VAULT_PORT": int(Settings.model_fields["vault_port"].default),
    "VAULT_GRPC_PORT": int(Settings.model_fields["vault_grpc_port"].default),
    "NEGLECT_WATCH_PORT": int(Settings.model_fields["neglect_watch_port"].default),
    "CLICKHOUSE_SINK_PORT": int(Settings.model_fields["clickhouse_sink_port"].default),
    "WEB_METRICS_PORT": int(Settings.model_fields["web_metrics_port"].default),
    "KAFKA_PORT": 9092,
    "CLICKHOUSE_PORT": 8123,
}
_NODES: Final[Mapping[str, str]] = {"KAFKA_PORT": "KAFKA_BOOTSTRAP_SERVERS", "CLICKHOUSE_PORT": "CLICKHOUSE_URL"}
_TRIES: Final = 200
OPEN_PORT: Final = "KAFKA_OPEN_PORT"
_DEFAULT_OPEN_PORT: Final = 9094


@dataclass(frozen=True, slots=True)
class Plan:
    """environment: what every part gets. notes: sentences about ports that had to be others.

    runs_kafka, runs_clickhouse: whether the node is ours, or one the environment names. logins: to those that are ours.
    """

    var_dir: Path
    ports: Mapping[str, int]
    environment: Mapping[str, str]
    runs_kafka: bool
    runs_clickhouse: bool
    notes: tuple[str, ...]
    logins: Logins = field(default_factory=Logins)

    @property
    def url(self) -> str:
        return f"{'https' if self.is_encrypted else 'http'}://{LOOPBACK}:{self.ports['PORT']}"

    @property
    def is_encrypted(self) -> bool:
        """Whether the public faces speak TLS; what is behind them does not leave this machine."""
        return bool(self.environment.get("TLS_CERT_FILE"))

    @property
    def grpc(self) -> str:
        return f"{LOOPBACK}:{self.ports['GRPC_PORT']}"

    @property
    def kafka(self) -> str:
        return self.environment["KAFKA_BOOTSTRAP_SERVERS"]

    @property
    def open_kafka(self) -> str:
        """Where the log can be read without a password, if anywhere; else as `kafka`."""
        return f"{LOOPBACK}:{self.ports[OPEN_PORT]}" if OPEN_PORT in self.ports else self.kafka

    @property
    def store_owner(self) -> tuple[str, str]:
        """Name and password of whoever may do everything in the outcomes store."""
        told = {**self.environment, **self.logins.owner}
        return told.get("CLICKHOUSE_USER", ""), told.get("CLICKHOUSE_PASSWORD", "")

    def settings(self, user: str = RUNNER) -> Settings:
        """As a process reads them that is this user of the log, and owns the tables."""
        told = {**self.environment, **self.logins.of_owner(user)}
        given = {name.lower(): value for name, value in told.items() if name.lower() in Settings.model_fields}
        return Settings(**given)  # type: ignore[arg-type]


def var_dir_of(environment: Mapping[str, str]) -> Path:
    """Where everything is kept, absolute."""
    return Path(environment.get("VAR_DIR") or "var").absolute()


def plan_from(environment: Mapping[str, str], *, may_choose_ports: bool, opens_log: bool = False) -> Plan:
    """opens_log: the log may be read without a password, also if KAFKA_OPEN_PORT is not set.

    Raises CannotRun naming the port that is taken and the setting that moves it.
    """
    var_dir = var_dir_of(environment)
    runs = {node: not environment.get(setting) for node, setting in _NODES.items()}
    ports: dict[str, int] = {}
    notes: list[str] = []
    for setting, default in _PORTS.items():
        if runs.get(setting, True):
            ports[setting] = _port(environment, setting, default, set(ports.values()), notes, may_choose_ports)
    if runs["KAFKA_PORT"] and (opens_log or environment.get(OPEN_PORT)):
        chosen = set(ports.values())
        ports[OPEN_PORT] = _port(environment, OPEN_PORT, _DEFAULT_OPEN_PORT, chosen, notes, may_choose_ports)
    runs_kafka, runs_clickhouse = runs["KAFKA_PORT"], runs["CLICKHOUSE_PORT"]
    told = {
        **environment,
        **{setting: str(port) for setting, port in ports.items()},
        "NEGLECT_WATCH_URL": f"http://{LOOPBACK}:{ports['NEGLECT_WATCH_PORT']}",
        "CLICKHOUSE_SINK_URL": f"http://{LOOPBACK}:{ports['CLICKHOUSE_SINK_PORT']}",
        "VAR_DIR": str(var_dir),
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": os.pathsep.join(
            filter(None, (str(ROOT), str(ROOT / "proto" / "gen"), environment.get("PYTHONPATH")))
        ),
    }
    logins = own_logins(var_dir, environment, log=runs_kafka, store=runs_clickhouse)
    told = {name: value for name, value in told.items() if name not in logins.settings}
    if runs_kafka:
        told["KAFKA_BOOTSTRAP_SERVERS"] = f"{LOOPBACK}:{ports['KAFKA_PORT']}"
    if runs_clickhouse:
        told["CLICKHOUSE_URL"] = f"http://{LOOPBACK}:{ports['CLICKHOUSE_PORT']}"
    else:
        told.update(_credentials_apart(environment))
    return Plan(var_dir, ports, told, runs_kafka, runs_clickhouse, tuple(notes), logins)


def _port(
    environment: Mapping[str, str], setting: str, default: int, chosen: set[int], notes: list[str], may_choose: bool
) -> int:
    asked = environment.get(setting)
    if asked and not asked.isdigit():
        raise CannotRun(f"{setting} is {asked!r}: make it a port, a whole number from 1 to 65535.")
    port = int(asked) if asked else default
    if port not in chosen and is_free(port):
        return port
    if asked or not may_choose:
        raise CannotRun(f"Port {port} is taken by another program: stop that, or set {setting} to another port.")
    for other in range(port + 1, port + _TRIES):
        if other not in chosen and other not in _PORTS.values() and is_free(other):
            notes.append(f"Port {port} is taken by another program: {setting} is {other} this time.")
            return other
    raise CannotRun(f"No port is free from {port} to {port + _TRIES}: set {setting} to one that is.")


def _credentials_apart(environment: Mapping[str, str]) -> dict[str, str]:
    """User and password may stand in the address of a ClickHouse; the parts want them by themselves."""
    address = urlsplit(environment["CLICKHOUSE_URL"])
    told = {}
    if address.username:
        told["CLICKHOUSE_USER"] = unquote(address.username)
        told["CLICKHOUSE_PASSWORD"] = unquote(address.password or "")
        host = address.hostname or LOOPBACK
        told["CLICKHOUSE_URL"] = f"{address.scheme}://{host}" + (f":{address.port}" if address.port else "")
    return told
