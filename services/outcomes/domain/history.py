"""A case as it was known at an instant, and as it stood at the end of a period.

`CaseRecord` is what was recorded. `CaseView` is what an indicator sees of it:

- *Known*: records with recorded_at ≤ as_of; obligations that began by then, their endings if they came by then;
  alerts raised by then.
- *The first stands*: of records with one event id, the first in log order.
- *Retracted events don't exist*: an event named by a known retraction of the same case, unless it is of a type that
  cannot be retracted.
- *Nothing later than the period exists*: a fact, or an event that writes an attribute, with a time at or after the
  period's end is not seen. A device that ran ahead is cut to recorded_at, as everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, NamedTuple

from services.casework.domain.event_types import Value
from services.casework.domain.events import Event
from services.casework.domain.facts import facts_of, occurred_as_recorded
from services.casework.domain.transitions import ObligationEnding
from services.outcomes.domain.periods import Period, length_of_union

NEVER_RETRACTED: Final = frozenset(
    ("retraction", "survivor_erased", "alert_acknowledged", "alert_snoozed", "alert_reassigned")
)


@dataclass(frozen=True, slots=True)
class Recorded:
    event: Event
    recorded_at: int


@dataclass(frozen=True, slots=True)
class Obligation:
    """One obligation: (case, rule, c, d, k) names it. `ended_at` is the moment it was no longer the rule's."""

    rule_id: str
    c: int
    d: int
    k: int
    ended_at: int | None = None
    ending: ObligationEnding | None = None
    s: int | None = None

    def known_at(self, as_of: int) -> Obligation | None:
        """None when it had not begun; without its ending when that had not come."""
        if self.k > as_of:
            return None
        if self.ended_at is not None and self.ended_at > as_of:
            return replace(self, ended_at=None, ending=None, s=None)
        return self


@dataclass(frozen=True, slots=True)
class AlertRun:
    """An alert from one raising to its ending. `revision` is that of the raising; 1 is the first ever."""

    alert_id: str
    revision: int
    r: int
    ended_at: int | None = None


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """Everything recorded of one case; `recorded` in log order."""

    case_id: str
    recorded: tuple[Recorded, ...]
    obligations: tuple[Obligation, ...] = ()
    alerts: tuple[AlertRun, ...] = ()


class SeenFact(NamedTuple):
    """Facts order as "latest" and "earliest" want: by (time, event id)."""

    time: int
    event_id: str
    event: Event

    @property
    def order(self) -> tuple[int, str]:
        return self.time, self.event_id


def standing_events(recorded: Iterable[Recorded], as_of: int) -> list[Recorded]:
    """The events that exist at `as_of`, each once, their occurred_at cut to recorded_at."""
    first: dict[str, Recorded] = {}
    for record in recorded:
        if record.recorded_at <= as_of:
            first.setdefault(record.event.event_id, record)
    retracted = {record.event.data["retracts"] for record in first.values() if record.event.type == "retraction"}
    return [
        replace(record, event=record.event._replace(occurred_at=_happened_at(record)))
        for record in first.values()
        if record.event.event_id not in retracted or record.event.type in NEVER_RETRACTED
    ]


def _happened_at(record: Recorded) -> int:
    return occurred_as_recorded(record.event.occurred_at, record.recorded_at)


class CaseView:
    """One case, as known at `as_of`, seen from the end of `period`."""

    def __init__(self, case: CaseRecord, period: Period, as_of: int) -> None:
        self.case_id = case.case_id
        self.period = period
        standing = standing_events(case.recorded, as_of)
        self.events = sorted(
            (record.event for record in standing if record.event.occurred_at < period.end),
            key=lambda event: (event.occurred_at, event.event_id),
        )
        self._facts = _facts_before(period.end, standing)
        self.organisation = min((event.organisation for event in self.events), default="")
        known = (obligation.known_at(as_of) for obligation in case.obligations)
        self.obligations = [obligation for obligation in known if obligation is not None]
        self.alerts = [_run_known_at(run, as_of) for run in case.alerts if run.r <= as_of]

    def facts(self, *names: str) -> list[SeenFact]:
        """All facts of these names before the period's end, in order."""
        if len(names) == 1:
            return self._facts.get(names[0], [])
        return sorted((fact for name in names for fact in self._facts.get(name, ())), key=lambda fact: fact.order)

    def latest(self, *names: str) -> SeenFact | None:
        found = self.facts(*names)
        return found[-1] if found else None

    @property
    def fact_times(self) -> list[int]:
        return [fact.time for facts in self._facts.values() for fact in facts]

    @cached_property
    def attributes(self) -> Mapping[str, Value]:
        """Each field as last written by an event that has it, in order of (occurred_at, event id)."""
        attributes: dict[str, Value] = {}
        for event in self.events:
            attributes.update(event.data)
        return attributes

    @cached_property
    def settled_at(self) -> int | None:
        """The latest `settled` fact."""
        settled = self.latest("settled")
        return settled.time if settled else None

    @cached_property
    def closing(self) -> SeenFact | None:
        """The fact by which the case is closed at the end of the period; None when it is open.

        The latest `closed` counts; a later `reopened` or `called_in` undoes it, also where the closing was an end.
        """
        closed = self.latest("closed")
        if closed is None or any(fact.time > closed.time for fact in self.facts("reopened", "called_in")):
            return None
        return closed

    @property
    def is_opened(self) -> bool:
        return bool(self.facts("opened"))

    @property
    def is_in_follow_up(self) -> bool:
        """Opened before the end of the period, and neither closed nor ended at it."""
        return self.is_opened and self.closing is None

    @cached_property
    def time_in_follow_up(self) -> int:
        """Milliseconds of the period after the earliest `opened` fact in which the case was not closed.

        Each closing lasts until the earliest `reopened` or `called_in` later than it.
        """
        opened = self.facts("opened")
        followed = self.period.overlap(opened[0].time, self.period.end) if opened else None
        if followed is None:
            return 0
        window = Period(*followed)
        again = [fact.time for fact in self.facts("reopened", "called_in")]
        closings = (
            window.overlap(closed.time, min((time for time in again if time > closed.time), default=window.end))
            for closed in self.facts("closed")
        )
        return window.end - window.start - length_of_union(span for span in closings if span is not None)


def _facts_before(end: int, standing: Iterable[Recorded]) -> dict[str, list[SeenFact]]:
    facts: dict[str, list[SeenFact]] = {}
    for record in standing:
        for fact in facts_of(record.event, record.recorded_at):
            if fact.time < end:
                facts.setdefault(fact.name, []).append(SeenFact(fact.time, record.event.event_id, record.event))
    for found in facts.values():
        found.sort(key=lambda fact: fact.order)
    return facts


def _run_known_at(run: AlertRun, as_of: int) -> AlertRun:
    return replace(run, ended_at=None) if run.ended_at is not None and run.ended_at > as_of else run
