"""Decodes records of the log and folds them into what is known; what cannot be read is counted and named."""

from __future__ import annotations

import logging
from typing import Any, Final

from prometheus_client import Counter

from services.alerting.application.known import Known
from services.alerting.domain.position import fingerprint
from services.casework.codec import UnreadableRecord, decode_keyed, decode_transition
from services.casework.domain.canaries import CANARY_ORGANISATION
from services.casework.domain.control import HistoryEnds, PolicyChanged, Record
from services.casework.domain.events import Event
from services.casework.domain.log_time import PartitionTime, header_instant
from services.runtime.topics import PARTITIONS

UNREADABLE: Final = Counter("reintegration_alerting_unreadable", "Records that could not be read", ("topic",))
FOLDED: Final = Counter("reintegration_alerting_folded", "Records folded", ("topic",))

_log = logging.getLogger(__name__)


class LogFolding:
    """One pass over the log, from its first record: `recorded_at` is worked out along each partition."""

    def __init__(self, known: Known) -> None:
        self._contents = known.contents
        self._times = tuple(PartitionTime() for _ in range(PARTITIONS))

    def take_alerts(self, messages: list[Any]) -> None:
        """Records of one partition of the alerts topic, in order."""
        for message in messages:
            transitions = self._contents.transitions
            is_first = transitions.needs_fingerprint(message.partition)
            print_of_first = fingerprint(message.timestamp, message.value) if is_first else b""
            transitions.note_read(message.partition, message.offset, print_of_first)
            try:
                transition, _ = decode_transition(message.value)
            except UnreadableRecord as error:
                self._contents.unreadable_alerts += 1
                _note_unreadable(message, error)
                continue
            if transition.organisation == CANARY_ORGANISATION:
                self._contents.detector.take_canary(message.partition, transition, message.timestamp)
            elif self._contents.inbox.take_transition(transition):
                transitions.append(message.partition, message.offset, transition)
        FOLDED.labels(messages[0].topic).inc(len(messages))

    def take_case_events(self, messages: list[Any], end: int) -> None:
        """Records of one partition of the case events, in order; the partition ends before `end`."""
        first_recorded_at: int | None = None
        for message in messages:
            record = _record_of(message)
            header = header_instant(message.headers)
            recorded_at = self._times[message.partition].next(
                message.offset, message.timestamp, header, isinstance(record, HistoryEnds)
            )
            first_recorded_at = recorded_at if first_recorded_at is None else first_recorded_at
            match record:
                case Event():
                    self._contents.inbox.take_event(record, recorded_at, message.partition, message.offset)
                case PolicyChanged():
                    self._contents.inbox.take_policy(record, recorded_at, message.partition)
        first = messages[0]
        self._contents.detector.note_records(first.partition, first.offset, first_recorded_at or 0, end)
        FOLDED.labels(first.topic).inc(len(messages))


def _record_of(message: Any) -> Record | None:
    try:
        return decode_keyed(message.key, message.value)
    except UnreadableRecord as error:
        _note_unreadable(message, error)
        return None


def _note_unreadable(message: Any, error: UnreadableRecord) -> None:
    """The sink puts such a record aside with the reason; here it only says nothing."""
    UNREADABLE.labels(message.topic).inc()
    where = {"topic": message.topic, "partition": message.partition, "offset": message.offset}
    _log.warning("a record could not be read", extra={**where, "reason": str(error)})
