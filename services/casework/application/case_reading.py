"""Cases as they stand now: what was recorded of them, folded by the heart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from services.casework.application.case_history import CaseHistory, RecordedEvent
from services.casework.application.log_view import LogView
from services.casework.domain.case_directory import CaseCharge
from services.casework.domain.case_file import CaseFile
from services.casework.domain.policy_timeline import PolicyBook
from services.runtime.topics import partition_of

_CASES_A_ROUND: Final = 100


@dataclass(frozen=True, slots=True)
class Freshness:
    """How far the tables follow the log; None when that is not known, never 0. Milliseconds."""

    checked_until: int | None
    cases_checked: int | None
    lag: int | None


@dataclass(frozen=True, slots=True)
class CaseAsItStands:
    """`file` is None while the tables have nothing of the case yet. recorded_at: of its latest event, milliseconds.
    events: all of its, in the order of the log."""

    charge: CaseCharge
    file: CaseFile | None
    recorded_at: int = 0
    events: Sequence[RecordedEvent] = ()


@dataclass(frozen=True, slots=True)
class CaseReading:
    """now: milliseconds since 1970. Every method raises HistoryAway."""

    history: CaseHistory
    view: LogView
    now: Callable[[], int]

    async def as_they_stand(self, charges: Sequence[CaseCharge], at: int) -> AsyncIterator[CaseAsItStands]:
        """The cases (all of one organisation) after all time until `at`, and after all that was recorded.

        They come in rounds; between them the event loop serves others.
        """
        for start in range(0, len(charges), _CASES_A_ROUND):
            some = charges[start : start + _CASES_A_ROUND]
            histories = await self.history.events_of([charge.case_id for charge in some], some[0].organisation)
            for charge in some:
                yield self._as_it_stands(charge, histories.get(charge.case_id, ()), at)
                await asyncio.sleep(0)

    async def freshness(self, cases_checked: int | None) -> Freshness:
        until = await self.history.read_until()
        return Freshness(until, cases_checked, None if until is None else max(0, self.now() - until))

    def _as_it_stands(self, charge: CaseCharge, events: Sequence[RecordedEvent], at: int) -> CaseAsItStands:
        if not events:
            return CaseAsItStands(charge, None)
        recorded_at = max(recorded.recorded_at for recorded in events)
        return CaseAsItStands(charge, self.fold(charge.case_id, events, at), recorded_at, events)

    def fold(self, case_id: str, events: Sequence[RecordedEvent], at: int) -> CaseFile:
        """Under the policies of the case's partition, as the detector has them."""
        policies = self.view.policies.setdefault(partition_of(case_id), PolicyBook())
        return case_file_of(case_id, events, policies, at)


def case_file_of(case_id: str, events: Sequence[RecordedEvent], policies: PolicyBook, now: int) -> CaseFile:
    """The file of a case after all its events (in the order of the log) and all time until `now`."""
    file = CaseFile(case_id, policies)
    latest = now
    for recorded in events:
        file.fold(recorded.event, recorded.recorded_at)
        # The log's clock may be a little ahead of ours; what it has recorded has happened.
        latest = max(latest, recorded.recorded_at)
    file.advance(latest + 1)
    return file
