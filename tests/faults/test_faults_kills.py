"""Parts are killed (-9) and frozen under load, again and again; in the end nothing is lost, doubled or missed."""

from __future__ import annotations

from random import Random

from tests.faults.kills import bring, faults_in_turn
from tests.faults.table import in_words
from tests.faults.verdict import scenario
from tests.faults_fixture import FaultsPlan


def test_kills_and_freezes_under_load_lose_double_and_miss_nothing(faults: FaultsPlan) -> None:
    each, minutes, frozen = (3, 10.0, 30.0) if faults.full else (1, 1.2, 12.0)
    seconds = (faults.minutes or minutes) * 60
    rate = faults.rate or (1000 if faults.full else 200)
    turns = faults_in_turn(Random(f"kills {faults.seed}"), each, frozen)
    with scenario("kills and freezes", faults.directory, faults.seed, rate) as run:
        bring(run, turns, seconds)
        run.heals()
        verdict = run.verdict()
    assert not verdict.violations, in_words(verdict.violations)
