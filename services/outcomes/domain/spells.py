"""Spells: how long something lasted in one case, and whether it ended or only went out of sight.

One function per curve; its docstring is the reading chosen. As everywhere "after" is strictly later, "within n days"
includes the n-th day's last instant, and nothing at or after the end of the period is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from services.casework.domain.instants import DAY
from services.outcomes.domain.history import CaseView, SeenFact

BACK_IN_WORK_WITHIN: Final = 30 * DAY


class Spell(NamedTuple):
    """length in milliseconds; has_ended: False where it was still going on when it was last seen."""

    length: int
    has_ended: bool


def still_in_work(case: CaseView) -> Spell | None:
    """From the first `job_started` in the period to the first `job_ended` after it that counts as the end.

    It counts when it was not for a better job and no `job_started` came after it within 30 days. One that is less than
    30 days old at the end of the period may still be followed by a job: the spell went out of sight there.
    """
    start = _first_in_period(case, case.facts("job_started"))
    if start is None:
        return None
    again = [fact.time for fact in case.facts("job_started")]
    for ending in case.facts("job_ended"):
        if ending.time <= start or ending.event.data.get("end_reason") == "better_job":
            continue
        if not any(ending.time < time <= ending.time + BACK_IN_WORK_WITHIN for time in again):
            is_known = ending.time + BACK_IN_WORK_WITHIN < case.period.end
            return _spell(case, start, ending.time if is_known else None, seen_until=ending.time)
    return _spell(case, start, None)


def still_with_the_family(case: CaseView) -> Spell | None:
    """From the first `settled` with the family in the period to the first time after it that she was settled on her
    own, or trafficked again."""
    start = _first_in_period(case, _settled(case, "family"))
    if start is None:
        return None
    incidents = [fact for fact in case.facts("safety_incident") if fact.event.data["kind"] == "re_trafficking"]
    ends = (fact.time for fact in (*_settled(case, "independent"), *incidents) if fact.time > start)
    return _spell(case, start, min(ends, default=None))


def not_contacted_yet(case: CaseView) -> Spell | None:
    """From the latest `settled`, where that lies in the period, to the first `contact` after it."""
    start = case.settled_at
    if start is None or start not in case.period:
        return None
    return _spell(case, start, min((fact.time for fact in case.facts("contact") if fact.time > start), default=None))


def _settled(case: CaseView, pathway: str) -> list[SeenFact]:
    return [fact for fact in case.facts("settled") if fact.event.data["pathway"] == pathway]


def _first_in_period(case: CaseView, facts: Iterable[SeenFact]) -> int | None:
    return next((fact.time for fact in facts if fact.time in case.period), None)


def _spell(case: CaseView, start: int, ended: int | None, seen_until: int | None = None) -> Spell:
    """Out of sight at the end of the period, at `seen_until`, or when the case was first closed after the start; an
    ending at that very instant was seen."""
    closed = (fact.time for fact in case.facts("closed") if fact.time > start)
    last_seen = min((case.period.end, *closed, *(() if seen_until is None else (seen_until,))))
    if ended is not None and ended <= last_seen:
        return Spell(ended - start, has_ended=True)
    return Spell(last_seen - start, has_ended=False)


SPELLS: Final[Mapping[str, Callable[[CaseView], Spell | None]]] = {
    spell.__name__: spell for spell in (still_in_work, still_with_the_family, not_contacted_yet)
}
