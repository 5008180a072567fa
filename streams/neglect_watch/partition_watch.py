"""One partition of the log, watched: records in, what is to be said out. Pure but for its own state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final, NamedTuple

from services.casework.codec import UnreadableRecord, decode_keyed
from services.casework.domain.control import Clock, ControlRecord, HistoryEnds, PolicyChanged, Record
from services.casework.domain.events import Event
from services.casework.domain.log_time import LogTime, PartitionTime
from services.casework.domain.moments import Moves
from services.casework.domain.policy_timeline import PolicyBook
from services.casework.domain.transitions import AlertTransition, LogPosition, ObligationChanges
from streams.neglect_watch.shelf import OPEN_CASES, Shelf
from streams.neglect_watch.stretch import Reading, Stretch


class LogRecord(NamedTuple):
    """A record as it stands in the log. header_ms: the instant of its `recorded_at` header, if it has one."""

    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    header_ms: int | None = None


@dataclass(slots=True)
class Findings:
    """What records brought about: each with the record whose reading showed it."""

    transitions: list[tuple[AlertTransition, LogPosition]] = field(default_factory=list)
    obligations: list[tuple[ObligationChanges, LogPosition]] = field(default_factory=list)
    unreadable: list[tuple[LogRecord, str]] = field(default_factory=list)

    def put_in_order(self) -> None:
        """By the records that caused them; what one record caused stays as it was found."""
        self.transitions.sort(key=_CAUSE)
        self.obligations.sort(key=_CAUSE)


_CAUSE: Final = itemgetter(1)


class PartitionWatch:
    """Works one partition, batch by batch, in order.

    policies_moved: policies were learned since their state was last kept. clock_read: no `clock` record that was
    asked for is still to come. said: the time up to which all that was found is in its topics. unreadable_in_a_row:
    how many records up to the last one could not be read.
    """

    def __init__(
        self,
        partition: int,
        time: LogTime | None = None,
        policies: PolicyBook | None = None,
        open_cases: int = OPEN_CASES,
    ) -> None:
        self.partition = partition
        self.time = PartitionTime.restore(time or LogTime())
        self.policies = policies or PolicyBook()
        self.shelf = Shelf(self.policies, open_cases)
        self.policies_moved = False
        self.clock_read = True
        self.said = self.time.state
        self.unreadable_in_a_row = 0

    def resume(self, time: LogTime, policies: PolicyBook) -> None:
        """Go on where a kept state left off, whose cases are on the shelf already."""
        self.time = PartitionTime.restore(time)
        self.policies = self.shelf.policies = policies
        self.said = time

    @property
    def position(self) -> int:
        """Offset of the last record worked, -1 for none."""
        return self.time.offset

    @property
    def checked_until(self) -> int | None:
        """The instant before which every case was checked and the alerts are out; None before the first record."""
        return self.said.newest if self.said.offset >= 0 else None

    def work(self, records: Iterable[LogRecord], findings: Findings) -> None:
        """Take the next records. Those that were worked already are left alone."""
        time, stretch = self.time, Stretch()
        reached = time.offset
        for record in records:
            offset, timestamp_ms, _, _, header_ms = record
            if offset <= reached:
                continue
            content, reached = _read(record), offset
            now = time.next(offset, timestamp_ms, header_ms, isinstance(content, HistoryEnds))
            if isinstance(content, Event):
                self.unreadable_in_a_row = 0
                stretch.take(content, now, offset)
                continue
            stretch.pass_by(now, offset)
            if isinstance(content, PolicyChanged):
                # Time up to here passes under the policies that were known before.
                self._work_through(stretch, findings)
                stretch = Stretch()
            self._take(record, content, now, findings)
        self._work_through(stretch, findings)
        findings.put_in_order()
        self.shelf.pack_away()

    def _work_through(self, stretch: Stretch, findings: Findings) -> None:
        """Case by case: its events, and what falls due by time alone before the last record."""
        if stretch:
            for case_id, readings in stretch.by_case():
                self._work_case(self.shelf.row_of(case_id), readings, stretch, findings)
            for row in self.shelf.due_before(stretch.recorded_at):
                self._work_case(row, (), stretch, findings)

    def _work_case(self, row: int, readings: Iterable[Reading], stretch: Stretch, findings: Findings) -> None:
        shelf = self.shelf
        case, applied, moves = shelf.case(row), shelf.applied(row), Moves()
        for event, now, offset in readings:
            # A kept state may be ahead of the position: what it was touched by already is not to be folded again.
            if offset > applied:
                case.fold(event, now, moves)
                if moves.obligations or moves.transitions:
                    self._find(moves, stretch, now, offset, findings)
        case.advance(stretch.recorded_at, moves)
        self._find(moves, stretch, stretch.recorded_at, stretch.offset, findings)
        shelf.worked(row, stretch.offset, case.next_due())

    def _find(self, moves: Moves, stretch: Stretch, now: int, offset: int, findings: Findings) -> None:
        """Take moves over, and empty them. now, offset: of the record that was taken when they came about.

        What happened before it was shown by the first record that was later; what happens at its own instant, such as
        the end of a pause, it shows itself.
        """
        partition = self.partition
        for transition in moves.transitions:
            cause = stretch.shown_by(transition.at) if transition.at < now else offset
            findings.transitions.append((transition, LogPosition(partition, cause)))
        for changes in moves.obligations:
            cause = stretch.shown_by(changes.at) if changes.at < now else offset
            findings.obligations.append((changes, LogPosition(partition, cause)))
        moves.transitions.clear()
        moves.obligations.clear()

    def _take(self, record: LogRecord, content: ControlRecord | UnreadableRecord, now: int, findings: Findings) -> None:
        """Take what is no event."""
        match content:
            case UnreadableRecord():
                self.unreadable_in_a_row += 1
                findings.unreadable.append((record, content.reason))
                return
            case PolicyChanged():
                self.policies.change(content.organisation, now, content.policy)
                self.policies_moved = True
                self.shelf.look_at_all(now)
            case Clock():
                self.clock_read = True
            case HistoryEnds():
                pass
        self.unreadable_in_a_row = 0


def _read(record: LogRecord) -> Record | UnreadableRecord:
    try:
        return decode_keyed(record.key, record.value)
    except UnreadableRecord as unreadable:
        return unreadable
