"""When a caseworker's account is closed, or she is away and nobody stands in for her, her cases are nobody's. The log
is told, so that the detector notices it.

The id of what is recorded follows from the case, the caseworker and why: whoever records it, and however often, it is
one event. A case given to a closed account later is taken from it again. In one absence a case is taken once: what a
supervisor gives back to her meanwhile is hers, and nothing is recorded when she returns.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final
from uuid import UUID, uuid5

from services.access.domain.absences import Absence, StandIn
from services.casework.application.errors import LogAway
from services.casework.application.event_log import EventLog
from services.casework.application.log_view import LogView
from services.casework.domain.case_directory import CaseCharge
from services.casework.domain.events import Event

SYSTEM: Final = "system"
"""Who recorded it: no person did."""

_NAMESPACE: Final = UUID("2f5e9c0b-1d64-4b1e-9a0e-6f1b7c3d8e42")
_AT_ONCE: Final = 100

_log = logging.getLogger(__name__)


async def unassign_cases(log: EventLog, view: LogView, closed_accounts: Iterable[str], now: int) -> int:
    """Record `case_unassigned` for every case that is a closed account's. Returns of how many.

    now: milliseconds since 1970 UTC. Wants a complete view. Raises LogAway; what was recorded until then stands, and
    the next call does the rest.
    """
    directory, left = view.directory, list[Event]()
    for account_id in closed_accounts:
        for case_id in sorted(directory.cases_of_caseworker(account_id)):
            charge = directory.charge_of(case_id)
            assert charge is not None
            left.append(_unassigned(charge, "left", str(charge.holdings[-1].since), now))
    return await _append(log, view, left)


async def unassign_cases_of_absent(log: EventLog, view: LogView, absences: Iterable[StandIn], now: int) -> int:
    """Record `case_unassigned` for every case of caseworkers who are away uncovered. Returns of how many.

    Wants, raises and leaves over as `unassign_cases`.
    """
    directory, left = view.directory, list[Event]()
    for away in absences:
        absence = away.absence
        for case_id in sorted(directory.cases_of_caseworker(absence.account_id)):
            charge = directory.charge_of(case_id)
            assert charge is not None
            if charge.organisation == away.organisation and not _was_taken(charge, absence):
                left.append(_unassigned(charge, "absent", absence.absence_id, now))
    return await _append(log, view, left)


def _was_taken(charge: CaseCharge, absence: Absence) -> bool:
    """Whether she had the case in this absence before, and lost it."""
    return any(
        holding.caseworker_id == absence.account_id and holding.until is not None and holding.until >= absence.since
        for holding in charge.holdings
    )


async def _append(log: EventLog, view: LogView, left: list[Event]) -> int:
    for start in range(0, len(left), _AT_ONCE):
        events = left[start : start + _AT_ONCE]
        for event, appended in zip(events, await log.append_all(events), strict=True):
            if isinstance(appended, LogAway):
                raise appended
            view.take_in(event, appended)
    if left:
        _log.info("cases of closed accounts or absent people are nobody's now", extra={"records": len(left)})
    return len(left)


def _unassigned(charge: CaseCharge, reason: str, once_for: str, now: int) -> Event:
    event_id = str(uuid5(_NAMESPACE, f"{charge.case_id}|{charge.caseworker_id}|{once_for}"))
    # Not before it was hers, whatever the clocks say: it would not count.
    occurred_at = max(now, charge.holdings[-1].since + 1)
    return Event(
        event_id, charge.case_id, "case_unassigned", occurred_at, {"reason": reason}, charge.organisation, SYSTEM
    )
