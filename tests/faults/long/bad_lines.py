"""Phones on bad lines: replies lost, connections cut, half open, dripping. Every event lands, none twice."""

from __future__ import annotations

from random import Random

from tests.faults.fault_proxy import Delay, Door, Drip, HalfOpen, Refuse, Stall, Swallow, Way
from tests.faults.table import in_words
from tests.faults.verdict import Run, scenario
from tests.faults_fixture import FaultsPlan

WAYS: tuple[Way | Door, ...] = (Delay(0.4), Drip(4_000), Stall(), Swallow(), HalfOpen(), Refuse())


def _goes_bad(run: Run, rng: Random) -> None:
    """One thing is wrong with the line, in one direction, and most of the connections there are get cut by it."""
    line, way = run.machine.intake_line, rng.choice(WAYS)
    if isinstance(way, HalfOpen | Refuse):
        line.door = way
        line.cut()
    elif rng.random() < 0.5:
        line.requests = way
    else:
        line.replies = way
    run.machine.wait(1 + 2 * rng.random())
    line.heal()
    if rng.random() < 0.5:
        line.cut()
    run.machine.wait(rng.random())


def test_phones_on_bad_lines_lose_and_double_nothing(faults: FaultsPlan) -> None:
    seconds, rng = faults.minutes * 60 or (120 if faults.full else 30), Random(f"lines {faults.seed}")
    with scenario("bad lines", faults.directory, faults.seed, faults.rate or 100) as run:
        while run.lasted() < seconds:
            _goes_bad(run, rng)
        run.heals()
        verdict = run.verdict()
        broken = [attempt for attempt in run.phones.attempts if attempt.status == 0]
    assert broken, "no line broke"
    assert not verdict.violations, in_words(verdict.violations)
