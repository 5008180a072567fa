"""The tables are gone for a minute (kill -9): intake and alerts are untouched, and the tables catch up, exactly."""

from __future__ import annotations

from tests.faults.faulty_system import CLICKHOUSE, now
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


def test_with_the_tables_gone_intake_and_alerts_are_untouched_and_the_tables_catch_up(faults: FaultsPlan) -> None:
    with scenario("ClickHouse gone", faults.directory, faults.seed, rate_of(faults)) as run:
        machine = run.machine
        machine.wait(BEFORE_SECONDS)
        since = now()
        machine.kill(CLICKHOUSE, held=True)
        machine.wait(away_seconds(faults))
        until = now()
        machine.release(CLICKHOUSE)
        run.heals()
        machine.wait(BEFORE_SECONDS)
        verdict = run.verdict()
        intake_was_untouched(run, since, until)
        alerts_were_untouched(run, since, until)
    assert not verdict.violations, in_words(verdict.violations)
