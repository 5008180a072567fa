"""How the `data` of each event type is read from and written to its message: one plan a type, made once.

A plan joins the table of event types with the message's descriptor by name, so that neither a field nor an
enumeration is written down a second time. A field that one side has and the other has not stops the import.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from reintegration.v1 import events_pb2

from services.casework.codec.timestamps import instant_of, timestamp
from services.casework.codec.words import numbers_of, words_of
from services.casework.domain.event_types import (
    EVENT_TYPES,
    NOTE_ID,
    Codes,
    Day,
    EventType,
    Field,
    Id,
    Instant,
    OneOf,
    Scores,
    Value,
)
from services.casework.domain.instants import format_day

Read = Callable[[Any], Value | None]
"""A set protobuf field into a parsed one; None when it says nothing. Raises ValueError with what was expected."""

Write = Callable[[Any], Any]
"""A parsed field into what the message's constructor takes."""


@dataclass(frozen=True, slots=True)
class FieldReading:
    name: str
    read: Read


@dataclass(frozen=True, slots=True)
class TypePlan:
    """readings: by the number of the message's field; writings: by the name of the type's field.

    recurs: many events of the type state the same, which those with an id, an instant or scores do not.
    has_note: the type may have a note_id; an event that has one states what no other does.
    """

    event_type: EventType
    message: type[Message]
    readings: Mapping[int, FieldReading]
    writings: Mapping[str, Write]
    recurs: bool
    has_note: bool


def _reading(field: Field, descriptor: FieldDescriptor) -> Read:
    kind = field.kind
    if isinstance(kind, OneOf):
        return _word_reading(kind, words_of(_enum_of(field, kind, descriptor)))
    if isinstance(kind, Instant):
        return instant_of
    if isinstance(kind, Codes):
        return lambda value: kind.parse(list(value))
    if isinstance(kind, Scores):
        return lambda value: kind.parse(dict(value))
    return kind.parse


def _enum_of(field: Field, kind: OneOf, descriptor: FieldDescriptor) -> EnumDescriptor:
    enum = descriptor.enum_type
    if enum is None or not set(kind.values) <= set(words_of(enum).values()):
        raise TypeError(f"{field.name} has words that its message has no enumeration for")
    return enum


def _word_reading(kind: OneOf, words: Mapping[int, str]) -> Read:
    allowed: dict[int, str | None] = {number: word for number, word in words.items() if word in kind.values}
    allowed[0] = None

    def read(number: int) -> str | None:
        try:
            return allowed[number]
        except KeyError:
            return kind.parse(number)

    return read


def _writing(field: Field, descriptor: FieldDescriptor) -> Write:
    kind = field.kind
    if isinstance(kind, OneOf):
        return numbers_of(_enum_of(field, kind, descriptor)).__getitem__
    if isinstance(kind, Instant):
        return timestamp
    if isinstance(kind, Day):
        return format_day
    return _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _plan(event_type: EventType) -> TypePlan:
    data_type = events_pb2.Event.DESCRIPTOR.fields_by_name[event_type.name].message_type
    if data_type is None:
        raise TypeError(f"{event_type.name} is no message")
    described = data_type.fields_by_name
    if set(described) != set(event_type.fields):
        raise TypeError(f"{event_type.name} and its message {data_type.name} have different fields")
    return TypePlan(
        event_type,
        getattr(events_pb2, data_type.name),
        {
            described[field.name].number: FieldReading(field.name, _reading(field, described[field.name]))
            for field in event_type.fields.values()
        },
        {field.name: _writing(field, described[field.name]) for field in event_type.fields.values()},
        not any(
            isinstance(field.kind, Id | Instant | Scores) and field.name != NOTE_ID
            for field in event_type.fields.values()
        ),
        NOTE_ID in event_type.fields,
    )


PLANS: Final[Mapping[str, TypePlan]] = MappingProxyType(
    {event_type.name: _plan(event_type) for event_type in EVENT_TYPES.values()}
)
