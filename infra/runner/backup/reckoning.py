"""Records as a backup keeps them: read from the log, with recorded_at reckoned as the log's readers do."""

from __future__ import annotations

from collections.abc import Iterator

from infra.runner.backup.record_files import KeptRecord
from infra.runner.log_records import headers_of, raw, records_of
from services.casework.codec import UnreadableRecord, decode_record
from services.casework.domain.control import HistoryEnds
from services.casework.domain.log_time import PartitionTime, header_instant
from services.runtime.settings import Settings
from services.runtime.topics import Topic


def kept_records(settings: Settings, topic: Topic, partition: int, end: int) -> Iterator[KeptRecord]:
    """One partition from its beginning up to `end`. Raises CannotRun."""
    time = PartitionTime()
    for message in records_of(settings, topic, {partition: end}):
        offset, timestamp = message.offset(), message.timestamp()[1]
        assert offset is not None
        key, value, headers = raw(message.key()), raw(message.value()), headers_of(message)
        # Only a history that has begun can end, and only the first record begins one.
        ends = (offset == 0 or time.state.in_history) and ends_history(value)
        instant = header_instant((name, content or b"") for name, content in headers)
        recorded_at = time.next(offset, timestamp, instant, ends)
        yield KeptRecord(offset, timestamp, recorded_at, key, value, headers)


def ends_history(value: bytes | None) -> bool:
    """Whether readers take it for a `history_ends` record."""
    try:
        return isinstance(decode_record(value or b""), HistoryEnds)
    except UnreadableRecord:
        return False
