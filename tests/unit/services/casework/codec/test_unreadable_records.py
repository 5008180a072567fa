"""What cannot be read is refused with a reason that names the field and quotes nothing."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from reintegration.v1 import alerts_pb2, events_pb2, log_pb2

from services.casework.codec import (
    UnreadableRecord,
    decode_obligation_changes,
    decode_record,
    decode_transition,
    encode_clock,
    encode_event,
    encode_history_ends,
    event_from_message,
)
from services.casework.codec.timestamps import instant_of, timestamp
from services.casework.domain.control import Clock, HistoryEnds
from services.casework.domain.events import Event, InvalidEvent

EVENT_ID = "0e7a525f-1b3c-4ec7-a964-5b0d1c2f778e"
CASE_ID = "5f0e7a52-3c1b-4c7e-9a64-0d5b2f1c8e77"
CANARY = "canary-0171-555-0199"


def a_call() -> events_pb2.Event:
    return events_pb2.Event(
        event_id=EVENT_ID,
        case_id=CASE_ID,
        occurred_at=Timestamp(seconds=1_772_510_706, nanos=789_999_999),
        call=events_pb2.Call(direction=events_pb2.CALL_DIRECTION_OUTGOING, outcome=events_pb2.CALL_OUTCOME_REACHED),
    )


def recorded(event: events_pb2.Event) -> bytes:
    return log_pb2.Envelope(event=event, organisation="jashore-network", recorded_by="account-7").SerializeToString()


Change = Callable[[events_pb2.Event], object]

WRONG: dict[str, tuple[Change, str]] = {
    "no event_id": (lambda event: event.ClearField("event_id"), "event_id: required"),
    "a name for an id": (lambda event: setattr(event, "case_id", CANARY), "case_id: expected a lower-case UUID"),
    "no occurred_at": (lambda event: event.ClearField("occurred_at"), "occurred_at: required"),
    "nanos out of range": (
        lambda event: setattr(event.occurred_at, "nanos", 1_000_000_000),
        "occurred_at: expected an instant of the years 1 to 9999",
    ),
    "year 10000": (
        lambda event: setattr(event.occurred_at, "seconds", 253_402_300_800),
        "occurred_at: expected an instant of the years 1 to 9999",
    ),
    "no data": (lambda event: event.ClearField("call"), "type: required: no data of a known event type is set"),
    "a word that is not known": (
        lambda event: setattr(event.call, "outcome", 77),
        "data.outcome: expected one of reached, no_answer, switched_off, wrong_number, refused, unsafe_to_talk",
    ),
    "an unspecified word": (lambda event: setattr(event.call, "outcome", 0), "data.outcome: required"),
    "a field that is required": (lambda event: event.call.ClearField("direction"), "data.direction: required"),
    "a number out of bounds": (
        lambda event: setattr(event.call, "wellbeing", 6),
        "data.wellbeing: expected a whole number from 1 to 5",
    ),
    "fields that contradict each other": (
        lambda event: event.call.MergeFrom(events_pb2.Call(direction=2, outcome=3)),
        "data.outcome: of an incoming call only reached or no_answer",
    ),
    "a pathway that settles nothing": (
        lambda event: event.settled.MergeFrom(events_pb2.Settled(pathway=3, district="jashore")),
        "data.pathway: expected one of family, independent",
    ),
    "free text for a code": (
        lambda event: event.job_placement.MergeFrom(events_pb2.JobPlacement(status=2, occupation=CANARY.upper())),
        "data.occupation: expected a code of up to 40 of a-z, 0-9, '_', '-' and '.'",
    ),
    "a score that is no number": (
        lambda event: event.wellbeing_assessment.MergeFrom(
            events_pb2.WellbeingAssessment(instrument="who5", version="1", scores={"hope": math.nan})
        ),
        "data.scores: expected a number from 0.0 to 1.0 for every dimension",
    ),
    "a day that is none": (
        lambda event: event.legal_step.MergeFrom(events_pb2.LegalStep(step=4, next_date="31 March")),
        "data.next_date: expected a day like 2026-03-12",
    ),
}


@pytest.mark.parametrize(("change", "reason"), WRONG.values(), ids=WRONG.keys())
def test_an_event_that_breaks_a_rule_is_refused_with_the_field_by_log_and_entrance_alike(
    change: Change, reason: str
) -> None:
    message = a_call()
    change(message)
    with pytest.raises(UnreadableRecord) as unreadable:
        decode_record(recorded(message))
    assert unreadable.value.reason == reason
    assert CANARY not in reason.lower()
    with pytest.raises(InvalidEvent) as invalid:
        event_from_message(message, "jashore-network", "account-7")
    assert str(invalid.value) == reason


def test_every_field_that_is_wrong_is_named_at_once() -> None:
    message = events_pb2.Event(call=events_pb2.Call(wellbeing=9))
    with pytest.raises(InvalidEvent) as invalid:
        event_from_message(message, "", "")
    fields = [problem.field for problem in invalid.value.problems]
    assert fields == ["event_id", "case_id", "occurred_at", "data.wellbeing", "data.direction", "data.outcome"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "the record is empty"),
        (b"", "the record is empty"),
        (b"\xff\xfe", "the bytes are no Envelope"),
        (log_pb2.Envelope(organisation="x").SerializeToString(), "no record of a known kind is set"),
        (
            log_pb2.Envelope(policy_changed=log_pb2.PolicyChanged()).SerializeToString(),
            "policy_changed.policy: required",
        ),
        (
            log_pb2.Envelope(
                policy_changed=log_pb2.PolicyChanged(
                    version="1", policy=log_pb2.Policy(rules=[log_pb2.Rule(id="a", severity=log_pb2.SEVERITY_LOW)])
                )
            ).SerializeToString(),
            "policy_changed.policy.rules[0]: no known kind of rule is set",
        ),
    ],
)
def test_bytes_that_are_no_record_are_refused(value: bytes | None, reason: str) -> None:
    with pytest.raises(UnreadableRecord) as unreadable:
        decode_record(value)
    assert unreadable.value.reason == reason


def test_a_field_of_a_newer_writer_is_left_unread_in_the_log_and_refused_at_the_entrance() -> None:
    newer = events_pb2.Event.FromString(a_call().SerializeToString())
    newer.call.MergeFromString(b"\x98\x06\x01")
    newer.MergeFromString(b"\xc0\x3e\x01")
    assert decode_record(recorded(newer)) == decode_record(recorded(a_call()))
    with pytest.raises(InvalidEvent) as invalid:
        event_from_message(newer, "", "")
    assert [problem.field for problem in invalid.value.problems] == ["#1000", "data.#99"]


def test_control_records_are_told_from_events() -> None:
    assert decode_record(encode_clock()) == Clock()
    assert decode_record(encode_history_ends()) == HistoryEnds()


@pytest.mark.parametrize(
    ("instant", "seconds", "nanos"),
    [
        (0, 0, 0),
        (1, 0, 1_000_000),
        (-1, -1, 999_000_000),
        (-1000, -1, 0),
        (1_772_510_706_789, 1_772_510_706, 789_000_000),
    ],
)
def test_instants_are_exact_on_both_sides_of_1970(instant: int, seconds: int, nanos: int) -> None:
    stamp = timestamp(instant)
    assert (stamp.seconds, stamp.nanos) == (seconds, nanos)
    assert instant_of(stamp) == instant


def test_what_is_finer_than_a_millisecond_is_cut_off() -> None:
    event = decode_record(recorded(a_call()))
    assert isinstance(event, Event)
    assert event.occurred_at == 1_772_510_706_789


@pytest.mark.parametrize("data", [{"mood": "good"}, {"outcome": "asleep"}, {"wellbeing": "five"}])
def test_what_is_no_event_is_not_encoded(data: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="not the data of a call"):
        encode_event(Event(EVENT_ID, CASE_ID, "call", 0, data))


def test_a_type_that_is_not_known_is_not_encoded() -> None:
    with pytest.raises(ValueError, match="no such event type"):
        encode_event(Event(EVENT_ID, CASE_ID, "note", 0, {}))


@pytest.mark.parametrize("decode", [decode_transition, decode_obligation_changes])
@pytest.mark.parametrize("value", [None, b"", b"\xff"])
def test_what_the_detector_did_not_say_is_refused(
    decode: Callable[[bytes | None], object], value: bytes | None
) -> None:
    with pytest.raises(UnreadableRecord):
        decode(value)


def test_a_transition_that_lacks_its_times_is_refused() -> None:
    message = alerts_pb2.AlertTransition(
        alert_id="a", case_id="b", rule_id="c", revision=1, level=1, severity=log_pb2.SEVERITY_LOW, transition=1
    )
    with pytest.raises(UnreadableRecord, match="at: required"):
        decode_transition(message.SerializeToString())
