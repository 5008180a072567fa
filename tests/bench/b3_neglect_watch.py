"""B3: the detector catching up on a long history, beside aiokafka that reads and decodes the same records."""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from infra.kafka.node import KafkaNode
from services.runtime.topics import ALERTS, OBLIGATIONS
from tests.bench.history_log import history_of, load
from tests.bench.log_positions import NEGLECT_WATCH, Positions
from tests.bench.parts import Process, folder, fresh_log, running, until
from tests.bench.progress import shown
from tests.bench.report import Measure, at_least, at_most
from tests.bench.sizes import patience, sizes

START_SECONDS = 90


@dataclass(frozen=True, slots=True)
class Run:
    """records: worked in so many seconds, with so much CPU. transitions and obligations: records that came of them.

    began_mb: what the process had at its beginning, peak_mb: at most.
    """

    records: int
    seconds: float
    cpu_seconds: float
    began_mb: float = 0.0
    peak_mb: float = 0.0
    transitions: int = 0
    obligations: int = 0

    @property
    def a_second(self) -> float:
        return self.records / self.seconds

    @property
    def cpu_us(self) -> float:
        """Microseconds of CPU a record."""
        return self.cpu_seconds / self.records * 1e6


def measure() -> list[Measure]:
    size = sizes()
    with shown("B3: making the history") as progress:
        history = history_of(size.events, progress=progress)
    working: list[Run] = []
    reading: list[Run] = []
    with folder() as where, fresh_log(where) as log:
        with shown("B3: loading it") as progress:
            load(history, log.bootstrap, progress)
        positions = Positions(log.bootstrap)
        # A worker says the time behind the history, and the next one reads it: so that all do the same, once for all.
        positions.say_the_time()
        with shown("B3: catching up") as progress:
            for number in range(size.runs):
                progress(number, size.runs)
                if number:
                    positions.forget_what_was_worked()
                working.append(catch_up(where, log, positions))
                reading.append(plain_reading(where, log, working[-1].records))
        positions.close()
    return _measures(working, reading)


def catch_up(where: Path, log: KafkaNode, positions: Positions, name: str = "", goes_on_seconds: float = 0) -> Run:
    """From the first thing it says until all that was in the log has been worked.

    name: the worker's own, if any. goes_on_seconds: so long it lives on, as one that keeps its state now and then.
    """
    ends = positions.end_of_events()
    records = sum(ends.values())
    with detector(where, log, name) as worker:

        def begun() -> bool:
            worker.check()
            return positions.count(OBLIGATIONS) > 0

        until(begun, START_SECONDS, "the detector has said something")
        before = worker.used
        seconds = until(lambda: _worked(worker, positions, ends), patience(records), "all records were worked", 0.2)
        used = worker.used
        said = positions.count(ALERTS), positions.count(OBLIGATIONS)
        time.sleep(goes_on_seconds)
    return Run(records, seconds, used.cpu_seconds - before.cpu_seconds, before.peak_mb, used.peak_mb, *said)


def detector(where: Path, log: KafkaNode, name: str = "") -> AbstractContextManager[Process]:
    # Time is said often, so that state is kept soon behind a history.
    often = {"CLOCK_EVERY_SECONDS": "2"}
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": log.bootstrap,
        "VAR_DIR": str(where / "var"),
        "WORKER_NAME": name,
        **often,
    }
    return running(where, "streams.worker", "neglect_watch", environment=environment)


def _worked(worker: Process, positions: Positions, ends: dict[int, int]) -> bool:
    worker.check()
    return positions.has_worked(NEGLECT_WATCH, ends)


def plain_reading(where: Path, log: KafkaNode, records: int) -> Run:
    arguments = ("tests.bench.plain_reader", log.bootstrap, str(records))
    reader = Process(where, *arguments, environment={}, output=subprocess.PIPE)
    try:
        answer = json.loads(reader.popen.communicate(timeout=patience(records))[0])
    finally:
        reader.kill()
    return Run(answer["records"], answer["seconds"], answer["cpu_seconds"])


def _measures(working: list[Run], reading: list[Run]) -> list[Measure]:
    worked, read = (statistics.median(run.a_second for run in runs) for runs in (working, reading))
    worked_us, read_us = (statistics.median(run.cpu_us for run in runs) for runs in (working, reading))
    peak = statistics.median(run.peak_mb for run in working)
    last = working[-1]
    return [
        Measure("B3", "detector catching up", worked, "events/s", read, worked / read, *at_least(25_000, worked)),
        Measure(
            "B3", "the same as a share of plain reading", worked / read, "x", None, None, *at_least(0.2, worked / read)
        ),
        Measure(
            "B3", "CPU of the detector", worked_us, "µs/event", read_us, worked_us / read_us, *at_most(20, worked_us)
        ),
        Measure("B3", "memory of the detector, at most", peak, "MB"),
        Measure("B3", "steps of alerts an event brought", last.transitions / last.records, "records"),
        Measure("B3", "records of obligations an event brought", last.obligations / last.records, "records"),
    ]
