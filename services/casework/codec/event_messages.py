"""An event as its protobuf message, there and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet
from reintegration.v1 import events_pb2

from services.casework.codec.plans import PLANS, TypePlan
from services.casework.codec.timestamps import instant_of, timestamp
from services.casework.domain.event_types import NOTE_ID, Id, Value

# The rules between fields are the domain's; an event that came as bytes has to keep them too.
from services.casework.domain.events import Event, FieldProblem, InvalidEvent, contradictions

_ID: Final = Id()

_MOST_KNOWN: Final = 8192
_known: dict[tuple[str, bytes], Mapping[str, Value]] = {}
"""{(type, its message's bytes): the data that was read of it}, for what many events state word for word, such as a call
that nobody answered: it is read once. Only what is right is kept, and events share it, for nobody changes an event."""


def event_to_message(event: Event) -> events_pb2.Event:
    """The message of an event. Raises ValueError for an event that `parse_event` would not have given."""
    plan = PLANS.get(event.type)
    if plan is None:
        raise ValueError(f"no such event type: {event.type}")
    writings = plan.writings
    try:
        data = plan.message(**{name: writings[name](value) for name, value in event.data.items()})
    except (KeyError, TypeError) as error:
        raise ValueError(f"not the data of a {event.type}") from error
    message = events_pb2.Event(event_id=event.event_id, case_id=event.case_id, occurred_at=timestamp(event.occurred_at))
    getattr(message, event.type).CopyFrom(data)
    return message


def event_from_message(message: events_pb2.Event, organisation: str, recorded_by: str) -> Event:
    """The event that a client's message states, held to everything that `parse_event` demands.

    Raises InvalidEvent naming every field that is missing, unknown or wrong, by its JSON name.
    """
    unknown = _unknown_fields(message)
    if not unknown:
        return read_event(message, organisation, recorded_by)
    try:
        read_event(message, organisation, recorded_by)
    except InvalidEvent as error:
        raise InvalidEvent([*unknown, *error.problems]) from None
    raise InvalidEvent(unknown)


def read_event(message: events_pb2.Event, organisation: str, recorded_by: str) -> Event:
    """As `event_from_message`, but fields with unknown numbers are left unread, as a reader of the log must."""
    event_id, case_id, type_name = message.event_id, message.case_id, message.WhichOneof("data")
    problems: list[FieldProblem] = []
    _check_id(event_id, "event_id", problems)
    _check_id(case_id, "case_id", problems)
    occurred_at = _occurred_at(message, problems)
    if type_name is None:
        raise InvalidEvent([*problems, FieldProblem("type", "required: no data of a known event type is set")])
    data = _data_read_before(getattr(message, type_name), PLANS[type_name], problems)
    if problems:
        raise InvalidEvent(problems)
    return Event(event_id, case_id, type_name, occurred_at, data, organisation, recorded_by)


def _check_id(value: str, name: str, problems: list[FieldProblem]) -> None:
    try:
        _ID.parse(value)
    except ValueError as error:
        problems.append(FieldProblem(name, str(error) if value else "required"))


def _occurred_at(message: events_pb2.Event, problems: list[FieldProblem]) -> int:
    if not message.HasField("occurred_at"):
        problems.append(FieldProblem("occurred_at", "required"))
        return 0
    try:
        return instant_of(message.occurred_at)
    except ValueError as error:
        problems.append(FieldProblem("occurred_at", str(error)))
        return 0


def _data_read_before(message: Message, plan: TypePlan, problems: list[FieldProblem]) -> Mapping[str, Value]:
    """As `_data_of`, which the same bytes of the same type need only once."""
    if not plan.recurs or (plan.has_note and message.HasField(NOTE_ID)):
        return _data_of(message, plan, problems)
    key = (plan.event_type.name, message.SerializePartialToString())
    known = _known.get(key)
    if known is not None:
        return known
    found: list[FieldProblem] = []
    data = _data_of(message, plan, found)
    problems.extend(found)
    if not found:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[key] = data
    return data


def _data_of(message: Message, plan: TypePlan, problems: list[FieldProblem]) -> dict[str, Value]:
    data: dict[str, Value] = {}
    wrong: set[str] = set()
    readings = plan.readings
    for descriptor, raw in message.ListFields():
        field = readings[descriptor.number]
        try:
            value = field.read(raw)
        except ValueError as error:
            problems.append(FieldProblem(f"data.{field.name}", str(error)))
            wrong.add(field.name)
        else:
            if value is not None:
                data[field.name] = value
    for name in plan.event_type.required:
        if name not in data and name not in wrong:
            problems.append(FieldProblem(f"data.{name}", "required"))
    problems.extend(contradictions(plan.event_type.name, data))
    return data


def _unknown_fields(message: events_pb2.Event) -> list[FieldProblem]:
    """Numbers that this version does not know, at the entrance an error like an unknown name in JSON."""
    problems = [FieldProblem(f"#{number}", "unknown field") for number in _unknown_numbers(message)]
    type_name = message.WhichOneof("data")
    if type_name is not None:
        problems.extend(
            FieldProblem(f"data.#{number}", f"unknown field of {type_name}")
            for number in _unknown_numbers(getattr(message, type_name))
        )
    return problems


def _unknown_numbers(message: Message) -> list[int]:
    unknown = UnknownFieldSet(message)
    return [unknown[index].field_number for index in range(len(unknown))]
