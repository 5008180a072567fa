"""The inbox as people read it: one silent woman is one line, the most pressing first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.alerting.domain.alert_record import AlertRecord
from services.alerting.domain.pressing_order import RANKS, Place, RankedCase
from services.casework.domain.case_directory import CaseCharge
from services.casework.domain.policy import Severity


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is narrowed to; None: not by this. caseworker_id "" asks for cases that are nobody's."""

    caseworker_id: str | None = None
    district: str | None = None
    upazila: str | None = None
    severity: Severity | None = None
    rule_id: str | None = None
    level: int | None = None

    @property
    def takes_every_alert(self) -> bool:
        return self.severity is None and self.rule_id is None and self.level is None

    def takes_case(self, charge: CaseCharge) -> bool:
        return (
            self.caseworker_id in (None, charge.caseworker_id)
            and self.district in (None, charge.district)
            and self.upazila in (None, charge.upazila)
        )

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
class Counts:
    """Of all groups, not of one page.

    by_caseworker: (caseworker_id, cases, alerts), most alerts first. by_area: (district, upazila, cases, alerts).
    """

    cases: int
    alerts: int
    by_severity: Mapping[str, int]
    by_level: Mapping[int, int]
    by_caseworker: tuple[tuple[str, int, int], ...]
    by_area: tuple[tuple[str, str, int, int], ...]


def counted(groups: Sequence[CaseGroup]) -> Counts:
    cases_of = Counter[str]()
    alerts_of = Counter[str]()
    of_kind = Counter[tuple[Severity, int]]()
    cases_in = Counter[tuple[str, str]]()
    alerts_in = Counter[tuple[str, str]]()
    for group in groups:
        alerts, caseworker_id = group.ranked.alerts, group.charge.caseworker_id
        cases_of[caseworker_id] += 1
        alerts_of[caseworker_id] += len(alerts)
        place = group.charge.district, group.charge.upazila
        cases_in[place] += 1
        alerts_in[place] += len(alerts)
        for alert in alerts:
            of_kind[alert.standing] += 1
    loads = [(caseworker, cases_of[caseworker], number) for caseworker, number in alerts_of.items()]
    return Counts(
        cases=len(groups),
        alerts=of_kind.total(),
        by_severity={one.value: sum(n for (kind, _), n in of_kind.items() if kind is one) for one in RANKS},
        by_level={level: sum(n for (_, reached), n in of_kind.items() if reached == level) for level in (1, 2, 3)},
        by_caseworker=tuple(sorted(loads, key=lambda load: (-load[2], load[0]))),
        by_area=tuple((*place, cases_in[place], number) for place, number in sorted(alerts_in.items())),
    )
