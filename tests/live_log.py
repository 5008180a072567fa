"""A log that lives: workers started and killed as processes, records appended, topics read back."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition

from services.casework.codec import decode_transition, encode_event, encode_policy_changed
from services.casework.domain.control import PolicyChanged
from services.casework.domain.events import Event
from services.casework.domain.policy import Cadence, Milestone, Policy, Response, Rule, RuleKind, Step, Streak
from services.casework.domain.policy_version import policy_version
from services.casework.domain.transitions import AlertTransition
from services.runtime.topics import ALERTS, CASE_EVENTS, PARTITIONS, partition_of

ROOT = Path(__file__).parents[1]
Reach = Mapping[str, str | int | bool]
"""Settings of librdkafka, as `librdkafka_settings` gives them."""


def quickened(policy: Policy, by: int) -> Policy:
    """The same policy with every duration so many times shorter: a day becomes a second by 86 400."""

    def quick(duration: int) -> int:
        return max(duration // by, 1) if duration > 0 else duration // by

    def kind_of(kind: RuleKind) -> RuleKind:
        match kind:
            case Cadence():
                steps = tuple(Step(None if s.until is None else quick(s.until), quick(s.every)) for s in kind.steps)
                return replace(kind, steps=steps)
            case Response():
                return replace(kind, within=quick(kind.within), early=quick(kind.early))
            case Streak():
                return replace(kind, within=quick(kind.within))
            case Milestone():
                return replace(kind, at=tuple(quick(a) for a in kind.at), early=quick(kind.early))

    def rule_of(rule: Rule) -> Rule:
        grace, after = quick(rule.grace), quick(rule.escalate_after)
        return replace(rule, grace=grace, escalate_after=after, kind=kind_of(rule.kind))

    settle, hold, rules = quick(policy.settle), quick(policy.hold), tuple(map(rule_of, policy.rules))
    return Policy(policy_version(settle, hold, rules), settle, hold, rules)


@dataclass(slots=True)
class Appender:
    """Writes events as intake does: keyed, acknowledged by all. security: of a log that asks for it."""

    bootstrap: str
    security: Reach = field(default_factory=dict, repr=False)
    producer: Producer = field(init=False)

    def __post_init__(self) -> None:
        reach = {"bootstrap.servers": self.bootstrap, **self.security}
        self.producer = Producer({**reach, "acks": "all", "enable.idempotence": True, "log_level": 0})

    def events(self, events: Iterable[Event]) -> None:
        for event in events:
            self.raw(partition_of(event.case_id), event.case_id.encode(), encode_event(event))
        self.flush()

    def policy(self, policy: Policy, organisation: str = "") -> None:
        for partition in range(PARTITIONS):
            self.raw(partition, None, encode_policy_changed(PolicyChanged(organisation, policy)))
        self.flush()

    def raw(self, partition: int, key: bytes | None, value: bytes) -> None:
        self.producer.produce(CASE_EVENTS.name, value, key, partition=partition)
        self.producer.poll(0)

    def flush(self) -> None:
        assert self.producer.flush(30) == 0


@dataclass(slots=True)
class Worker:
    """A stream worker as a process of its own. `log`: where its standard error goes."""

    app: str
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.command],
                cwd=ROOT,
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=log,
            )

    @property
    def command(self) -> list[str]:
        return ["-m", "streams.worker", self.app]

    @property
    def running(self) -> subprocess.Popen[bytes]:
        assert self.process is not None
        return self.process

    def kill(self) -> None:
        self.running.kill()
        self.running.wait(10)

    def stop(self) -> int:
        self.running.terminate()
        return self.running.wait(30)


class TopicReader:
    """Reads a topic from its beginning, again and again, keeping what it has read."""

    def __init__(self, bootstrap: str, topic: str, security: Reach | None = None) -> None:
        reach = {"bootstrap.servers": bootstrap, **(security or {})}
        # Of a group that everybody who reads all may name; nothing is shared in it.
        self._consumer = Consumer({**reach, "group.id": "runner-records", "enable.auto.commit": False, "log_level": 0})
        self._consumer.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
        self.values: list[bytes] = []

    def read(self, seconds: float) -> int:
        """Take what comes within so many seconds. Answers how many records."""
        until, before = time.monotonic() + seconds, len(self.values)
        while time.monotonic() < until:
            for message in self._consumer.consume(1000, 0.1):
                assert message.error() is None, message.error()
                value = message.value()
                assert value is not None
                self.values.append(value)
        return len(self.values) - before

    def close(self) -> None:
        self._consumer.close()


def alerts_reader(bootstrap: str) -> TopicReader:
    return TopicReader(bootstrap, ALERTS.name)


def transitions_in(reader: TopicReader) -> list[AlertTransition]:
    return [decode_transition(value)[0] for value in reader.values]


def eventually(holds: Callable[[], bool], seconds: float, what: str) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, f"not within {seconds} s: {what}"
        time.sleep(0.1)
