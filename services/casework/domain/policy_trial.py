"""A history lived through twice: under the policies that held, and under a draft as if it had always held.

    trial = PolicyTrial(organisation, draft, until)
    trial.take(record, recorded_at)     # one partition after the other, each in its order
    trial.partition_ends()              # its cases are compared and let go
    trial.foretold()

The cases are folded by `case_file`, as the detector folds them: nothing here knows what neglect is. What supervisors
did about alerts counts under the draft wherever it has the same alert.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, assert_never

from services.casework.domain.case_file import CaseFile
from services.casework.domain.control import Clock, HistoryEnds, PolicyChanged, Record
from services.casework.domain.events import Event
from services.casework.domain.instants import DAY
from services.casework.domain.policy import Policy
from services.casework.domain.policy_comparison import Comparing, Comparison, spans_of
from services.casework.domain.policy_timeline import SINCE_EVER, PolicyBook
from services.casework.domain.transitions import AlertTransition, Transition

FIRST_DAY: Final = DAY


@dataclass(frozen=True, slots=True)
class FirstDay:
    """Were the draft switched on at the end of the history, and nothing recorded for a day: what would be raised and
    what would end, by rule."""

    raised: dict[str, int]
    ended: dict[str, int]


@dataclass(frozen=True, slots=True)
class Foretold:
    """What a trial says. events, cases: of the organisation. unreadable: records that nobody could read, not in it."""

    comparison: Comparison
    first_day: FirstDay
    events: int
    cases: int
    unreadable: int


@dataclass(slots=True)
class _LivedTwice:
    """A case on either side, and the transitions of its alerts so far."""

    as_it_was: CaseFile
    with_draft: CaseFile
    was: list[AlertTransition] = field(default_factory=list)
    would: list[AlertTransition] = field(default_factory=list)

    def fold(self, event: Event, recorded_at: int) -> None:
        self.was += self.as_it_was.fold(event, recorded_at).transitions
        self.would += self.with_draft.fold(event, recorded_at).transitions

    def advance(self, before: int) -> None:
        self.was += self.as_it_was.advance(before).transitions
        self.would += self.with_draft.advance(before).transitions


class PolicyTrial:
    """until: the end of the history, inclusive, in milliseconds; what was recorded later counts for nothing."""

    def __init__(self, organisation: str, draft: Policy, until: int) -> None:
        self._organisation, self._draft, self._until = organisation, draft, until
        self._comparing = Comparing(until)
        self._raised: Counter[str] = Counter()
        self._ended: Counter[str] = Counter()
        self._events = self._known = self._unreadable = 0
        self._begin()

    def _begin(self) -> None:
        """A partition has its own cases, and learns of policies by itself."""
        self._cases: dict[str, _LivedTwice] = {}
        self._held, drafted = PolicyBook(), PolicyBook()
        drafted.change("", SINCE_EVER, self._draft)
        self._drafted = drafted

    def take(self, record: Record, recorded_at: int) -> None:
        """The next record of the partition; those of other organisations are left alone."""
        if recorded_at > self._until:
            return
        match record:
            case Event():
                if record.organisation == self._organisation:
                    self._fold(record, recorded_at)
            case PolicyChanged(organisation, policy):
                self._held.change(organisation, recorded_at, policy)
            case Clock() | HistoryEnds():
                return
            case _:
                assert_never(record)

    def take_unreadable(self) -> None:
        """A record that nobody can read: the detector leaves it out, too."""
        self._unreadable += 1

    def _fold(self, event: Event, recorded_at: int) -> None:
        case = self._cases.get(event.case_id)
        if case is None:
            case = _LivedTwice(CaseFile(event.case_id, self._held), CaseFile(event.case_id, self._drafted))
            self._cases[event.case_id] = case
            self._comparing.began(recorded_at)
        case.fold(event, recorded_at)
        self._events += 1

    def partition_ends(self) -> None:
        """Time passes to the end of the history in every case; then the draft is switched on, for a day."""
        for case_id, case in self._cases.items():
            case.advance(self._until + 1)
            is_closed = case.as_it_was.standing.is_closed
            self._comparing.add(case_id, spans_of(case.was), spans_of(case.would), is_closed=is_closed)
        self._held.change(self._organisation, self._until + 1, self._draft)
        for case in self._cases.values():
            for step in case.as_it_was.advance(self._until + 1 + FIRST_DAY).transitions:
                if step.transition is Transition.RAISED:
                    self._raised[step.rule_id] += 1
                elif step.transition.is_ending:
                    self._ended[step.rule_id] += 1
        self._known += len(self._cases)
        self._begin()

    def foretold(self) -> Foretold:
        """After the last partition has ended."""
        first_day = FirstDay(dict(sorted(self._raised.items())), dict(sorted(self._ended.items())))
        return Foretold(self._comparing.result(), first_day, self._events, self._known, self._unreadable)
