"""What alerting answers, as the inbox reads it. A shape that is not this raises KeyError or the like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.casework.domain.case_code import case_code
from services.web.backends import Json
from services.web.catalogue import Language
from services.web.faces import Freshness

SEVERITIES: Final = ("critical", "high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Step:
    """One line of an alert's history."""

    what: str
    at: str
    level: int

    @staticmethod
    def of(told: Json) -> Step:
        return Step(told["transition"], told["at"], int(told["level"]))


@dataclass(frozen=True, slots=True)
class Alert:
    """One open alert. due: since when it is overdue; held_until: how long nobody is bothered a level higher."""

    alert_id: str
    case_id: str
    rule_id: str
    title: str
    severity: str
    level: int
    due: str
    why: str
    held_until: str | None
    caseworker_id: str
    district: str
    upazila: str
    history: tuple[Step, ...]

    @staticmethod
    def of(told: Json, language: Language) -> Alert:
        return Alert(
            told["alert_id"],
            told["case_id"],
            told["rule_id"],
            told["title"][language],
            told["severity"],
            int(told["level"]),
            told["d"],
            told["why"][language],
            told["held_until"],
            told["caseworker_id"] or "",
            told["district"] or "",
            told["upazila"] or "",
            tuple(Step.of(step) for step in told["history"]),
        )


@dataclass(frozen=True, slots=True)
class SilentCase:
    """All open alerts of one case: one woman is one line."""

    case_id: str
    code: str
    alerts: tuple[Alert, ...]

    @property
    def first(self) -> Alert:
        return self.alerts[0]

    @property
    def level(self) -> int:
        return max(alert.level for alert in self.alerts)


@dataclass(frozen=True, slots=True)
class Inbox:
    cases: tuple[SilentCase, ...]
    freshness: Freshness
    after: str

    @staticmethod
    def of(answer: Json, language: Language) -> Inbox:
        alerts = [Alert.of(item, language) for item in answer["items"]]
        return Inbox(_by_case(alerts), Freshness.of(answer), answer["after"])

    @property
    def alert_count(self) -> int:
        return sum(len(case.alerts) for case in self.cases)


def _by_case(alerts: list[Alert]) -> tuple[SilentCase, ...]:
    """Cases in the order of their most pressing alert: severity, then level, then how long it is overdue."""
    found: dict[str, list[Alert]] = {}
    for alert in sorted(alerts, key=_pressing):
        found.setdefault(alert.case_id, []).append(alert)
    return tuple(SilentCase(case_id, case_code(case_id), tuple(listed)) for case_id, listed in found.items())


def _pressing(alert: Alert) -> tuple[int, int, str]:
    return SEVERITIES.index(alert.severity), -alert.level, alert.due
