"""What must hold for any bytes that claim to be an event, at each door where bytes become one.

Doors: a record of a topic, a message of a gRPC caller, the JSON body of a REST caller. Nothing but the refusal that a
door declares may come out; and what is taken once is taken again, the same, from the bytes it is written as.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from google.protobuf.message import DecodeError
from reintegration.v1 import events_pb2

from services.casework.codec import (
    UnreadableRecord,
    decode_keyed,
    decode_obligation_changes,
    decode_record,
    decode_transition,
    encode_event,
    event_from_message,
    event_to_message,
)
from services.casework.domain.events import Event, InvalidEvent, parse_event
from services.runtime.strict_json import InvalidJson, strict_json

GOLDEN = Path(__file__).parents[1] / "contract" / "golden"


def read_event_bytes(data: bytes) -> None:
    """One run of every door."""
    for door in (_record, _message, _body, _transition, _obligations):
        door(data)


def seeds() -> Iterator[bytes]:
    """The bytes of everything that was ever written, and the JSON of the same."""
    for path in sorted(GOLDEN.glob("*")):
        yield path.read_bytes()


def _record(data: bytes) -> None:
    try:
        record = decode_record(data)
    except UnreadableRecord as refusal:
        _quotes_nothing(refusal.reason, data)
        return
    if isinstance(record, Event):
        again = encode_event(record)
        assert decode_keyed(record.case_id.encode(), again) == record
        assert encode_event(decode_record(again)) == again  # type: ignore[arg-type]


def _message(data: bytes) -> None:
    try:
        message = events_pb2.Event.FromString(data)
    except DecodeError:
        return
    try:
        event = event_from_message(message, "organisation", "account")
    except InvalidEvent as refusal:
        assert refusal.problems
        return
    assert event_from_message(event_to_message(event), "organisation", "account") == event


def _body(data: bytes) -> None:
    try:
        stated = strict_json(data)
    except InvalidJson:
        return
    try:
        event = parse_event(stated, "organisation", "account")
    except InvalidEvent as refusal:
        assert refusal.problems
        return
    assert decode_record(encode_event(event)) == event


def _transition(data: bytes) -> None:
    _read(decode_transition, data)


def _obligations(data: bytes) -> None:
    _read(decode_obligation_changes, data)


def _read(decode: Callable[[bytes], object], data: bytes) -> None:
    try:
        decode(data)
    except UnreadableRecord as refusal:
        _quotes_nothing(refusal.reason, data)


def _quotes_nothing(reason: str, data: bytes) -> None:
    """A reason goes into logs and dead letters: nothing of the bytes may go with it."""
    words = data.decode("latin-1").split("\x00")
    assert not [word for word in words if len(word) >= 40 and word in reason]
