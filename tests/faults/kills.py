"""Kills and freezes in turn, drawn from the seed, each as often as asked for within so many seconds."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from tests.faults.faulty_system import CLICKHOUSE, KAFKA
from tests.faults.verdict import Run

KILLED: Final = ("neglect_watch", "clickhouse_sink", KAFKA, CLICKHOUSE, "casework")
FROZEN: Final = ("neglect_watch", "clickhouse_sink")


@dataclass(frozen=True, slots=True)
class Fault:
    """frozen_seconds: 0 for a kill."""

    part: str
    frozen_seconds: float = 0


def faults_in_turn(rng: Random, each: int, frozen_seconds: float) -> list[Fault]:
    """Every kill and every freeze `each` times, in an order of the seed's."""
    faults = [Fault(part) for part in KILLED] + [Fault(part, frozen_seconds) for part in FROZEN]
    turns = faults * each
    rng.shuffle(turns)
    return turns


def bring(run: Run, faults: list[Fault], seconds: float) -> None:
    """Spread over so many seconds. What is killed is started again; after casework is, old events are sent again."""
    machine = run.machine
    resting = max(1.0, (seconds - sum(fault.frozen_seconds for fault in faults)) / (len(faults) + 1))
    machine.wait(resting)
    for fault in faults:
        with machine.disturbing():
            if fault.frozen_seconds:
                machine.freeze(fault.part)
                machine.wait(fault.frozen_seconds)
                machine.thaw(fault.part)
            else:
                machine.kill(fault.part)
                machine.wait_until(lambda part=fault.part: machine.pid_of(part) is not None, 30)
        if fault.part == "casework":
            run.phones.send_again()
        machine.wait(resting)
