"""The log is gone: every submission is refused at once, nothing is half taken, and what was refused lands later."""

from __future__ import annotations

from tests.faults.faulty_system import KAFKA, now
from tests.faults.stores_away import BEFORE_SECONDS, away_seconds, rate_of
from tests.faults.table import in_words
from tests.faults.verdict import scenario
from tests.faults_fixture import FaultsPlan

AT_ONCE_SECONDS = 1.0
NOTICED_MS = 1_000
"""Twice a second casework looks whether the log is there. Then nobody waits for it, not even what was under way."""
NOBODY_WAITS_SECONDS = 1.5
"""On a busy machine a single request may wait for its turn."""


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
        asked = [attempt for attempt in run.phones.attempts if attempt.began < until - 1000]
    answered = [attempt.began + attempt.seconds * 1000 for attempt in asked if attempt.began < since + NOTICED_MS]
    under_way = max(0.0, max(answered) - since) / 1000
    meanwhile = [attempt for attempt in asked if attempt.began >= since + NOTICED_MS]
    seconds = sorted(attempt.seconds for attempt in meanwhile)
    p95, slowest = seconds[int(len(seconds) * 0.95)], seconds[-1]
    told = f"{len(meanwhile)}, p95 {p95:.2f} s, the slowest in {slowest:.2f} s; under way {under_way:.2f} s"
    run.figures["refused"] = told
    print(run.figures["refused"])
    assert not verdict.violations, in_words(verdict.violations)
    # What was taken before is known to be (200), and what nobody may record is told so (403), log or no log.
    statuses = {attempt.status for attempt in meanwhile}
    assert 503 in statuses and statuses <= {200, 403, 503}, statuses
    assert p95 < AT_ONCE_SECONDS
    assert slowest < NOBODY_WAITS_SECONDS
    assert under_way < NOTICED_MS / 1000 + NOBODY_WAITS_SECONDS
