"""B12: a policy tried on ten thousand cases of one organisation, from the question to what is foretold.

The cases are those of B10: 75 events each, more than a year of theirs has. The trial is the process that casework
starts, with a log that serves it.
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import time
from dataclasses import replace

import numpy as np
from reintegration.v1 import log_pb2

from services.casework.adapters.trial_process import TrialProcesses
from services.casework.application.policy_trials import Heard
from services.casework.domain.instants import DAY
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy
from tests.bench.history_log import EVENTS_A_CASE, History, history_of, load
from tests.bench.parts import folder, fresh_log
from tests.bench.progress import shown
from tests.bench.report import Measure, at_most
from tests.bench.sizes import patience, sizes
from tests.live_log import quickened

ORGANISATION = "bench-all"


def measure() -> list[Measure]:
    size = sizes()
    events = size.replay_cases * EVENTS_A_CASE
    with shown("B12: making the history") as progress:
        history = of_one_organisation(history_of(events, progress=progress))
    tried = []
    with folder() as where, fresh_log(where) as log:
        with shown("B12: loading it") as progress:
            load(history, log.bootstrap, progress)
        until = int(history.recorded_at[-1]) + DAY
        for number in range(min(size.runs, 3)):
            with shown(f"B12: trying it, {number + 1}") as progress:
                tried.append(asyncio.run(_tried(log.bootstrap, until, events, progress)))
    wall, cpu = (statistics.median(side) for side in zip(*tried, strict=True))
    return [
        Measure("B12", "a policy tried on ten thousand cases", wall, "s", None, None, *at_most(60, wall)),
        Measure("B12", "of it CPU of the trial", cpu, "s"),
    ]


def of_one_organisation(history: History) -> History:
    """The same lives, all of them one organisation's."""
    values = []
    for _, _, value in history.rows():
        envelope = log_pb2.Envelope.FromString(value)
        envelope.organisation = ORGANISATION
        values.append(envelope.SerializeToString(deterministic=True))
    ends = np.cumsum(np.array([len(value) for value in values], np.int64))
    return replace(history, ends=ends, values=np.frombuffer(b"".join(values), np.uint8))


async def _tried(bootstrap: str, until: int, events: int, progress: Heard) -> tuple[float, float]:
    """Seconds by the clock, and of CPU. Twice as strict in everything as what the history was lived by."""
    draft = quickened(load_policy(DEFAULT_POLICY_PATH), 2)
    began, used = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    async with asyncio.timeout(patience(events)):
        foretold = await TrialProcesses(bootstrap, {}).replay(ORGANISATION, draft, until, progress)
    if foretold.events != events:
        raise RuntimeError(f"{foretold.events} of {events} events were replayed")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    return time.monotonic() - began, cpu
