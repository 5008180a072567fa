"""One partition of the log, watched: records in, what is to be said out. Pure but for its own state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from services.casework.codec import UnreadableRecord, decode_keyed
from services.casework.domain.control import Clock, ControlRecord, HistoryEnds, PolicyChanged, Record
from services.casework.domain.events import Event
from services.casework.domain.log_time import LogTime, PartitionTime
from services.casework.domain.moments import Moves
from services.casework.domain.policy_timeline import PolicyBook
from services.casework.domain.transitions import AlertTransition, LogPosition, ObligationChanges
from streams.neglect_watch.shelf import Shelf


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

    def take(self, moves: Moves, cause: LogPosition) -> None:
        """Take moves over, and empty them."""
        if moves.transitions:
            self.transitions.extend([(transition, cause) for transition in moves.transitions])
            moves.transitions.clear()
        if moves.obligations:
            self.obligations.extend([(changes, cause) for changes in moves.obligations])
            moves.obligations.clear()


_Reading = tuple[LogRecord, Record | UnreadableRecord, int]
"""A record read: what it states, and its recorded_at."""


class PartitionWatch:
    """Works one partition, batch by batch, in order.

    policies_moved: policies were learned since their state was last kept. clock_read: no `clock` record that was
    asked for is still to come. said: the time up to which all that was found is in its topics. unreadable_in_a_row:
    how many records up to the last one could not be read.
    """

    def __init__(self, partition: int, time: LogTime | None = None, policies: PolicyBook | None = None) -> None:
        self.partition = partition
        self.time = PartitionTime.restore(time or LogTime())
        self.policies = policies or PolicyBook()
        self.shelf = Shelf(self.policies)
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
        moment = self.time.newest
        readings = self._read_all(records)
        if not readings:
            return
        _, _, last = readings[-1]
        self.shelf.expect(last)
        moves = Moves()
        for record, content, now in readings:
            if now > moment:
                moment = now
                self._pass_time(now, record.offset, moves, findings)
            if isinstance(content, Event):
                self.unreadable_in_a_row = 0
                self._fold(content, now, record.offset, moves, findings)
            else:
                self._take(record, content, now, findings)
        self.shelf.pack_away()

    def _read_all(self, records: Iterable[LogRecord]) -> list[_Reading]:
        """What the records state, and when it was recorded: time along a partition needs nothing else."""
        readings, time = list[_Reading](), self.time
        for record in records:
            offset, timestamp_ms, _, _, header_ms = record
            if offset <= time.offset:
                continue
            content = _read(record)
            now = time.next(offset, timestamp_ms, header_ms, isinstance(content, HistoryEnds))
            readings.append((record, content, now))
        return readings

    def _pass_time(self, now: int, offset: int, moves: Moves, findings: Findings) -> None:
        shelf = self.shelf
        for row in shelf.due_before(now):
            case = shelf.case(row)
            case.advance(now, moves)
            shelf.advanced(row, case, offset)
        if moves.obligations or moves.transitions:
            findings.take(moves, LogPosition(self.partition, offset))

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

    def _fold(self, event: Event, now: int, offset: int, moves: Moves, findings: Findings) -> None:
        shelf = self.shelf
        row = shelf.row_of(event.case_id)
        # A kept state may be ahead of the position: what it was touched by already is not to be folded again.
        if shelf.applied(row) >= offset:
            return
        shelf.case(row).fold(event, now, moves)
        shelf.folded(row, offset)
        if moves.obligations or moves.transitions:
            findings.take(moves, LogPosition(self.partition, offset))


def _read(record: LogRecord) -> Record | UnreadableRecord:
    try:
        return decode_keyed(record.key, record.value)
    except UnreadableRecord as unreadable:
        return unreadable
