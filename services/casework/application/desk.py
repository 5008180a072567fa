"""What people ask of casework: their list, a case, its timeline. Checks who may see it, then reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.access.domain.permissions import Action, Principal
from services.casework.application.case_history import RecordedEvent, Unreadable
from services.casework.application.case_reading import CaseAsItStands, CaseReading, Freshness
from services.casework.application.cases_in_scope import cases_in_scope, directory_of
from services.casework.application.listing import Page, Place, page_of, place_in
from services.casework.application.permission import require_may_read
from services.casework.application.timeline import TimelineLine, timeline_of
from services.casework.application.worklist import WorkItem
from services.casework.application.worklist_pages import FirstPage, ListedCase
from services.casework.domain.case_directory import CaseCharge

MOST_CASES: Final = 5000
"""A wider list than this is cut (by case_id) and says so: ask for one caseworker, or use the inbox of alerts."""


@dataclass(frozen=True, slots=True)
class Worklist:
    """cases_in_scope: how many cases the person may see here; incomplete: not all of them were looked at."""

    items: Sequence[WorkItem]
    next_cursor: str | None
    freshness: Freshness
    cases_in_scope: int
    incomplete: bool


@dataclass(frozen=True, slots=True)
class CaseView:
    case: CaseAsItStands
    freshness: Freshness


@dataclass(frozen=True, slots=True)
class Timeline:
    page: Page[TimelineLine]
    unreadable: Sequence[Unreadable]
    freshness: Freshness


@dataclass(frozen=True, slots=True)
class Desk:
    """Every method raises NoSuchCase, NotPermitted, EventRefused (a bad cursor) or Unavailable."""

    reading: CaseReading

    async def worklist(
        self, principal: Principal, caseworker_id: str | None, limit: int, cursor: str | None
    ) -> Worklist:
        """The cases a person is to look at, the neediest first; in the order of the first page on all of them."""
        charges = cases_in_scope(self.reading.view, principal, Action.READ_WORKLIST, caseworker_id)
        looked_at, now = charges[:MOST_CASES], self.reading.now()
        if cursor is None:
            after, first = None, FirstPage(now, await self.reading.history.read_until() or 0)
            lines = [first.line(case, now) async for case in self.reading.as_they_stand(looked_at, now)]
        else:
            after = place_in(cursor)
            first = FirstPage.of(after)
            # Nobody's word makes us work out what will be owed in a thousand years.
            stood = self.reading.as_they_stand(looked_at, min(first.made_at, now))
            lines = [first.later_line(case, now) async for case in stood]
        listed = sorted((line for line in lines if line is not None), key=_place)
        page = page_of(listed, _place, limit, after)
        freshness = await self.reading.freshness(len(looked_at))
        items = [line.item for line in page.lines]
        return Worklist(items, page.next_cursor, freshness, len(charges), len(looked_at) < len(charges))

    async def case(self, principal: Principal, case_id: str) -> CaseView:
        charge = self._readable(principal, case_id)
        cases = [case async for case in self.reading.as_they_stand([charge], self.reading.now())]
        return CaseView(cases[0], await self.reading.freshness(None))

    async def timeline(self, principal: Principal, case_id: str, limit: int, cursor: str | None) -> Timeline:
        charge = self._readable(principal, case_id)
        history = self.reading.history
        events: Sequence[RecordedEvent] = (await history.events_of([case_id], charge.organisation)).get(case_id, ())
        lines = timeline_of(
            self.reading.fold(case_id, events, self.reading.now()), events, await history.conflicts_of(case_id)
        )
        page = page_of(lines, lambda line: line.place, limit, None if cursor is None else place_in(cursor))
        return Timeline(page, await history.unreadable_of(case_id), await self.reading.freshness(None))

    def _readable(self, principal: Principal, case_id: str) -> CaseCharge:
        return require_may_read(principal, directory_of(self.reading.view).charge_of(case_id))


def _place(line: ListedCase) -> Place:
    return line.place
