"""An event means the same by every way in: JSON, the REST models, protobuf bytes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from services.casework.codec import UnreadableRecord, decode_record, encode_event, event_from_message, event_to_message
from services.casework.domain.event_types import EVENT_TYPES
from services.casework.domain.events import Event, InvalidEvent, event_to_json, parse_event
from services.casework.entrypoints.event_models import EventBody
from tests.contract.event_strategies import stated_events, wrong_events

BODY: TypeAdapter[Any] = TypeAdapter(EventBody)


def taken(stated: dict[str, Any]) -> Event:
    """The event, if the rules between its fields hold as well."""
    try:
        return parse_event(stated, "jashore-network", "account-7")
    except InvalidEvent as error:
        assert [problem.field for problem in error.problems] == ["data.outcome"]
        reject()


@given(stated_events())
@settings(max_examples=300)
def test_what_is_taken_as_json_comes_unchanged_through_the_log(stated: dict[str, Any]) -> None:
    event = taken(stated)
    record = encode_event(event)
    assert decode_record(record) == event
    assert encode_event(event) == record


@given(stated_events())
@settings(max_examples=300)
def test_what_is_taken_as_json_is_taken_as_a_message_too(stated: dict[str, Any]) -> None:
    event = taken(stated)
    assert event_from_message(event_to_message(event), event.organisation, event.recorded_by) == event


@given(stated_events())
@settings(max_examples=300)
def test_what_is_taken_as_json_comes_unchanged_through_the_models(stated: dict[str, Any]) -> None:
    event = taken(stated)
    shown = BODY.validate_python(stated).model_dump(mode="json", exclude_none=True)
    assert parse_event(shown, event.organisation, event.recorded_by) == event
    assert BODY.validate_python(event_to_json(event)).model_dump(exclude_none=True)["type"] == event.type


@given(wrong_events())
@settings(max_examples=500)
def test_what_the_parser_refuses_the_models_refuse_too(stated: dict[str, Any]) -> None:
    try:
        parse_event(stated)
    except InvalidEvent as error:
        if error.problems[-1].message.startswith("of an incoming call"):
            reject()
        with pytest.raises(ValidationError):
            BODY.validate_python(stated)


@pytest.mark.parametrize("nothing", [None, []], ids=["null", "an empty list"])
def test_nothing_is_no_answer_to_a_required_field(nothing: object) -> None:
    for event_type in EVENT_TYPES.values():
        stated = {
            "event_id": "0e7a525f-1b3c-4ec7-a964-5b0d1c2f778e",
            "case_id": "5f0e7a52-3c1b-4c7e-9a64-0d5b2f1c8e77",
            "type": event_type.name,
            "occurred_at": "2026-03-03T04:05:06.789Z",
            "data": dict.fromkeys(event_type.required, nothing),
        }
        assert missing_from(stated) == {f"data.{name}" for name in event_type.required}, event_type.name


def missing_from(stated: dict[str, Any]) -> set[str]:
    try:
        parse_event(stated)
    except InvalidEvent as error:
        return {problem.field for problem in error.problems}
    return set()


@given(st.binary(max_size=64))
def test_bytes_that_nobody_encoded_are_refused_or_read_and_never_break_the_reader(garbage: bytes) -> None:
    try:
        decode_record(garbage)
    except UnreadableRecord as error:
        assert error.reason
