"""Whom an alert is for: those who stand for its level and are there; a level with nobody goes up at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.access.domain.absences import StandIn
from services.access.domain.permissions import CaseResource, Principal, Role, levels_of
from services.access.domain.supervisors import Supervisor

_HIGHEST: Final = 3


@dataclass(frozen=True, slots=True)
class Addressed:
    """level: for which they stand, another than the alert's where nobody was there for that; 0 for nobody at all."""

    level: int
    account_ids: tuple[str, ...]


NOBODY: Final = Addressed(0, ())


class Overseers:
    """Who supervises now. One person may stand for several: herself, and whoever she stands in for."""

    def __init__(self, supervisors: Iterable[Supervisor], stand_ins: Sequence[StandIn], now: int) -> None:
        present = [each for each in stand_ins if Role.SUPERVISOR in each.roles and each.absence.is_at(now)]
        away = {each.absence.account_id for each in present}
        self._there: dict[str, list[Principal]] = defaultdict(list)
        self._away: dict[str, list[Principal]] = defaultdict(list)
        known = {each.account_id: each.principal() for each in supervisors}
        for account_id, principal in known.items():
            (self._away if account_id in away else self._there)[principal.organisation].append(principal)
        for each in present:
            delegate = known.get(each.absence.delegate_id)
            if each.is_covered and delegate is not None and delegate.organisation == each.organisation:
                self._there[each.organisation].append(replace(delegate, areas=each.areas))

    def addressed(self, case: CaseResource, level: int) -> Addressed:
        """Who is told that an alert of the case reached the level.

        Above it there is at least the organisation's head; where nobody is there either, those below it are told, and
        at last those who are away: it is never told to nobody while there is somebody.
        """
        for people in (self._there, self._away):
            standing: dict[int, set[str]] = defaultdict(set)
            for principal in people.get(case.organisation, ()):
                for stands_for in _levels(principal, case):
                    standing[stands_for].add(principal.account_id)
            for found in (*range(level, _HIGHEST + 1), *range(level - 1, 0, -1)):
                if standing[found]:
                    return Addressed(found, tuple(sorted(standing[found])))
        return NOBODY


def _levels(principal: Principal, case: CaseResource) -> frozenset[int]:
    """A case of which no district is known is in everybody's inbox, so everybody stands for it."""
    if case.district or not principal.areas:
        return levels_of(principal, case)
    return frozenset(2 if area.upazila is None else 1 for area in principal.areas)
