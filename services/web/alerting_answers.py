"""What alerting answers, as the inbox reads it. A shape that is not this raises KeyError or the like."""

from __future__ import annotations

from dataclasses import dataclass

from services.web.backends import Json
from services.web.faces import Freshness


@dataclass(frozen=True, slots=True)
class Step:
    """One line of an alert's history: a transition (with its words), or what a supervisor did (with who and why)."""

    what: str
    at: str
    level: int | None
    words: str
    by: str
    until: str | None
    reason: str | None
    caseworker_id: str | None

    @staticmethod
    def of(told: Json) -> Step:
        # A step is either: the fields of the other kind are not there.
        return Step(
            told["what"],
            told["at"],
            told.get("level"),
            told.get("words") or "",
            told.get("by") or "",
            told.get("until"),
            told.get("reason"),
            told.get("caseworker_id"),
        )


@dataclass(frozen=True, slots=True)
class Alert:
    """One open alert. due: since when it is overdue; held_until: until when it does not go up a level."""

    alert_id: str
    rule_id: str
    title: str
    severity: str
    level: int
    due: str
    why: str
    ends_by: str | None
    held_until: str | None
    history: tuple[Step, ...]

    @staticmethod
    def of(told: Json) -> Alert:
        return Alert(
            told["alert_id"],
            told["rule_id"],
            told["title"],
            told["severity"],
            int(told["level"]),
            told["d"],
            told["sentence"],
            told["what_would_end_it"],
            told["held_until"],
            tuple(Step.of(step) for step in told["history"]),
        )


@dataclass(frozen=True, slots=True)
class SilentCase:
    """All open alerts of one case: one woman is one line."""

    case_id: str
    code: str
    district: str
    upazila: str
    caseworker_id: str
    worst: str
    level: int
    overdue_since: str
    alerts: tuple[Alert, ...]

    @property
    def box(self) -> str:
        """What choosing its line sends: the case, and the alerts that stand in the line."""
        return " ".join((self.case_id, *(alert.alert_id for alert in self.alerts)))

    @staticmethod
    def of(told: Json) -> SilentCase:
        return SilentCase(
            told["case_id"],
            told["code"],
            told["district"] or "",
            told["upazila"] or "",
            told["caseworker_id"] or "",
            told["worst"],
            int(told["level"]),
            told["overdue_since"],
            tuple(Alert.of(alert) for alert in told["alerts"]),
        )


@dataclass(frozen=True, slots=True)
class Overdue:
    """How many cases of a caseworker ("" for nobody) have open alerts, and how many alerts these are."""

    caseworker_id: str
    cases: int
    alerts: int

    @staticmethod
    def of(told: Json) -> Overdue:
        return Overdue(told["caseworker_id"] or "", int(told["cases"]), int(told["alerts"]))


@dataclass(frozen=True, slots=True)
class Inbox:
    """Cases in the order of alerting. after: where the stream goes on.

    alert_count, case_count, overdue, areas: of all pages. areas: (district, upazila) of the cases, "" where not known.
    """

    cases: tuple[SilentCase, ...]
    alert_count: int
    case_count: int
    next_cursor: str | None
    after: str
    freshness: Freshness
    overdue: tuple[Overdue, ...]
    areas: tuple[tuple[str, str], ...]

    @property
    def alert_ids(self) -> frozenset[str]:
        """The alerts that this page shows."""
        return frozenset(alert.alert_id for case in self.cases for alert in case.alerts)

    @staticmethod
    def of(answer: Json) -> Inbox:
        counts = answer["counts"]
        return Inbox(
            tuple(SilentCase.of(item) for item in answer["items"]),
            int(counts["alerts"]),
            int(counts["cases"]),
            answer["next_cursor"],
            answer["position"],
            Freshness.of(answer),
            tuple(Overdue.of(told) for told in counts["by_caseworker"]),
            tuple((told["district"] or "", told["upazila"] or "") for told in counts["by_area"]),
        )
