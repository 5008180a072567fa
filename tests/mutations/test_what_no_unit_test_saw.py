"""Two faults of `mutations.py` that no fast test saw before; they belong beside the unit tests of what they test."""

from __future__ import annotations

from aiokafka import ConsumerRecord

from services.alerting.domain.detector import DetectorWatch, Heartbeat
from services.casework.codec import encode_event
from services.casework.domain.events import parse_event
from services.casework.domain.instants import SECOND, parse_instant
from services.runtime.topics import CASE_EVENTS, PARTITIONS
from streams.clickhouse_sink.feeds import CaseEvents, Stated
from streams.clickhouse_sink.tables import EVENT_DIGESTS

MAR_1 = parse_instant("2026-03-01T00:00:00Z")
CASE_ID = "5f0e7a52-3c1b-4c7e-9a64-0d5b2f1c8e77"
EVENT_ID = "00000000-0000-4000-8000-000000000001"


def test_one_partition_that_fell_silent_among_others_that_beat_makes_the_whole_stale() -> None:
    watch = DetectorWatch()
    for partition in range(PARTITIONS):
        watch.take(Heartbeat(partition, MAR_1, 5, 10, MAR_1), MAR_1)
    later = MAR_1 + 46 * SECOND
    for partition in range(1, PARTITIONS):
        watch.take(Heartbeat(partition, later, 5, 12, later), later)
    fresh = watch.freshness(later, log_reached=True)
    assert (fresh.stale, fresh.cases_checked, fresh.lag) == (True, None, None)
    assert fresh.checked_until == MAR_1


def _digest(outcome: str, offset: int) -> object:
    said = {"direction": "outgoing", "outcome": outcome}
    raw = {"event_id": EVENT_ID, "case_id": CASE_ID, "type": "call", "occurred_at": "2026-03-01T00:00:00Z"}
    event = parse_event({**raw, "data": said}, "rupantar", "account-7")
    value = encode_event(event)
    record = ConsumerRecord(CASE_EVENTS.name, 3, offset, MAR_1, 1, CASE_ID.encode(), value, None, 36, len(value), ())
    digests, _ = CaseEvents().blocks([Stated(event, record, MAR_1 + offset)])
    return digests.columns[list(EVENT_DIGESTS.columns).index("digest")][0]


def test_two_contents_under_one_event_id_have_two_digests() -> None:
    assert _digest("reached", 0) == _digest("reached", 9) != _digest("no_answer", 1)
