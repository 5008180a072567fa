"""The whole system with lines that can be made to fail, and somebody who starts again what dies, as the runner does.

    phones ──intake line──> casework          casework, outcomes, clickhouse_sink ──store line──> ClickHouse

The log is not behind a line: its clients go where the broker says it is. It is killed, frozen and filled up instead.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

from infra.clickhouse.node import ClickHouseNode
from infra.kafka.node import KafkaNode
from infra.kafka.refusal import Refused
from services.access.bootstrap import build_parts, now_ms
from services.access.domain.permissions import Principal, Role
from tests.clickhouse_fixture import guarded_store
from tests.faults.fault_proxy import FaultProxy
from tests.faults.phones import Owner
from tests.system_fixture import OURS, System, running_system

KAFKA: Final = "kafka"
CLICKHOUSE: Final = "clickhouse"
RESTARTED_AFTER_SECONDS: Final = 0.5
IN_TIME_MS: Final = 5_000
_LOOK_SECONDS: Final = 0.1


def now() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class FaultySystem:
    """`fell`: parts that ended though nobody ended them. `disturbed`: from when until when something was wrong."""

    system: System
    store_line: FaultProxy
    intake_line: FaultProxy
    fell: list[str] = field(default_factory=list)
    disturbed: list[tuple[int, int]] = field(default_factory=list)
    _down: dict[str, float] = field(default_factory=dict)
    _held: set[str] = field(default_factory=set)

    @property
    def intake_url(self) -> str:
        return self.intake_line.address

    def owners(self) -> list[Owner]:
        """Two caseworkers, the supervisor of the organisation, and the system itself."""
        people = [
            Owner(name, who.account_id, who.organisation, who.token)
            for name, who in (("anna", self.system.anna), ("bela", self.system.bela), ("supervisor", self.system.head))
        ]
        itself = Principal(str(uuid4()), OURS, frozenset({Role.SYSTEM}), (), "the system")
        token = build_parts(self.system.settings).issuer.issue(itself, now_ms(), 86_400).token
        return [*people, Owner("system", itself.account_id, OURS, token)]

    # --- faults ---------------------------------------------------------------------------------------------------

    def pid_of(self, name: str) -> int | None:
        """Of a part or a store; None while it does not run."""
        if name == KAFKA:
            return self.system.kafka.pid
        if name == CLICKHOUSE:
            return self.system.clickhouse.pid if self.system.clickhouse.is_running else None
        part = self.system.parts[name]
        return None if part.has_ended else part.running.pid

    def names(self) -> list[str]:
        return [KAFKA, CLICKHOUSE, *self.system.parts]

    def kill(self, name: str, *, held: bool = False) -> None:
        """kill -9. It is started again half a second later, or by `release` when it is held."""
        if name == KAFKA:
            self.system.kafka.kill()
        elif name == CLICKHOUSE:
            self.system.clickhouse.kill()
        else:
            self.system.parts[name].kill()
        if held:
            self._held.add(name)
        self._down[name] = time.monotonic()

    def release(self, name: str) -> None:
        self._held.discard(name)
        self._down[name] = 0.0
        self.keep()

    def freeze(self, name: str) -> None:
        self.system.parts[name].freeze()

    def thaw(self, name: str) -> None:
        self.system.parts[name].thaw()

    # --- keeping it running ---------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Start again what has ended for half a second. In the thread that started the system: parts die with it."""
        for name in self.names():
            if self.pid_of(name) is not None:
                continue
            if name not in self._down:
                self.fell.append(name)
                self._down[name] = time.monotonic()
            elif name not in self._held and time.monotonic() - self._down[name] >= RESTARTED_AFTER_SECONDS:
                del self._down[name]
                self._start_if_there_is_room(name)

    def _start_if_there_is_room(self, name: str) -> None:
        """On a full disk a store may not even start: then it is tried again, as the runner does."""
        try:
            self._start(name)
        except (OSError, Refused) as error:
            self.fell.append(f"{name} ({error})"[:80])
            self._down[name] = time.monotonic()

    def _start(self, name: str) -> None:
        if name == KAFKA:
            self.system.kafka.start()
        elif name == CLICKHOUSE:
            self.system.clickhouse.start()
        else:
            self.system.parts[name].start()

    def wait(self, seconds: float) -> None:
        """Let time pass, keeping everything running."""
        self.wait_until(lambda: False, seconds)

    def wait_until(self, holds: Callable[[], bool], seconds: float) -> bool:
        until = time.monotonic() + seconds
        while not (held := holds()) and time.monotonic() < until:
            self.keep()
            time.sleep(_LOOK_SECONDS)
        return held

    @contextmanager
    def disturbing(self, *, seconds_after: float = 15) -> Iterator[None]:
        """What is raised in between, a little after, or too shortly before to have been seen, may be seen late."""
        began = now() - IN_TIME_MS
        try:
            yield
        finally:
            self.disturbed.append((began, now() + round(seconds_after * 1000)))

    def last_words(self) -> str:
        return "\n".join(part.last_words() for part in self.system.parts.values())


@contextmanager
def faulty_system(
    directory: Path,
    kafka: KafkaNode | None = None,
    clickhouse: ClickHouseNode | None = None,
    told: Mapping[str, str] | None = None,
) -> Iterator[FaultySystem]:
    """Running, ready, everything passing."""
    clickhouse = clickhouse or guarded_store(directory)
    with FaultProxy(clickhouse.port) as store_line, FaultProxy(0) as intake_line:
        told = {"CLICKHOUSE_URL": store_line.address, **(told or {})}
        with running_system(directory, kafka, clickhouse, told) as system:
            port = urlsplit(system.addresses["casework"]).port
            assert port is not None
            intake_line.target_port = port
            yield FaultySystem(system, store_line, intake_line)
