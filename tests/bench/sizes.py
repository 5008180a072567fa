"""How much is measured: everything by default, less by a variable, next to nothing for a look at the harness itself."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """events: of the history that detector and sink work through. runs: of each comparison, of which the median
    counts. open_cases: for memory, ticks and a restart. inbox_cases: open while alerts are timed, for so many seconds.
    replay_cases: of 75 events each. register_lines: of a register that is brought in.
    """

    events: int = 1_000_000
    runs: int = 5
    open_cases: int = 1_000_000
    inbox_cases: int = 100_000
    inbox_seconds: int = 60
    replay_cases: int = 10_000
    register_lines: int = 20_000


_NEXT_TO_NOTHING = Sizes(3_000, 1, 1_200, 1_200, 4, 20, 250)


def sizes() -> Sizes:
    """BENCH_SMOKE=1 makes all of it small; BENCH_EVENTS, BENCH_RUNS, BENCH_CASES, BENCH_INBOX_CASES,
    BENCH_INBOX_SECONDS, BENCH_REPLAY_CASES and BENCH_REGISTER_LINES change one each. Raises ValueError for what is no
    number."""
    given = _NEXT_TO_NOTHING if os.environ.get("BENCH_SMOKE") else Sizes()
    return Sizes(
        _number("BENCH_EVENTS", given.events),
        _number("BENCH_RUNS", given.runs),
        _number("BENCH_CASES", given.open_cases),
        _number("BENCH_INBOX_CASES", given.inbox_cases),
        _number("BENCH_INBOX_SECONDS", given.inbox_seconds),
        _number("BENCH_REPLAY_CASES", given.replay_cases),
        _number("BENCH_REGISTER_LINES", given.register_lines),
    )


def _number(variable: str, otherwise: int) -> int:
    return int(os.environ.get(variable) or otherwise)


def patience(records: int) -> float:
    """Seconds after which working so many records has failed: the slowest that is still worth waiting for."""
    return 120 + records / 400
