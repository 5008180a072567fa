"""B7: how long after its start a detector with very many open cases detects again."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from infra.kafka.node import KafkaNode
from tests.bench.b3_neglect_watch import catch_up, detector
from tests.bench.history_log import load
from tests.bench.log_positions import NEGLECT_WATCH, Positions
from tests.bench.many_cases import many_cases
from tests.bench.parts import folder, fresh_log, until
from tests.bench.progress import shown
from tests.bench.report import Measure, at_most
from tests.bench.sizes import patience, sizes

_NAME = "one"
"""As the runner starts it: with a name of its own, under which it has its partitions back at once."""

_GOES_ON_SECONDS = 9
"""A detector keeps its state every five seconds; one that is stopped before has to work the log again."""


def measure() -> list[Measure]:
    size = sizes()
    seconds: list[float] = []
    memory: list[float] = []
    with folder() as where, fresh_log(where) as log:
        with shown(f"B7: loading {size.open_cases} open cases") as progress:
            load(many_cases(size.open_cases, time.time_ns() // 1_000_000), log.bootstrap, progress)
        positions = Positions(log.bootstrap)
        with shown("B7: the first worker catches up"):
            first = catch_up(where, log, positions, _NAME, _GOES_ON_SECONDS)
        with shown("B7: restarts") as progress:
            for number in range(size.runs):
                progress(number, size.runs)
                took, peak = _restart(where, log, positions)
                seconds.append(took)
                memory.append(peak)
        positions.close()
    median = statistics.median(seconds)
    held = statistics.median(memory)
    return [
        Measure(
            "B7", f"restart with {size.open_cases} cases until detecting again", median, "s", None, None,
            *at_most(20, median),
        ),
        Measure("B7", "memory of the detector then, at most", held, "MB"),
        Measure("B7", "of it a case", (held - first.began_mb) * 1e6 / size.open_cases, "bytes"),
    ]  # fmt: skip


def _restart(where: Path, log: KafkaNode, positions: Positions) -> tuple[float, float]:
    """Seconds until the time was said in every partition and read again there; MB at most until then."""
    ends = positions.end_of_events()
    began = time.monotonic()
    with detector(where, log, _NAME) as worker:

        def detects() -> bool:
            worker.check()
            return positions.has_worked(NEGLECT_WATCH, {number: end + 1 for number, end in ends.items()})

        until(detects, patience(sum(ends.values())), "every partition's time was said and read", 0.1)
        return time.monotonic() - began, worker.used.peak_mb
