"""A store is away, or loses its answers: what does not need it is not touched, what needs it catches up, exactly."""

from __future__ import annotations

import pytest

from tests.faults.fault_proxy import Swallow
from tests.faults.faulty_system import CLICKHOUSE, KAFKA, now
from tests.faults.invariants import slow_alerts
from tests.faults.table import in_words
from tests.faults.verdict import Run, scenario
from tests.faults_fixture import FaultsPlan

AT_ONCE_SECONDS = 1.0
BEFORE_SECONDS = 8


def _away_seconds(faults: FaultsPlan) -> float:
    return faults.minutes * 60 or (60 if faults.full else 15)


def _rate(faults: FaultsPlan) -> float:
    return faults.rate or (300 if faults.full else 60)


def _intake_was_untouched(run: Run, since: int, until: int) -> None:
    """But for retractions of what was recorded long ago: who recorded that, only the tables know."""
    asked = [attempt for attempt in run.phones.attempts if since <= attempt.began < until]
    others = [attempt for attempt in asked if "retraction" not in attempt.kinds]
    assert len(others) > 10
    statuses, seconds = {attempt.status for attempt in others}, sorted(attempt.seconds for attempt in others)
    p99, slowest = seconds[int(len(seconds) * 0.99)], max(attempt.seconds for attempt in asked)
    run.figures["intake meanwhile"] = f"p99 {p99 * 1000:.0f} ms, the slowest with a retraction {slowest:.1f} s"
    print(run.figures["intake meanwhile"])
    assert statuses <= {200, 201, 403}, f"intake was touched: {statuses}"


def _alerts_were_untouched(run: Run, since: int, until: int) -> None:
    during = [shown for shown in run.reader.raised() if since <= shown.r < until]
    assert during, "no alert was raised meanwhile"
    slow = slow_alerts(during, [])
    assert not slow, in_words(slow)


@pytest.mark.parametrize("how", ["gone", "losing its replies"])
def test_with_the_tables_away_intake_and_alerts_are_untouched_and_the_tables_catch_up(
    faults: FaultsPlan, how: str
) -> None:
    with scenario(f"ClickHouse {how}", faults.directory, faults.seed, _rate(faults)) as run:
        machine = run.machine
        machine.wait(BEFORE_SECONDS)
        since = now()
        if how == "gone":
            machine.kill(CLICKHOUSE, held=True)
            machine.wait(_away_seconds(faults))
            machine.release(CLICKHOUSE)
        else:
            machine.store_line.replies = Swallow()
            machine.wait(_away_seconds(faults))
            machine.store_line.heal()
        until = now()
        run.heals()
        machine.wait(BEFORE_SECONDS)
        verdict = run.verdict()
        _intake_was_untouched(run, since, until)
        _alerts_were_untouched(run, since, until)
    assert not verdict.violations, in_words(verdict.violations)


def test_with_the_log_away_every_submission_is_refused_at_once_and_lands_later(faults: FaultsPlan) -> None:
    with scenario("Kafka gone", faults.directory, faults.seed, _rate(faults)) as run:
        machine = run.machine
        machine.wait(BEFORE_SECONDS)
        with machine.disturbing():
            since = now()
            machine.kill(KAFKA, held=True)
            machine.wait(_away_seconds(faults))
            until = now()
            machine.release(KAFKA)
            machine.system.kafka.wait_ready()
            run.heals()
        machine.wait(BEFORE_SECONDS)
        verdict = run.verdict()
        meanwhile = [attempt for attempt in run.phones.attempts if since <= attempt.began < until - 1000]
    slowest = max(attempt.seconds for attempt in meanwhile)
    run.figures["refused"] = f"{len(meanwhile)} requests, the slowest in {slowest:.2f} s"
    print(run.figures["refused"])
    assert not verdict.violations, in_words(verdict.violations)
    assert {attempt.status for attempt in meanwhile} == {503}
    assert slowest < AT_ONCE_SECONDS
