"""The columns of case events hold what each event states by itself, said once more and by rows."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from aiokafka import ConsumerRecord
from hypothesis import given
from hypothesis import strategies as st

from services.casework.codec import decode_record, encode_clock, encode_event
from services.casework.domain.control import Clock
from services.casework.domain.events import Event, data_to_json, parse_event
from services.casework.domain.facts import facts_of
from services.runtime.topics import CASE_EVENTS
from streams.clickhouse_sink.feeds import CaseEvents, Stated
from streams.clickhouse_sink.tables import EVENT_DIGESTS, EVENTS
from tests.contract.event_strategies import right_events


def stated(event: Event | Clock, offset: int, recorded_at: int) -> Stated:
    value = encode_event(event) if isinstance(event, Event) else encode_clock()
    record = ConsumerRecord(CASE_EVENTS.name, 3, offset, recorded_at, 1, None, value, None, 0, 0, ())
    return Stated(decode_record(value), record, recorded_at)


def rows_of(event: Event, offset: int, recorded_at: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The digest's row and the event's, in plain words."""
    data = json.dumps(data_to_json(event.type, event.data), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    content = f"{event.case_id}|{event.event_id}|{event.type}|{event.occurred_at}|{data}"
    digest = sha256(content.encode()).digest()
    facts = facts_of(event, recorded_at)
    names, times = [fact.name for fact in facts], [fact.time for fact in facts]
    who, place = (event.case_id, event.event_id), (3, offset)
    said = (event.organisation, event.type, event.occurred_at, recorded_at, event.recorded_by, data, names, times)
    return (*who, digest, *place, recorded_at, event.recorded_by), (*who, *said, CASE_EVENTS.name, *place, digest)


@given(st.lists(st.tuples(right_events, st.integers(0, 4 * 10**12)), min_size=1, max_size=6))
def test_the_columns_are_the_rows_of_every_event(drawn: list[tuple[dict[str, Any], int]]) -> None:
    feed = CaseEvents()
    events = [(parse_event(raw, "jashore-network", "account-7"), at) for raw, at in drawn] * 2
    blocks = feed.blocks([stated(event, offset, at) for offset, (event, at) in enumerate(events)])
    expected = [rows_of(event, offset, at) for offset, (event, at) in enumerate(events)]
    assert [block.table for block in blocks] == [EVENT_DIGESTS, EVENTS]
    for number, block in enumerate(blocks):
        assert len(block) == len(events)
        found = [tuple(list(v) if isinstance(v, tuple) else v for v in row) for row in zip(*block.columns, strict=True)]
        assert found == [rows[number] for rows in expected]


def test_what_is_no_event_of_people_is_in_no_block() -> None:
    call = {
        "event_id": "0e7a525f-1b3c-4ec7-a964-5b0d1c2f778e",
        "case_id": "5f0e7a52-3c1b-4c7e-9a64-0d5b2f1c8e77",
        "type": "call",
        "occurred_at": "2026-03-01T00:00:00.000Z",
        "data": {"outcome": "reached", "direction": "outgoing"},
    }
    canary, hers = parse_event(call, "reintegration-canary", ""), parse_event(call, "jashore-network", "")
    feed = CaseEvents()
    assert feed.blocks([stated(Clock(), 0, 1), stated(canary, 1, 1)]) == []
    assert [len(block) for block in feed.blocks([stated(canary, 0, 1), stated(hers, 1, 1)])] == [1, 1]
