"""One partition of the log, watched: records in, what is to be said out. Pure but for its own state."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.casework.codec import UnreadableRecord, decode_record
from services.casework.domain.case_file import Moves
from services.casework.domain.control import Clock, HistoryEnds, PolicyChanged, Record
from services.casework.domain.events import Event
from services.casework.domain.log_time import LogTime, PartitionTime
from services.casework.domain.policy_timeline import PolicyBook
from services.casework.domain.transitions import AlertTransition, LogPosition, ObligationChanges
from streams.neglect_watch.shelf import Shelf


@dataclass(frozen=True, slots=True)
class LogRecord:
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


class PartitionWatch:
    """Works one partition, record by record, in order.

    policies_moved: policies were learned since their state was last kept. clock_read: no `clock` record that was
    asked for is still to come. said: the time up to which all that was found is in its topics.
    """

    def __init__(self, partition: int, time: LogTime | None = None, policies: PolicyBook | None = None) -> None:
        self.partition = partition
        self.time = PartitionTime.restore(time or LogTime())
        self.policies = policies or PolicyBook()
        self.shelf = Shelf(self.policies)
        self.policies_moved = False
        self.clock_read = True
        self.said = self.time.state

    @property
    def position(self) -> int:
        """Offset of the last record worked, -1 for none."""
        return self.time.state.offset

    @property
    def checked_until(self) -> int | None:
        """The instant before which every case was checked and the alerts are out; None before the first record."""
        return self.said.newest if self.said.offset >= 0 else None

    def work(self, record: LogRecord, findings: Findings) -> None:
        """Take the next record. One that was worked already is left alone."""
        if record.offset <= self.position:
            return
        try:
            content: Record | UnreadableRecord = _read(record)
        except UnreadableRecord as unreadable:
            content = unreadable
        ends_history = isinstance(content, HistoryEnds)
        now = self.time.next(record.offset, record.timestamp_ms, record.header_ms, ends_history)
        # A kept state may be ahead of the position: what it was touched by already is not to be folded again.
        kept_with_it = isinstance(content, Event) and self.shelf.applied(content.case_id) >= record.offset
        self._pass_time(now, record.offset, findings)
        match content:
            case Event() if kept_with_it:
                pass
            case Event():
                self._fold(content, now, record.offset, findings)
            case PolicyChanged():
                self.policies.change(content.organisation, now, content.policy)
                self.policies_moved = True
                self.shelf.look_at_all(now)
            case Clock():
                self.clock_read = True
            case HistoryEnds():
                pass
            case UnreadableRecord():
                findings.unreadable.append((record, str(content)))

    def _pass_time(self, now: int, offset: int, findings: Findings) -> None:
        for case in self.shelf.due_before(now):
            moves = case.advance(now)
            self.shelf.touched(case, offset)
            self._say(moves, offset, findings)

    def _fold(self, event: Event, now: int, offset: int, findings: Findings) -> None:
        case = self.shelf.of(event.case_id)
        moves = case.fold(event, now)
        self.shelf.touched(case, offset)
        self._say(moves, offset, findings)

    def _say(self, moves: Moves, offset: int, findings: Findings) -> None:
        cause = LogPosition(self.partition, offset)
        findings.transitions.extend((transition, cause) for transition in moves.transitions)
        findings.obligations.extend((changes, cause) for changes in moves.obligations)


def _read(record: LogRecord) -> Record:
    if record.value is None:
        raise UnreadableRecord("the record is empty")
    content = decode_record(record.value)
    if isinstance(content, Event) and record.key != content.case_id.encode():
        raise UnreadableRecord("the key is not the event's case_id")
    return content
