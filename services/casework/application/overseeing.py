"""The supervisor's lists of cases, and how much each caseworker has. Checks who may see what, then reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.access.domain.permissions import Action, Principal
from services.casework.application.case_reading import CaseAsItStands, CaseReading, Freshness
from services.casework.application.cases_in_scope import cases_in_scope
from services.casework.application.desk import MOST_CASES
from services.casework.application.listing import Place, page_of, place_in, unknown_cursor
from services.casework.application.overseen import Load, OverseenCase, Oversight, load_with, overseen
from services.casework.domain.case_directory import CaseCharge

_AS_IT_STOOD, _CHANGED = 0, 1


@dataclass(frozen=True, slots=True)
class CaseList:
    """cases, by_reason: of all pages. unread: cases the tables do not have yet, which may belong here too.

    imported: with who is paused, all in scope that a register brought in and whose follow-up nobody has started; the
    log says so, of which the tables may be behind. incomplete: there are more cases in scope than are looked at for one
    list.
    """

    items: Sequence[OverseenCase]
    next_cursor: str | None
    cases: int
    by_reason: Mapping[str, int]
    unread: int
    imported: int
    incomplete: bool
    freshness: Freshness


@dataclass(frozen=True, slots=True)
class Loads:
    """incomplete: there are more cases than are looked at, so that a number may be too small."""

    items: Sequence[Load]
    incomplete: bool
    freshness: Freshness


@dataclass(frozen=True, slots=True)
class _Listed:
    place: Place
    case: OverseenCase


@dataclass(frozen=True, slots=True)
class Overseeing:
    """Every method raises EventRefused (a bad cursor) or Unavailable."""

    reading: CaseReading

    async def listed(
        self, principal: Principal, which: Oversight, caseworker_id: str | None, limit: int, cursor: str | None
    ) -> CaseList:
        """One of the lists. Whoever reads page after page is shown every case that is on it throughout.

        What orders a list is in its cases' facts, so a case of which nothing was recorded since the first page keeps
        its place; one of which something was comes after all others, as on the worklist.
        """
        charges = cases_in_scope(self.reading.view, principal, Action.OVERSEE_CASES, caseworker_id)
        looked_at, now = charges[:MOST_CASES], self.reading.now()
        after = None if cursor is None else place_in(cursor)
        read_until = await self.reading.history.read_until() or 0 if after is None else _read_until(after, which)
        lines, unread = [], 0
        async for case in self.reading.as_they_stand(looked_at, now):
            unread += case.file is None
            line = overseen(case, which, now)
            if line is not None:
                lines.append(_Listed(_place_of(line, case, which, read_until), line))
        page = page_of(sorted(lines, key=_place), _place, limit, after)
        reasons = Counter(line.case.pause.reason for line in lines if line.case.pause)
        return CaseList(
            [line.case for line in page.lines],
            page.next_cursor,
            len(lines),
            reasons,
            unread,
            self._imported(charges, now) if which is Oversight.PAUSED else 0,
            len(looked_at) < len(charges),
            await self.reading.freshness(len(looked_at)),
        )

    def _imported(self, charges: Sequence[CaseCharge], now: int) -> int:
        directory = self.reading.view.directory
        return sum(directory.waits_for_follow_up(charge.case_id, now) for charge in charges)

    async def loads(self, principal: Principal) -> Loads:
        """Of everybody who has a case in her scope now, and of nobody where there is such a case."""
        charges = cases_in_scope(self.reading.view, principal, Action.OVERSEE_CASES, None)
        looked_at, now = charges[:MOST_CASES], self.reading.now()
        loads: dict[str, Load] = {}
        async for case in self.reading.as_they_stand(looked_at, now):
            caseworker_id = case.charge.caseworker_id
            loads[caseworker_id] = load_with(loads.get(caseworker_id, Load(caseworker_id)), case, now)
        items = [loads[caseworker_id] for caseworker_id in sorted(loads)]
        return Loads(items, len(looked_at) < len(charges), await self.reading.freshness(len(looked_at)))


def _place_of(line: OverseenCase, case: CaseAsItStands, which: Oversight, read_until: int) -> Place:
    changed = case.file is None or case.recorded_at >= read_until
    stood = (_CHANGED, 0) if changed else (_AS_IT_STOOD, line.order)
    return (which.value, read_until, *stood, line.case_id)


def _read_until(after: Place, which: Oversight) -> int:
    """Up to when the tables had been read at the first page. Raises EventRefused for a place in another list."""
    match after:
        case (str(of), int(read_until), 0 | 1, int(), str()) if of == which.value:
            return read_until
        case _:
            raise unknown_cursor()


def _place(line: _Listed) -> Place:
    return line.place
