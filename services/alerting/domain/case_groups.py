"""The inbox as people read it: one silent woman is one line, the most pressing first, page by page.

The order is that of (severity of the worst alert, level, overdue since, case_id); a cursor is the place of the last
line in that order, so that pages neither repeat nor skip a case whose alerts did not change in between.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.alerting.domain.alert_record import AlertRecord
from services.casework.domain.case_directory import CaseCharge
from services.casework.domain.policy import Severity

_RANKS: Final = {severity: rank for rank, severity in enumerate(reversed(Severity))}
"""0 is the worst."""

Place = tuple[int, int, int, str]


class UnreadableCursor(ValueError):
    """The cursor was not given by this list."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is narrowed to; None: not by this. caseworker_id "" asks for cases that are nobody's."""

    caseworker_id: str | None = None
    district: str | None = None
    severity: Severity | None = None
    rule_id: str | None = None
    level: int | None = None

    def takes_case(self, charge: CaseCharge) -> bool:
        return self.caseworker_id in (None, charge.caseworker_id) and self.district in (None, charge.district)

    def takes_alert(self, alert: AlertRecord) -> bool:
        latest = alert.latest
        return (
            self.severity in (None, latest.severity)
            and self.rule_id in (None, latest.rule_id)
            and self.level in (None, latest.level)
        )


@dataclass(frozen=True, slots=True)
class CaseGroup:
    """One case and its alerts, the most pressing first; never empty. level: the highest of theirs; overdue_since: the
    earliest."""

    charge: CaseCharge
    alerts: tuple[AlertRecord, ...]
    worst: Severity
    level: int
    overdue_since: int

    @staticmethod
    def of(charge: CaseCharge, alerts: list[AlertRecord]) -> CaseGroup:
        alerts.sort(key=_pressing)
        latest = [alert.latest for alert in alerts]
        return CaseGroup(
            charge,
            tuple(alerts),
            latest[0].severity,
            max(transition.level for transition in latest),
            min(transition.d for transition in latest),
        )

    @property
    def place(self) -> Place:
        return _RANKS[self.worst], -self.level, self.overdue_since, self.charge.case_id


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the groups; `next_cursor` None when these were the last."""

    groups: tuple[CaseGroup, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Counts:
    """Of all groups, not of one page. by_caseworker: (caseworker_id, cases, alerts), most alerts first."""

    cases: int
    alerts: int
    by_severity: Mapping[str, int]
    by_level: Mapping[int, int]
    by_caseworker: tuple[tuple[str, int, int], ...]


def grouped(alerts: Iterable[tuple[AlertRecord, CaseCharge]]) -> list[CaseGroup]:
    """One group for each case, in the order of `CaseGroup.place`."""
    found: dict[str, tuple[CaseCharge, list[AlertRecord]]] = {}
    for alert, charge in alerts:
        found.setdefault(charge.case_id, (charge, []))[1].append(alert)
    return sorted((CaseGroup.of(charge, listed) for charge, listed in found.values()), key=lambda group: group.place)


def page_of(groups: Sequence[CaseGroup], cursor: str | None, limit: int) -> Page:
    """Up to `limit` groups after the cursor. Raises UnreadableCursor."""
    after = _place(cursor) if cursor else None
    rest = [group for group in groups if after is None or group.place > after]
    shown = tuple(rest[:limit])
    return Page(shown, _cursor(shown[-1].place) if len(rest) > limit else None)


def counted(groups: Sequence[CaseGroup]) -> Counts:
    alerts = [alert.latest for group in groups for alert in group.alerts]
    cases_of = Counter(group.charge.caseworker_id for group in groups)
    alerts_of = Counter(group.charge.caseworker_id for group in groups for _ in group.alerts)
    severities = Counter(alert.severity for alert in alerts)
    levels = Counter(alert.level for alert in alerts)
    loads = [(caseworker, cases_of[caseworker], number) for caseworker, number in alerts_of.items()]
    return Counts(
        cases=len(groups),
        alerts=len(alerts),
        by_severity={severity.value: severities[severity] for severity in _RANKS},
        by_level={level: levels[level] for level in (1, 2, 3)},
        by_caseworker=tuple(sorted(loads, key=lambda load: (-load[2], load[0]))),
    )


def _pressing(alert: AlertRecord) -> tuple[int, int, int, str]:
    latest = alert.latest
    return _RANKS[latest.severity], -latest.level, latest.d, latest.alert_id


def _cursor(place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _place(cursor: str) -> Place:
    try:
        read = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise UnreadableCursor("not a cursor of this list") from None
    match read:
        case [int(rank), int(level), int(since), str(case_id)]:
            return rank, level, since, case_id
        case _:
            raise UnreadableCursor("not a cursor of this list")
