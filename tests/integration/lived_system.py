"""A system with a past: months of invented lives in its log, then days of a second each, run by the runner itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from confluent_kafka import Producer

from infra.clickhouse.table_hash import Bound, TableHash, table_hashes
from infra.kafka.create_topics import create_topics
from infra.kafka.grants import LOADER, RUNNER
from infra.kafka.node import KafkaNode
from infra.runner.log_records import ends_of, records_of
from infra.runner.rebuild.telling import Generation, common_bound, ends_within
from infra.runner.status import running_state, settings_of_running
from services.access.demo_people import DemoOrganisation, DemoPerson, create_demo_people
from services.casework.codec import encode_clock, encode_event, encode_history_ends, encode_policy_changed
from services.casework.domain.control import PolicyChanged
from services.casework.domain.events import Event, parse_event
from services.casework.domain.instants import DAY, HOUR, SECOND, parse_instant
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy, policy_of
from services.runtime.settings import Settings
from services.runtime.topics import CASE_EVENTS, PARTITIONS, Topic, partition_of
from streams.kafka_clients import librdkafka_settings
from streams.log_export import read_log
from tests import local_http
from tests.demo_fixture import DemoProcess
from tests.live_log import Appender, eventually
from tests.simulation.random_histories import random_history
from tests.system_fixture import KALIGANJ, SHARSHA, bearer, policy_as_toml, policy_of_seconds

ROOT = Path(__file__).parents[2]
ORGANISATION = "rupantar"
UP_SECONDS = 90.0
STOP_SECONDS = 90.0
"""Ten parts, each of which may take five seconds or more on a machine that is busy."""
_ALSO = frozenset(("recorded_at", "organisation"))


@dataclass
class LivedSystem:
    """`process`: the runner, while it runs. `output`: where it and all commands say what they say."""

    directory: Path
    environment: dict[str, str] = field(init=False)
    var_dir: Path = field(init=False)
    output: Path = field(init=False)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.var_dir, self.output = self.directory / "var", self.directory / "output"
        policy = self.directory / "policy.toml"
        policy.write_text(policy_as_toml(policy_of_seconds()), encoding="utf-8")
        told = {"POLICY_FILE": str(policy), "CLOCK_EVERY_SECONDS": "2", "PYTHONUNBUFFERED": "1"}
        self.environment = DemoProcess.on_free_ports(self.var_dir, **told).environment
        # Only a demonstration can be read without a password.
        del self.environment["KAFKA_OPEN_PORT"]

    def start(self) -> None:
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "infra.runner"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        eventually(lambda: self._is_up(), UP_SECONDS, "the system is up")

    def _is_up(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.output.read_text()[-3000:]
        state = running_state(self.var_dir)
        # Services come after their stores, which are ready by themselves first.
        if state is None or state["pid"] != self.process.pid or "web" not in state["parts"]:
            return False
        return not state["waiting"] and all(part["ready"] for part in state["parts"].values())

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(STOP_SECONDS)

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """A command of the runner, or of the module that is named first."""
        module = arguments if arguments and arguments[0].startswith("infra.") else ("infra.runner", *arguments)
        return subprocess.Popen(
            [sys.executable, "-m", *module],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        """Its exit status and what it said."""
        command = self.begin(*arguments)
        said, _ = command.communicate(timeout=240)
        return command.returncode, said

    @property
    def settings(self) -> Settings:
        """Of the running system, as of its runner."""
        return self.settings_as(RUNNER)

    def settings_as(self, user: str) -> Settings:
        """As of a process of this user of the log."""
        settings = settings_of_running(self.var_dir, self.environment, running_state(self.var_dir), user)
        return settings.model_copy(update={"var_dir": self.var_dir})

    def appender(self) -> Appender:
        """Who brings in events past intake."""
        settings = self.settings_as(LOADER)
        return Appender(settings.kafka_bootstrap_servers, librdkafka_settings(settings))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environment['PORT']}"

    def supervisor(self) -> DemoPerson:
        wanted = DemoOrganisation(ORGANISATION, ("00000000-0000-4000-8000-000000000001",), (SHARSHA, KALIGANJ))
        people = create_demo_people(self.settings, [wanted])
        return next(person for person in people if person.stands_for == "organisation")

    def people(self) -> list[DemoPerson]:
        """Of one organisation: two caseworkers and everybody beside them."""
        staff = tuple(f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 2))
        return create_demo_people(self.settings, [DemoOrganisation(ORGANISATION, staff, (SHARSHA, KALIGANJ))])

    def ask(self, method: str, path: str, who: DemoPerson | None = None, **content: Any) -> httpx.Response:
        """A request at the origin, signed in as somebody or as nobody."""
        return local_http.request(method, self.url + path, headers=bearer(who), timeout=30, **content)

    def get(self, path: str, who: DemoPerson | None = None, **params: Any) -> httpx.Response:
        return self.ask("GET", path, who, params=params)

    def post(self, path: str, who: DemoPerson | None, body: object) -> httpx.Response:
        return self.ask("POST", path, who, json=body)

    def kill_and_await(self, part: str) -> None:
        """The part is killed, and started again by the runner."""
        before = self._process_of(part)
        os.kill(before, signal.SIGKILL)
        eventually(lambda: self._is_up() and self._process_of(part) != before, UP_SECONDS, f"{part} is back")

    def _process_of(self, part: str) -> int:
        return int(running_state(self.var_dir)["parts"][part]["pid"])

    def inbox(self, who: DemoPerson) -> httpx.Response:
        headers = {"authorization": f"Bearer {who.token}"}
        return local_http.get(f"{self.url}/v1/alerts?limit=500", headers=headers, timeout=20)

    # --- what it says -------------------------------------------------------------------------------------------

    def reached(self) -> Bound:
        """How far the tables are, once everything up to there has been told."""
        with Generation(self.settings) as now:
            eventually(now.told(now.log_ends()), 60, "the tables are as far as the log was")
            bound = common_bound(now, now)
            eventually(now.told(ends_within(bound)), 60, "the tables tell all of the log")
            return bound

    def hashes(self, bound: Bound | None = None) -> dict[str, TableHash]:
        with Generation(self.settings) as now:
            return table_hashes(now.client, now.settings.clickhouse_database, bound)

    def asked(self, query: str) -> list[tuple[Any, ...]]:
        with Generation(self.settings) as now:
            return list(now.client.query(query).result_rows)

    def told_in(self, topic: Topic) -> set[bytes]:
        """The values that stand in a topic: the same bytes once."""
        settings = self.settings
        told = {message.value() for message in records_of(settings, topic, ends_of(settings, topic))}
        return {value for value in told if value is not None}

    def log(self) -> dict[tuple[int, int], tuple[int, str]]:
        """Every record of the log by its place: its time, and what it says."""
        return {
            (partition, logged.offset): (logged.recorded_at, repr(logged.record))
            for partition in range(PARTITIONS)
            for logged in read_log(self.settings, partition)
        }


def write_past(system: LivedSystem, seed: int, cases: int, events_a_case: int) -> int:
    """A log with a loaded history, policies that change in it, and its end. Answers how many days it spans.

    Written before the log asked for passwords: the runner makes it do so at its next start.
    """
    node = KafkaNode(system.var_dir / "kafka", int(system.environment["KAFKA_PORT"]), heap="384m")
    try:
        node.restart()
        create_topics(node.bootstrap)
        return _write(node.bootstrap, _past(seed, cases, events_a_case))
    finally:
        node.stop()


def _past(seed: int, cases: int, events_a_case: int) -> list[dict[str, Any]]:
    """Only what is over: a history may not end after the time at which it is loaded."""
    now = int(time.time() * 1000)
    records = random_history(seed, cases, events_a_case, organisations=1, policy_changes=3, clocks=40)
    return [record for record in records if parse_instant(record["recorded_at"]) < now - HOUR]


def _write(bootstrap: str, past: list[dict[str, Any]]) -> int:
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "enable.idempotence": True, "log_level": 0})
    first, last = (parse_instant(past[index]["recorded_at"]) for index in (0, -1))
    default = PolicyChanged("", load_policy(DEFAULT_POLICY_PATH))
    records = [*_everywhere(encode_policy_changed(default), first)]
    for record in past:
        records += _placed(record, parse_instant(record["recorded_at"]))
    for partition, key, value, at in [*records, *_everywhere(encode_history_ends(), None)]:
        headers = {} if at is None else {"recorded_at": str(at)}
        producer.produce(CASE_EVENTS.name, value, key, partition=partition, headers=headers)
        producer.poll(0)
    assert producer.flush(60) == 0
    return (last - first) // DAY


Placed = tuple[int, bytes | None, bytes, int | None]


def _everywhere(value: bytes, at: int | None) -> Iterator[Placed]:
    return ((partition, None, value, at) for partition in range(PARTITIONS))


def _placed(record: dict[str, Any], at: int) -> Iterator[Placed]:
    match record["type"]:
        case "policy_changed":
            changed = PolicyChanged(record.get("organisation", ""), policy_of(record["policy"], "policy"))
            yield from _everywhere(encode_policy_changed(changed), at)
        case "clock":
            yield from _everywhere(encode_clock(), at)
        case _:
            event = parse_event(record, record.get("organisation", ORGANISATION), "", also=_ALSO)
            yield partition_of(event.case_id), event.case_id.encode(), encode_event(event), at


def recent_events(seed: int, cases: int, events_a_case: int) -> list[Event]:
    """Random events of many types, all said to have happened in the last seconds."""
    raws = random_history(seed, cases, events_a_case)
    now = int(time.time() * 1000)
    events = [parse_event(raw, ORGANISATION, "", also=_ALSO) for raw in raws]
    return [_at(event, now - (index * 7919) % (20 * SECOND)) for index, event in enumerate(events)]


def _at(event: Event, occurred_at: int) -> Event:
    data: Mapping[str, Any] = event.data
    if "until" in data:
        data = {**data, "until": occurred_at + 3 * SECOND}
    return event._replace(occurred_at=occurred_at, data=data)
