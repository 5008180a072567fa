"""What the scenarios of stores that are away share: how long, how fast, and that who needs no store is not touched."""

from __future__ import annotations

from tests.faults.invariants import slow_alerts
from tests.faults.table import in_words
from tests.faults.verdict import Run
from tests.faults_fixture import FaultsPlan

BEFORE_SECONDS = 6


def away_seconds(faults: FaultsPlan) -> float:
    return faults.minutes * 60 or (60 if faults.full else 12)


def rate_of(faults: FaultsPlan) -> float:
    return faults.rate or (300 if faults.full else 60)


def intake_was_untouched(run: Run, since: int, until: int) -> None:
    """But for retractions of what was recorded long ago: who recorded that, only the tables know."""
    asked = [attempt for attempt in run.phones.attempts if since <= attempt.began < until]
    others = [attempt for attempt in asked if "retraction" not in attempt.kinds]
    assert len(others) > 10
    statuses, seconds = {attempt.status for attempt in others}, sorted(attempt.seconds for attempt in others)
    p99, slowest = seconds[int(len(seconds) * 0.99)], max(attempt.seconds for attempt in asked)
    run.figures["intake meanwhile"] = f"p99 {p99 * 1000:.0f} ms, the slowest with a retraction {slowest:.1f} s"
    print(run.figures["intake meanwhile"])
    assert statuses <= {200, 201, 403}, f"intake was touched: {statuses}"


def alerts_were_untouched(run: Run, since: int, until: int) -> None:
    during = [shown for shown in run.reader.raised() if since <= shown.r < until]
    assert during, "no alert was raised meanwhile"
    slow = slow_alerts(during, [])
    assert not slow, in_words(slow)
