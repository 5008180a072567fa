"""Absence is the product: a case of which nothing more is recorded is raised on time, also in a quiet partition."""

from __future__ import annotations

from uuid import uuid4

from services.casework.domain.instants import SECOND, parse_instant
from services.runtime.topics import partition_of
from tests.acceptance.survivor_cases import an_event, an_opening
from tests.faults.alert_reader import Seen
from tests.faults.faulty_system import now
from tests.faults.table import in_words
from tests.faults.verdict import Run, scenario
from tests.faults_fixture import FaultsPlan

QUIET_PARTITION = 7
DAY = SECOND
"""In the policy of these runs."""
IN_TIME_MS = 5_000


def _a_quiet_id() -> str:
    return next(
        case_id for case_id in (str(uuid4()) for _ in range(10_000)) if partition_of(case_id) == QUIET_PARTITION
    )


def _then_silence(run: Run, case_id: str) -> int:
    """She is settled and called, and then nothing of her is ever recorded again. Answers when she is to be raised."""
    anna = run.machine.system.anna
    run.sends(anna, an_opening(case_id, anna))
    run.sends(anna, an_event(case_id, "settled", {"pathway": "independent", "district": "jashore"}))
    called = an_event(case_id, "call", {"direction": "outgoing", "outcome": "reached"})
    run.sends(anna, called)
    c = parse_instant(called["occurred_at"])
    # Younger than 30 days she is called every seventh; a day of grace.
    return c + 7 * DAY + DAY


def _raised(run: Run, case_id: str, r: int) -> int:
    """How late the alert was shown. It is the one that is due, to the millisecond."""
    run.machine.wait_until(lambda: bool(_raised_alerts(run, case_id)), (r - now()) / 1000 + 30)
    seen = _raised_alerts(run, case_id)
    assert seen, f"nobody noticed that case {case_id} was silent"
    assert seen[0].r == r
    return seen[0].at - r


def _raised_alerts(run: Run, case_id: str) -> list[Seen]:
    return [one for one in list(run.reader.seen) if one.case_id == case_id and one.transition == "raised"]


def test_a_case_that_is_cut_off_is_raised_on_time_also_in_a_partition_without_traffic(faults: FaultsPlan) -> None:
    with scenario("cut off", faults.directory, faults.seed, faults.rate or 60, quiet=QUIET_PARTITION) as run:
        run.machine.wait(3)
        busy, quiet = str(uuid4()), _a_quiet_id()
        due = {case_id: _then_silence(run, case_id) for case_id in (busy, quiet)}
        late = {case_id: _raised(run, case_id, r) for case_id, r in due.items()}
        run.figures["cut off, seen after r"] = f"{late[busy]} ms; in a partition without traffic {late[quiet]} ms"
        run.machine.wait(20 if faults.full else 1)
        verdict = run.verdict()
    assert max(late.values()) < IN_TIME_MS
    assert not verdict.violations, in_words(verdict.violations)
