"""The inbox as people read it: one silent woman is one line, the most pressing first, page by page.

The order is `pressing_order`'s; a cursor is the place of the last line in it, so that pages neither repeat nor skip a
case whose alerts did not change in between.
"""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.alerting.domain.alert_record import AlertRecord
from services.alerting.domain.pressing_order import RANKS, Place, RankedCase
from services.casework.domain.case_directory import CaseCharge
from services.casework.domain.policy import Severity


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

    @property
    def takes_every_alert(self) -> bool:
        return self.severity is None and self.rule_id is None and self.level is None

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
    """One case and its alerts, and who is in charge of it now."""

    charge: CaseCharge
    ranked: RankedCase

    @property
    def alerts(self) -> tuple[AlertRecord, ...]:
        return self.ranked.alerts

    @property
    def worst(self) -> Severity:
        return self.ranked.worst

    @property
    def level(self) -> int:
        return self.ranked.level

    @property
    def overdue_since(self) -> int:
        return self.ranked.overdue_since

    @property
    def place(self) -> Place:
        return self.ranked.place


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


def page_of(groups: Sequence[CaseGroup], cursor: str | None, limit: int) -> Page:
    """Up to `limit` groups after the cursor. Raises UnreadableCursor."""
    start = bisect_right(groups, _place(cursor), key=lambda group: group.place) if cursor else 0
    shown = tuple(groups[start : start + limit])
    return Page(shown, _cursor(shown[-1].place) if len(groups) > start + limit else None)


def counted(groups: Sequence[CaseGroup]) -> Counts:
    cases_of = Counter[str]()
    alerts_of = Counter[str]()
    of_kind = Counter[tuple[Severity, int]]()
    for group in groups:
        alerts, caseworker_id = group.ranked.alerts, group.charge.caseworker_id
        cases_of[caseworker_id] += 1
        alerts_of[caseworker_id] += len(alerts)
        for alert in alerts:
            latest = alert.transitions[-1]
            of_kind[latest.severity, latest.level] += 1
    loads = [(caseworker, cases_of[caseworker], number) for caseworker, number in alerts_of.items()]
    return Counts(
        cases=len(groups),
        alerts=of_kind.total(),
        by_severity={one.value: sum(n for (kind, _), n in of_kind.items() if kind is one) for one in RANKS},
        by_level={level: sum(n for (_, reached), n in of_kind.items() if reached == level) for level in (1, 2, 3)},
        by_caseworker=tuple(sorted(loads, key=lambda load: (-load[2], load[0]))),
    )


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
