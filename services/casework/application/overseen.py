"""What a supervisor must see of a case that no alert tells: pure functions from the case as it stands.

paused        nothing is owed for a while, and why
short_pauses  of these, the ones as short as a caseworker may make by herself
unopened      events came, but never the opening of the case
unowned       nobody has the case
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.access.domain.permissions import CASEWORKER_PAUSE
from services.casework.application.case_reading import CaseAsItStands
from services.casework.application.worklist import Standing, standing_of_case
from services.casework.domain.case_code import case_code
from services.casework.domain.case_file import CaseFile
from services.casework.domain.fact_book import id_of
from services.casework.domain.instants import DAY
from services.casework.domain.standing import pause_that_counts

ENDS_SOON: Final = 3 * DAY
"""A pause that ends within this time is about to end: what is owed afterwards can still be prepared."""


class Oversight(StrEnum):
    """The lists of cases that a supervisor has beside her alerts."""

    PAUSED = "paused"
    SHORT_PAUSES = "short_pauses"
    UNOPENED = "unopened"
    UNOWNED = "unowned"


@dataclass(frozen=True, slots=True)
class Pause:
    """The pause that counts. Instants in milliseconds; until: when it ends or ended, by its word or a resumption.

    reason: as recorded, "" while the tables do not have its event; recorded_by: the account.
    """

    since: int
    until: int
    reason: str
    recorded_by: str

    @property
    def is_short(self) -> bool:
        return self.until - self.since <= CASEWORKER_PAUSE

    def ends_soon(self, now: int) -> bool:
        return self.until <= now + ENDS_SOON


@dataclass(frozen=True, slots=True)
class OverseenCase:
    """A line of one of the lists. since: of what puts it there, None when that is not known."""

    case_id: str
    code: str
    caseworker_id: str
    district: str
    upazila: str
    standing: Standing
    since: int | None
    pause: Pause | None

    @property
    def order(self) -> int:
        """A pause that ends first comes first; anything else by how long it has been so."""
        if self.pause is not None:
            return self.pause.until
        return self.since or 0


def overseen(case: CaseAsItStands, which: Oversight, now: int) -> OverseenCase | None:
    """The case's line; None when it is not on the list."""
    standing = standing_of_case(case.file, now)
    pause = _pause_of(case) if standing is Standing.PAUSED else None
    if standing in (Standing.CLOSED, Standing.ENDED):
        return None
    match which:
        case Oversight.PAUSED:
            return _line(case, standing, pause.since, pause) if pause else None
        case Oversight.SHORT_PAUSES:
            return _line(case, standing, pause.since, pause) if pause and pause.is_short else None
        case Oversight.UNOPENED:
            return _line(case, standing, _first(case), pause) if _is_unopened(case.file) else None
        case Oversight.UNOWNED:
            return None if case.charge.caseworker_id else _line(case, standing, _unowned_since(case), pause)


def _line(case: CaseAsItStands, standing: Standing, since: int | None, pause: Pause | None) -> OverseenCase:
    charge = case.charge
    code = case_code(charge.case_id)
    place = charge.caseworker_id, charge.district, charge.upazila
    return OverseenCase(charge.case_id, code, *place, standing, since, pause)


def _pause_of(case: CaseAsItStands) -> Pause | None:
    if case.file is None:
        return None
    fact, until = pause_that_counts(case.file.facts), case.file.standing.pause_ends
    if fact is None or until is None:
        return None
    since, key, _ = fact
    event_id = id_of(key)
    # Of several contents under one id the first stands.
    event = next((recorded.event for recorded in case.events if recorded.event.event_id == event_id), None)
    if event is None:
        return Pause(since, until, "", "")
    return Pause(since, until, str(event.data.get("reason", "")), event.recorded_by)


def _is_unopened(file: CaseFile | None) -> bool:
    return file is not None and not file.facts.latest(("opened", "settled"))


def _first(case: CaseAsItStands) -> int | None:
    return min((recorded.event.occurred_at for recorded in case.events), default=None)


def _unowned_since(case: CaseAsItStands) -> int | None:
    """When the last who had it no longer did; of a case that was nobody's ever, when it began."""
    ended = [holding.until for holding in case.charge.holdings if holding.until is not None]
    return max(ended, default=_first(case))


@dataclass(frozen=True, slots=True)
class Load:
    """How many cases a caseworker ("" for nobody) has now. open: followed up, neither paused nor closed; overdue: of
    which something is overdue; unknown: of which too little is known to say what is owed."""

    caseworker_id: str
    open: int = 0
    paused: int = 0
    overdue: int = 0
    unknown: int = 0


def load_with(load: Load, case: CaseAsItStands, now: int) -> Load:
    """The load with this case of theirs added."""
    standing = standing_of_case(case.file, now)
    is_overdue = case.file is not None and any(one.d < now for one in case.file.owed_now())
    return Load(
        load.caseworker_id,
        load.open + (standing is Standing.OPEN),
        load.paused + (standing is Standing.PAUSED),
        load.overdue + is_overdue,
        load.unknown + (standing in (Standing.UNREAD, Standing.UNOPENED)),
    )
