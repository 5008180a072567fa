"""ClickHouse answers and its replies are lost: intake and alerts are untouched, and the tables have each row once."""

from __future__ import annotations

from tests.faults.fault_proxy import Swallow
from tests.faults.faulty_system import now
from tests.faults.stores_away import (
    BEFORE_SECONDS,
    alerts_were_untouched,
    away_seconds,
    intake_was_untouched,
    rate_of,
)
from tests.faults.table import in_words
from tests.faults.verdict import scenario
from tests.faults_fixture import FaultsPlan


def test_with_its_replies_lost_the_store_is_filled_once_and_nobody_else_is_touched(faults: FaultsPlan) -> None:
    with scenario("ClickHouse losing its replies", faults.directory, faults.seed, rate_of(faults)) as run:
        machine = run.machine
        machine.wait(BEFORE_SECONDS)
        since = now()
        machine.store_line.replies = Swallow()
        machine.wait(away_seconds(faults))
        until = now()
        machine.store_line.heal()
        run.heals()
        machine.wait(BEFORE_SECONDS)
        verdict = run.verdict()
        intake_was_untouched(run, since, until)
        alerts_were_untouched(run, since, until)
    assert not verdict.violations, in_words(verdict.violations)
