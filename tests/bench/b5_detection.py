"""B5: detection with very many open cases: what a look for due cases costs, how soon an alert is seen, and memory."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from random import Random

import numpy as np

from services.casework.domain.case_file import CaseFile
from services.casework.domain.instants import DAY, HOUR, parse_instant
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy
from services.casework.domain.policy_timeline import SINCE_EVER, PolicyBook
from services.runtime.topics import PARTITIONS
from streams.neglect_watch.shelf import Shelf
from streams.neglect_watch.state_codec import encode_case
from tests.bench.inbox import seconds_to_the_inbox
from tests.bench.long_lives import long_life
from tests.bench.progress import shown
from tests.bench.report import Measure, at_most
from tests.bench.sizes import Sizes, sizes

NOW = parse_instant("2026-06-01T00:00:00Z")
_LOOKS = 200
_LENGTHS = (5, 15, 30, 50, 75)


def measure() -> list[Measure]:
    size = sizes()
    return [*_ticks(size), *_packed(), *_delays(size)]


# --- looking for due cases --------------------------------------------------------------------------------------------


def _ticks(size: Sizes) -> Iterator[Measure]:
    for cases in sorted({size.inbox_cases, size.open_cases}):
        with shown(f"B5: {cases} cases on shelves"):
            shelves = _shelves(cases)
        milliseconds = statistics.median(_look(shelves) for _ in range(_LOOKS))
        what = f"a look for due cases among {cases}"
        yield Measure("B5", what, milliseconds, "ms", None, None, *at_most(5, milliseconds))


def _shelves(cases: int) -> list[Shelf]:
    """A shelf for each partition, with kept states of cases that are due some time."""
    rng, states = Random(cases), _states()
    shelves = [Shelf(PolicyBook()) for _ in range(PARTITIONS)]
    for number in range(cases):
        shelves[number % PARTITIONS].restore(rng.randbytes(16), states[number % len(states)])
    if any(shelf.next_due() is None for shelf in shelves):
        raise RuntimeError("nobody on a shelf is due at any time")
    return shelves


def _states() -> list[bytes]:
    """Of cases of five events."""
    return [encode_case(_case_of(Random(seed), 5), 1) for seed in range(2_000)]


def _look(shelves: list[Shelf]) -> float:
    """Milliseconds to see that nobody is due: a tick asks who is next, and a record that is read asks who is."""
    soonest = min(due for shelf in shelves if (due := shelf.next_due()) is not None)
    began = time.perf_counter()
    for shelf in shelves:
        shelf.next_due()
        if shelf.due_before(soonest):
            raise RuntimeError("a case is due before the soonest")
    return (time.perf_counter() - began) * 1000


# --- memory -----------------------------------------------------------------------------------------------------------


def _packed() -> Iterator[Measure]:
    """The line through the lengths of packed states over the number of events in them."""
    found = [
        (length, len(encode_case(_case_of(Random(seed), length), 10**6))) for length in _LENGTHS for seed in range(40)
    ]
    lengths, sizes_ = np.array(found, np.float64).T
    an_event, a_case = np.polyfit(lengths, sizes_, 1)
    yield Measure("B5", "packed state, an event", float(an_event), "bytes", None, None, *at_most(32, float(an_event)))
    yield Measure("B5", "packed state, a case", float(a_case), "bytes", None, None, *at_most(200, float(a_case)))


def _case_of(rng: Random, length: int) -> CaseFile:
    policies = PolicyBook()
    policies.change("", SINCE_EVER, load_policy(DEFAULT_POLICY_PATH))
    told = long_life(rng, length, NOW - 200 * DAY, policies, stays_open=True)
    case = CaseFile(told[0][1].case_id, policies)
    for recorded_at, event in told:
        case.fold(event, recorded_at)
    case.advance(told[-1][0] + HOUR)
    return case


# --- from r to the inbox ----------------------------------------------------------------------------------------------


def _delays(size: Sizes) -> Iterator[Measure]:
    delays = seconds_to_the_inbox(size.inbox_cases, size.inbox_seconds)
    p50, p99 = (float(np.percentile(delays, share)) for share in (50, 99))
    among = f"with {size.inbox_cases} open cases"
    yield Measure("B5", f"r to the inbox, half of the alerts, {among}", p50, "s")
    yield Measure("B5", f"r to the inbox, 99 of 100 alerts, {among}", p99, "s", None, None, *at_most(5, p99))
    yield Measure("B5", "alerts that were timed", len(delays), "alerts")
