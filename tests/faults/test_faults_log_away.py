"""The log is gone: every submission is refused at once, nothing is half taken, and what was refused lands later."""

from __future__ import annotations

from tests.faults.faulty_system import KAFKA, now
from tests.faults.stores_away import BEFORE_SECONDS, away_seconds, rate_of
from tests.faults.table import in_words
from tests.faults.verdict import scenario
from tests.faults_fixture import FaultsPlan

AT_ONCE_SECONDS = 1.0


def test_with_the_log_away_every_submission_is_refused_at_once_and_lands_later(faults: FaultsPlan) -> None:
    with scenario("Kafka gone", faults.directory, faults.seed, rate_of(faults)) as run:
        machine = run.machine
        machine.wait(BEFORE_SECONDS)
        with machine.disturbing():
            since = now()
            machine.kill(KAFKA, held=True)
            machine.wait(away_seconds(faults))
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
