"""What is measured, as processes: a fresh log, fresh tables, workers held to one core, and what they have used up.

Everything stands in a temporary directory, listens on loopback, dies with the measuring process and is ended by its
process id. Where the machine has one core only, nothing is held to one.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.clickhouse.migrations import migrate
from infra.clickhouse.node import ClickHouseNode
from infra.kafka.create_topics import create_topics
from infra.kafka.node import KafkaNode
from tests.clickhouse_fixture import client_of

ROOT: Final = Path(__file__).parents[2]
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_OF_ALL: Final = {
    "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'proto' / 'gen'}",
    "NEGLECT_WATCH_PORT": "0",
    "CLICKHOUSE_SINK_PORT": "0",
    "LOG_LEVEL": "WARNING",
}
_CORES: Final = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
MEASURED_CORE: Final = _CORES[-1] if len(_CORES) > 1 else None
"""Where what is measured runs; the stores have the others."""


class EndedTooSoon(RuntimeError):
    """A process that was measured ended by itself; the message has its last words."""


@dataclass(frozen=True, slots=True)
class Used:
    """Seconds of CPU, in user and system, and the most memory there was, in MB."""

    cpu_seconds: float
    peak_mb: float


class Process:
    """A module of the project as a process held to one core: `Process(folder, "streams.worker", "neglect_watch")`."""

    def __init__(
        self, folder: Path, module: str, *arguments: str, environment: Mapping[str, str], output: int | None = None
    ) -> None:
        self._said = folder / f"{module}-{time.monotonic_ns()}.log"
        tied = [sys.executable, "-I", "-S", str(ROOT / "infra/kafka/tied.py"), str(os.getpid())]
        with self._said.open("wb") as said:
            self.popen = subprocess.Popen(
                [*tied, *_held(), sys.executable, "-m", module, *arguments],
                cwd=ROOT,
                env={**os.environ, **_OF_ALL, **environment},
                stdin=subprocess.DEVNULL,
                stdout=said if output is None else output,
                stderr=said,
            )

    @property
    def used(self) -> Used:
        """Of a process that runs. Memory is the highest it ever had (VmHWM)."""
        self.check()
        fields = Path(f"/proc/{self.popen.pid}/stat").read_text().rpartition(")")[2].split()
        status = Path(f"/proc/{self.popen.pid}/status").read_text()
        peak_kb = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
        return Used((int(fields[11]) + int(fields[12])) / _TICKS, peak_kb / 1024)

    @property
    def memory_mb(self) -> float:
        """What it has now, in MB."""
        pages = int(Path(f"/proc/{self.popen.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def check(self) -> None:
        """Raises EndedTooSoon."""
        if self.popen.poll() is not None:
            raise EndedTooSoon(self.last_words())

    def last_words(self) -> str:
        return self._said.read_text(errors="replace")[-3000:]

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait()

    def stop(self) -> None:
        """SIGTERM, and SIGKILL for one that does not listen."""
        self.popen.send_signal(signal.SIGTERM)
        try:
            self.popen.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()


def _held() -> list[str]:
    """The start of a command that is held to the measured core."""
    if MEASURED_CORE is None:
        return []
    code = "import os,sys; os.sched_setaffinity(0, {int(sys.argv[1])}); os.execv(sys.argv[2], sys.argv[2:])"
    return [sys.executable, "-I", "-S", "-c", code, str(MEASURED_CORE)]


@contextmanager
def running(folder: Path, module: str, *arguments: str, environment: Mapping[str, str]) -> Iterator[Process]:
    process = Process(folder, module, *arguments, environment=environment)
    try:
        yield process
    finally:
        process.stop()


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        yield Path(name)


@contextmanager
def fresh_log(where: Path) -> Iterator[KafkaNode]:
    """An empty log with its topics, on the cores that are not measured on."""
    node = KafkaNode(where / f"kafka-{time.monotonic_ns()}", heap="768m")
    with _on_other_cores():
        node.restart()
    try:
        create_topics(node.bootstrap)
        yield node
    finally:
        node.kill()


@contextmanager
def fresh_tables(where: Path) -> Iterator[ClickHouseNode]:
    """An endpoint with empty tables, on the cores that are not measured on."""
    with _on_other_cores():
        node = ClickHouseNode(where / f"clickhouse-{time.monotonic_ns()}" / "data").start()
    try:
        client = client_of(node.wait_ready())
        migrate(client)
        client.close()
        yield node
    finally:
        node.stop()


@contextmanager
def _on_other_cores() -> Iterator[None]:
    """Children started meanwhile stay off the measured core."""
    if MEASURED_CORE is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, before - {MEASURED_CORE})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def until(holds: Callable[[], bool], seconds: float, what: str, every: float = 0.05) -> float:
    """Wait until it holds. Answers how long that took; raises TimeoutError."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(every)
    return time.monotonic() - began
