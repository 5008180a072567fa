"""Cases in the order in which they press, kept while alerts come and go: a list is walked, not sorted anew.

The order is that of (severity of the worst alert, level, overdue since, case_id), the most pressing first.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from services.alerting.domain.alert_record import AlertRecord
from services.casework.domain.policy import Severity
from services.casework.domain.transitions import AlertTransition

RANKS: Final = {severity: rank for rank, severity in enumerate(reversed(Severity))}
"""0 is the worst."""

_SORTED_ANEW_FROM: Final = 16
"""Where more than every sixteenth case has changed, sorting all is cheaper than moving each."""

Place = tuple[int, int, int, str]


@dataclass(frozen=True, slots=True)
class RankedCase:
    """The alerts of one case, the most pressing first; never empty. level: the highest of theirs; overdue_since: the
    earliest."""

    alerts: tuple[AlertRecord, ...]
    worst: Severity
    level: int
    overdue_since: int
    place: Place

    @staticmethod
    def of(alerts: Iterable[AlertRecord]) -> RankedCase:
        pressing = sorted(((alert.latest, alert) for alert in alerts), key=_pressing)
        worst, level = pressing[0][0].severity, max(latest.level for latest, _ in pressing)
        overdue_since = min(latest.d for latest, _ in pressing)
        place = (RANKS[worst], -level, overdue_since, pressing[0][0].case_id)
        return RankedCase(tuple(alert for _, alert in pressing), worst, level, overdue_since, place)


class PressingOrder:
    """Of one organisation's cases, those with an alert that is `wanted`. `touch` costs nothing until somebody asks."""

    def __init__(self, wanted: Callable[[AlertRecord], bool], cases: Mapping[str, list[AlertRecord]]) -> None:
        """cases: the alerts of each case, by case_id; theirs who touches them."""
        self._wanted = wanted
        self._cases = cases
        self._ranked: dict[str, RankedCase] = {}
        self._places: list[Place] = []
        self._touched = set(cases)

    def touch(self, case_id: str) -> None:
        """Something about the alerts of the case has changed."""
        self._touched.add(case_id)

    def __iter__(self) -> Iterator[RankedCase]:
        self._bring_up_to_date()
        return (self._ranked[place[-1]] for place in self._places)

    def _bring_up_to_date(self) -> None:
        touched, self._touched = self._touched, set()
        sorts_anew = len(touched) > len(self._places) // _SORTED_ANEW_FROM
        for case_id in touched:
            before = self._ranked.pop(case_id, None)
            alerts = [alert for alert in self._cases[case_id] if self._wanted(alert)]
            if alerts:
                self._ranked[case_id] = RankedCase.of(alerts)
            if not sorts_anew:
                self._move(before, self._ranked.get(case_id))
        if sorts_anew:
            self._places = sorted(ranked.place for ranked in self._ranked.values())

    def _move(self, before: RankedCase | None, after: RankedCase | None) -> None:
        if before is not None:
            del self._places[bisect_left(self._places, before.place)]
        if after is not None:
            insort(self._places, after.place)


def _pressing(each: tuple[AlertTransition, AlertRecord]) -> tuple[int, int, int, str]:
    latest, _ = each
    return RANKS[latest.severity], -latest.level, latest.d, latest.alert_id
