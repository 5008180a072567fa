"""The whole system as it runs: a log, the tables, every service and both stream workers, on loopback.

Its policy is the default one made quick: a day takes a second, so that neglect, escalation and every ending can be
waited for. Its people are invented. Everything dies with the test run, however that ends.

Fixture: `system`, one for a module: idle it takes a quarter of a core. What a test stops it starts again.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from infra.clickhouse.migrations import migrate
from infra.clickhouse.node import ClickHouseNode
from infra.kafka.create_topics import create_topics
from infra.kafka.grants import RUNNER
from infra.kafka.node import KafkaNode
from infra.kafka.ports import free_port
from infra.runner.logins import USER_OF_PART
from services.access.demo_people import DemoOrganisation, DemoPerson, create_demo_people
from services.access.domain.permissions import Area, Role
from services.casework.domain.instants import DAY, SECOND
from services.casework.domain.policy import Policy
from services.casework.domain.policy_document import policy_document
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy
from services.casework.domain.policy_version import policy_version
from services.runtime.settings import Settings
from tests import local_http
from tests.clickhouse_fixture import client_of, guarded_store, store_login
from tests.kafka_fixture import guarded_node, login_at, settings_at
from tests.live_log import quickened

ROOT = Path(__file__).parents[1]
OURS, THEIRS = "shurjomukhi", "nodi"
SHARSHA, KALIGANJ = Area("jashore", "sharsha"), Area("satkhira", "kaliganj")
READY_SECONDS = 90
PORTS = ("CASEWORK", "ALERTING", "OUTCOMES", "ACCESS", "VAULT", "GRPC", "VAULT_GRPC")

MODULES: Mapping[str, tuple[str, ...]] = {
    "access": ("services.access",),
    "casework": ("services.casework",),
    "alerting": ("services.alerting",),
    "outcomes": ("services.outcomes",),
    "vault": ("services.vault",),
    "web": ("services.web",),
    "neglect_watch": ("streams.worker", "neglect_watch"),
    "clickhouse_sink": ("streams.worker", "clickhouse_sink"),
}


def policy_of_seconds() -> Policy:
    """The default policy with a second for a day; an acknowledgement holds longer than most rules take to go up."""
    quick = quickened(load_policy(DEFAULT_POLICY_PATH), DAY // SECOND)
    settle, hold = 200, 8 * SECOND
    return replace(quick, settle=settle, hold=hold, version=policy_version(settle, hold, quick.rules))


def policy_as_toml(policy: Policy) -> str:
    """A policy file that says the same, version included."""
    document = policy_document(policy)
    lines = [f"{name} = {_toml(document[name])}" for name in ("settle", "hold")]
    for rule in document["rule"]:
        lines += ["", "[[rule]]", *(f"{name} = {_toml(value)}" for name, value in rule.items())]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    match value:
        case dict():
            return "{ " + ", ".join(f"{name} = {_toml(one)}" for name, one in value.items()) + " }"
        case list():
            return "[" + ", ".join(map(_toml, value)) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)


@dataclass(slots=True)
class Part:
    """One process of the system. It dies with the process that started it; `log` is where both its outputs go.

    module: what is run, with its arguments, where that is not the part itself.
    """

    name: str
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    module: tuple[str, ...] = ()

    def start(self) -> None:
        assert self.process is None or self.process.poll() is not None, f"{self.name} runs already"
        tied = [sys.executable, "-I", "-S", str(ROOT / "infra/kafka/tied.py"), str(os.getpid())]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*tied, sys.executable, "-m", *(self.module or MODULES[self.name])],
                cwd=ROOT,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def running(self) -> subprocess.Popen[bytes]:
        assert self.process is not None, f"{self.name} was never started"
        return self.process

    @property
    def has_ended(self) -> bool:
        return self.running.poll() is not None

    def kill(self) -> None:
        self.running.kill()
        self.running.wait(10)

    def ask_to_stop(self) -> None:
        """SIGTERM, also of one that was frozen."""
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()

    def stop(self) -> None:
        """SIGTERM, and SIGKILL for one that does not listen."""
        if self.process is None:
            return
        self.ask_to_stop()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()

    def freeze(self) -> None:
        self.running.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.running.send_signal(signal.SIGCONT)

    def last_words(self) -> str:
        return f"{self.name}: {self.log.read_text(errors='replace')[-2000:]}" if self.log.exists() else self.name


@dataclass(slots=True)
class System:
    """url: of the one origin; grpc: host:port; addresses: of each service behind the origin, by part.

    settings: as of the runner, who may read all of the log and owns the tables.
    """

    url: str
    grpc: str
    addresses: dict[str, str]
    settings: Settings
    policy: Policy
    kafka: KafkaNode
    clickhouse: ClickHouseNode
    parts: dict[str, Part]
    people: list[DemoPerson]
    http: httpx.Client = field(default_factory=lambda: local_http.client(timeout=30))

    def settings_as(self, user: str) -> Settings:
        """Of a process of this user of the log."""
        login = {name.lower(): value for name, value in login_at(self.kafka, user).items()}
        return Settings.model_validate({**self.settings.model_dump(), **login})

    def person(
        self, role: str, organisation: str = OURS, number: int = 0, stands_for: str = "", area: Area | None = None
    ) -> DemoPerson:
        """The number-th of that role; of supervisors those who stand for "area", "district" or "organisation"."""
        found = [
            person
            for person in self.people
            if person.organisation == organisation
            and person.role == Role(role)
            and (not stands_for or person.stands_for == stands_for)
            and (area is None or area in person.areas)
        ]
        return found[number]

    @property
    def vault_grpc(self) -> str:
        return f"127.0.0.1:{self.settings.vault_grpc_port}"

    @property
    def anna(self) -> DemoPerson:
        """Our first caseworker."""
        return self.person("caseworker")

    @property
    def bela(self) -> DemoPerson:
        """Our second caseworker."""
        return self.person("caseworker", number=1)

    @property
    def head(self) -> DemoPerson:
        """Our supervisor of the whole organisation."""
        return self.person("supervisor", stands_for="organisation")

    def ask(self, method: str, path: str, who: DemoPerson | None = None, **content: Any) -> httpx.Response:
        """A request at the origin, signed in as somebody or as nobody."""
        headers = {**content.pop("headers", {}), **bearer(who)}
        return self.http.request(method, self.url + path, headers=headers, **content)

    def get(self, path: str, who: DemoPerson | None = None, **params: Any) -> httpx.Response:
        return self.ask("GET", path, who, params=params)

    def post(self, path: str, who: DemoPerson | None, body: object) -> httpx.Response:
        return self.ask("POST", path, who, json=body)

    def missing_parts(self) -> str:
        """What /readyz misses; "" when it misses nothing."""
        try:
            answer = self.get("/readyz")
        except httpx.TransportError as error:
            return type(error).__name__
        return "" if answer.status_code == 200 else answer.text

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        """Until every part is reached and the detector has been heard of from every partition."""
        deadline = time.monotonic() + seconds
        while missing := self.missing_parts() or self._detector_asleep():
            ended = [part.last_words() for part in self.parts.values() if part.has_ended]
            assert not ended, "\n".join(ended)
            assert time.monotonic() < deadline, missing + "\n".join(p.last_words() for p in self.parts.values())
            time.sleep(0.2)

    def _detector_asleep(self) -> str:
        answer = self.get("/v1/detector", self.head)
        return "" if answer.status_code == 200 and answer.json()["stale"] is False else f"detector: {answer.text[:300]}"


def bearer(who: DemoPerson | None) -> dict[str, str]:
    return {} if who is None else {"authorization": f"Bearer {who.token}"}


@contextmanager
def running_system(
    directory: Path,
    kafka: KafkaNode | None = None,
    clickhouse: ClickHouseNode | None = None,
    told: Mapping[str, str] | None = None,
) -> Iterator[System]:
    """Started and ready; stopped at the end, and nothing left but files in `directory`.

    kafka, clickhouse: nodes of the caller's making, not started. told: what the parts' environment says instead.
    """
    kafka = kafka or guarded_node(directory / "kafka")
    clickhouse = clickhouse or guarded_store(directory)
    parts: dict[str, Part] = {}
    try:
        policy = policy_of_seconds()
        environment = {**_environment(directory, kafka, clickhouse, policy), **(told or {})}
        known = {**environment, **login_at(kafka, RUNNER), **store_login(clickhouse)}
        settings = Settings.model_validate({name.lower(): value for name, value in known.items()})
        with ThreadPoolExecutor(2) as aside:
            # Children die with the thread that started them: the log's node is started in this one.
            tables = aside.submit(_migrated, clickhouse.start())
            made = aside.submit(_people, settings)
            kafka.restart()
            create_topics(kafka.bootstrap, security=settings_at(kafka).kafka_security())
            tables.result()
            people = made.result()
        for name in MODULES:
            login = login_at(kafka, USER_OF_PART[name]) if name in USER_OF_PART else {}
            own = {**environment, **login, **store_login(clickhouse, name)}
            parts[name] = Part(name, own, directory / f"{name}.log")
        for part in parts.values():
            part.start()
        system = _system_of(settings, policy, kafka, clickhouse, parts, people)
        with system.http:
            system.wait_ready()
            yield system
    finally:
        # Some take seconds to end: they take them together.
        for part in parts.values():
            part.ask_to_stop()
        for part in parts.values():
            part.stop()
        clickhouse.stop()
        kafka.kill()


def _migrated(node: ClickHouseNode) -> None:
    client = client_of(node.wait_ready())
    migrate(client)
    client.close()


def _environment(directory: Path, kafka: KafkaNode, clickhouse: ClickHouseNode, policy: Policy) -> dict[str, str]:
    file = directory / "policy.toml"
    file.write_text(policy_as_toml(policy), encoding="utf-8")
    assert load_policy(file) == policy
    ports = {f"{name}_PORT": str(free_port()) for name in PORTS}
    return {
        **ports,
        "PORT": str(free_port()),
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
        "CLICKHOUSE_URL": clickhouse.address,
        "VAR_DIR": str(directory / "var"),
        "POLICY_FILE": str(file),
        "CLOCK_EVERY_SECONDS": "2",
        "WORKER_NAME": "one",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'proto' / 'gen'}",
    }


def _people(settings: Settings) -> list[DemoPerson]:
    areas = (SHARSHA, KALIGANJ)
    wanted = [DemoOrganisation(name, (str(uuid4()), str(uuid4())), areas) for name in (OURS, THEIRS)]
    return create_demo_people(settings, wanted)


def _system_of(
    settings: Settings,
    policy: Policy,
    kafka: KafkaNode,
    clickhouse: ClickHouseNode,
    parts: dict[str, Part],
    people: list[DemoPerson],
) -> System:
    url = f"http://127.0.0.1:{settings.port}"
    addresses = {
        "casework": settings.casework_url,
        "alerting": settings.alerting_url,
        "outcomes": settings.outcomes_url,
        "access": settings.access_url,
        "vault": settings.vault_url,
        "web": url,
    }
    return System(url, settings.casework_grpc, addresses, settings, policy, kafka, clickhouse, parts, people)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Shared by a module: a test makes cases of its own, and what it stops it starts again."""
    with running_system(tmp_path_factory.mktemp("system")) as running:
        yield running
