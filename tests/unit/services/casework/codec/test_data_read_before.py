"""Data that many events state word for word is read once; nobody can tell from what is read."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from reintegration.v1 import log_pb2

from services.casework.codec import UnreadableRecord, decode_record, encode_event, event_messages
from services.casework.codec.plans import PLANS
from services.casework.domain.event_types import EVENT_TYPES
from services.casework.domain.events import Event, parse_event
from tests.contract.event_strategies import right_events


def outcome(record: bytes) -> object:
    try:
        return decode_record(record)
    except UnreadableRecord as error:
        return error.reason


def read_for_the_first_time(record: bytes) -> object:
    event_messages._known.clear()
    return outcome(record)


@given(right_events, st.data())
def test_an_event_reads_the_same_whatever_was_read_before(stated: dict[str, Any], data: st.DataObject) -> None:
    event = parse_event(stated, "jashore-network", "account-7")
    other = event._replace(event_id=data.draw(st.uuids().map(str)), occurred_at=data.draw(st.integers(0, 10**12)))
    assert read_for_the_first_time(encode_event(event)) == event
    for one in (other, event, other):
        assert outcome(encode_event(one)) == one


@given(st.lists(right_events, min_size=1, max_size=4), st.data())
def test_bytes_of_any_kind_come_to_the_same_after_any_others(stated: list[dict[str, Any]], data: st.DataObject) -> None:
    records = [encode_event(parse_event(one, "", "")) for one in stated]
    damaged = [_damaged(record, data) for record in records]
    first = [read_for_the_first_time(record) for record in (*records, *damaged)]
    event_messages._known.clear()
    for _ in range(2):
        assert [outcome(record) for record in (*records, *damaged)] == first


def _damaged(record: bytes, data: st.DataObject) -> bytes:
    """A byte changed, or a part of the record said twice, which protobuf merges."""
    at = data.draw(st.integers(0, len(record) - 1))
    if data.draw(st.booleans()):
        return record[:at] + bytes([data.draw(st.integers(0, 255))]) + record[at + 1 :]
    return record + record[at:]


def test_what_is_wrong_is_refused_every_time() -> None:
    envelope = log_pb2.Envelope.FromString(encode_event(Event(*_IDS, "call", 0, _CALL)))
    envelope.event.call.wellbeing = 9
    wrong = envelope.SerializeToString()
    event_messages._known.clear()
    reasons = {str(outcome(wrong)) for _ in range(3)}
    assert reasons == {"data.wellbeing: expected a whole number from 1 to 5"}
    assert event_messages._known == {}


def test_events_that_state_the_same_share_it_but_for_types_whose_data_never_recur() -> None:
    first, second = (decode_record(encode_event(Event(*_IDS, "call", at, _CALL))) for at in (0, 1))
    assert isinstance(first, Event) and isinstance(second, Event)
    assert first.data is second.data
    unique = {name for name in EVENT_TYPES if not PLANS[name].recurs}
    assert {"case_opened", "retraction", "contact_paused", "wellbeing_assessment"} <= unique
    assert {"call", "family_check_in", "training", "legal_step"} & unique == set()


def test_no_more_is_kept_than_a_bound() -> None:
    event_messages._known.clear()
    for hours in range(10_001):
        data = {"kind": "business", "status": "attended", "hours": hours % 10_000}
        assert decode_record(encode_event(Event(*_IDS, "training", 0, data))) == Event(*_IDS, "training", 0, data)
    assert len(event_messages._known) <= event_messages._MOST_KNOWN


_IDS = ("0e7a525f-1b3c-4ec7-a964-5b0d1c2f778e", "5f0e7a52-3c1b-4c7e-9a64-0d5b2f1c8e77")
_CALL = {"direction": "outgoing", "outcome": "reached"}
