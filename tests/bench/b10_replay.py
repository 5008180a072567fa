"""B10: ten years of ten thousand cases, replayed under another policy than the one they were lived under."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from pathlib import Path

from services.casework.domain.instants import DAY, format_instant
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy
from tests.bench.history_log import EVENTS_A_CASE, history_of
from tests.bench.parts import Process, folder
from tests.bench.progress import shown
from tests.bench.report import Measure, at_least
from tests.bench.sizes import patience, sizes
from tests.live_log import quickened
from tests.system_fixture import policy_as_toml


def measure() -> list[Measure]:
    size = sizes()
    events = size.replay_cases * EVENTS_A_CASE
    with shown("B10: making the history") as progress:
        history = history_of(events, progress=progress)
    with folder() as where:
        lines, policy = where / "events.jsonl", where / "policy.toml"
        with lines.open("w", encoding="utf-8") as file:
            file.writelines(history.lines())
        # Twice as strict in everything: the history was lived by the default policy.
        policy.write_text(policy_as_toml(quickened(load_policy(DEFAULT_POLICY_PATH), 2)), encoding="utf-8")
        until = format_instant(int(history.recorded_at[-1]) + 30 * DAY)
        replayed = []
        with shown("B10: replaying") as progress:
            for number in range(min(size.runs, 3)):
                progress(number, min(size.runs, 3))
                replayed.append(_replay(where, lines, policy, until, events))
    cpu = statistics.median(events / seconds for _, seconds, _ in replayed)
    wall = statistics.median(events / seconds for seconds, _, _ in replayed)
    return [
        Measure("B10", "replay under another policy", cpu, "events/s of CPU", None, None, *at_least(40_000, cpu)),
        Measure("B10", "the same by the clock", wall, "events/s"),
        Measure("B10", "memory of the replay, at most", max(peak for _, _, peak in replayed), "MB"),
    ]


def _replay(where: Path, lines: Path, policy: Path, until: str, events: int) -> tuple[float, float, float]:
    """Seconds by the clock, seconds of CPU, MB at most. Raises RuntimeError for a replay that failed."""
    arguments = ("--policy", str(policy), "--events", str(lines), "--until", until)
    began = time.monotonic()
    replay = Process(where, "streams.replay", *arguments, environment={}, output=subprocess.DEVNULL)
    try:
        while (ended := os.wait4(replay.popen.pid, os.WNOHANG))[0] == 0:
            if time.monotonic() - began > patience(events):
                raise TimeoutError("the replay takes too long")
            time.sleep(0.02)
    except BaseException:
        replay.kill()
        raise
    seconds, (_, status, used) = time.monotonic() - began, ended
    replay.popen.returncode = os.waitstatus_to_exitcode(status)
    if replay.popen.returncode:
        raise RuntimeError(f"the replay failed: {replay.last_words()}")
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
