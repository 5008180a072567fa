"""How far detector and sink are behind, and how much memory each process has, second by second, from outside."""

from __future__ import annotations

import logging
import os
import threading
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import clickhouse_connect
import httpx
from clickhouse_connect.driver.exceptions import ClickHouseError

from services.casework.domain.instants import parse_instant
from services.runtime.topics import CASE_EVENTS, PARTITIONS
from tests.faults.faulty_system import FaultySystem, now
from tests.faults.invariants import TEN_MINUTES, Behind, Sample, slope

_PROGRESS = """
SELECT count(), toUnixTimestamp64Milli(min(recorded_at)) FROM sink_progress FINAL WHERE topic = {topic:String}
"""
_EVERY_SECONDS = 1.0


def own_bytes(pid: int) -> int | None:
    """Memory that is the process's alone, pages of mapped files left out: those the kernel takes and brings back as it
    likes (20 MB at a time in a worker). None for a process that has gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:")), None)


def bytes_in(directory: Path) -> int:
    """What the files of a directory take; what is deleted meanwhile, a folder too, takes nothing."""
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            with suppress(FileNotFoundError):
                total += os.stat(os.path.join(folder, name), follow_symlinks=False).st_size
    return total


class Samples:
    """A context manager. behind: {"detector", "sink": samples}; memory: {name: samples}, begun anew with a process."""

    def __init__(self, machine: FaultySystem) -> None:
        self.behind: dict[str, list[Behind]] = {"detector": [], "sink": []}
        self.memory: defaultdict[str, list[Sample]] = defaultdict(list)
        self._machine = machine
        self._pids: dict[str, int] = {}
        self._client: Any = None
        self._ends = threading.Event()
        self._http = httpx.Client(timeout=3, trust_env=False)
        self._thread = threading.Thread(target=self._run, name="samples", daemon=True)
        # That a store is away is what these runs are about.
        for name in ("urllib3", "clickhouse_connect"):
            logging.getLogger(name).setLevel(logging.CRITICAL)

    def __enter__(self) -> Samples:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join(30)
        self._http.close()

    def memory_in_words(self, warm_after: float = 0.25) -> str:
        """Of each process the latest, and how it grows in ten minutes once such a part of the time is over."""
        words = []
        for name, samples in self.memory.items():
            warm = samples[round(len(samples) * warm_after) :]
            if len(warm) > 1:
                grows = slope(warm) * TEN_MINUTES / 1024 / 1024
                words.append(f"{name} {samples[-1][1] / 1024 / 1024:.0f} MB {grows:+.2f}")
        return "; ".join(words)

    def _run(self) -> None:
        while not self._ends.wait(_EVERY_SECONDS):
            self._note("detector", self.checked_until)
            self._note("sink", self._written_until)
            for name in self._machine.names():
                self._weigh(name)

    def _note(self, who: str, reached: Callable[[], int | None]) -> None:
        until, at = reached(), now()
        self.behind[who].append(Behind(at, None if until is None else max(0, at - until)))

    def checked_until(self) -> int | None:
        """The instant before which every case was checked, by the detector's own word through alerting."""
        system = self._machine.system
        headers = {"authorization": f"Bearer {system.head.token}"}
        try:
            answer = self._http.get(f"{system.addresses['alerting']}/v1/detector", headers=headers)
        except httpx.TransportError:
            return None
        said = answer.json().get("checked_until") if answer.status_code == 200 else None
        return None if said is None else parse_instant(said)

    def _written_until(self) -> int | None:
        try:
            if self._client is None:
                self._client = clickhouse_connect.get_client(
                    dsn=self._machine.system.clickhouse.url,
                    database="reintegration",
                    autogenerate_session_id=False,
                    connect_timeout=2,
                    send_receive_timeout=5,
                )
            [(partitions, until)] = self._client.query(_PROGRESS, parameters={"topic": CASE_EVENTS.name}).result_rows
        except (ClickHouseError, OSError):
            return None
        return int(until) if partitions == PARTITIONS else None

    def _weigh(self, name: str) -> None:
        pid = self._machine.pid_of(name)
        size = None if pid is None else own_bytes(pid)
        if pid is None or size is None:
            return
        if self._pids.get(name) != pid:
            self._pids[name] = pid
            self.memory[name] = []
        self.memory[name].append((now(), float(size)))
