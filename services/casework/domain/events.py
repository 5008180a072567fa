"""An event of a case, and how one is read from its JSON shape.

    Event: {"event_id", "case_id", "type", "occurred_at", "data"}

Every refusal names the field it is about. What an event *means* is in `facts`; who may record it is asked at the
entrance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from services.casework.domain.event_types import EVENT_TYPES, Codes, EventType, Id, Instant, Value
from services.casework.domain.instants import format_instant


class Event(NamedTuple):
    """Something that happened, immutable.

    occurred_at: milliseconds since 1970 UTC, as the staff member's device reported it.
    data: the parsed fields that are present (see event_types); instants and days in milliseconds.
    organisation, recorded_by: from the token of who recorded it; "" where a file does not say.
    """

    event_id: str
    case_id: str
    type: str
    occurred_at: int
    data: Mapping[str, Value]
    organisation: str = ""
    recorded_by: str = ""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing wrong with an event: a dotted path like `data.outcome`, and what was expected there."""

    field: str
    message: str


class InvalidEvent(ValueError):
    """The event cannot be taken as it is; `problems` names every field that is wrong."""

    def __init__(self, problems: list[FieldProblem]) -> None:
        super().__init__("; ".join(f"{problem.field}: {problem.message}" for problem in problems))
        self.problems = tuple(problems)


_ID: Final = Id()
_INSTANT: Final = Instant()
_ENVELOPE: Final = ("event_id", "case_id", "type", "occurred_at", "data")


def parse_event(
    raw: object, organisation: str = "", recorded_by: str = "", also: frozenset[str] = frozenset()
) -> Event:
    """The event that a JSON object states. `also` names further top-level fields the caller reads itself.

    Raises InvalidEvent naming every field that is missing, unknown or wrong.
    """
    if not isinstance(raw, dict):
        raise InvalidEvent([FieldProblem("", "expected a JSON object")])
    problems: list[FieldProblem] = [
        FieldProblem(str(name), "unknown field") for name in raw if name not in _ENVELOPE and name not in also
    ]
    event_id = _parsed(_ID, raw, "event_id", problems)
    case_id = _parsed(_ID, raw, "case_id", problems)
    occurred_at = _parsed(_INSTANT, raw, "occurred_at", problems)
    event_type = _type_of(raw, problems)
    data = _data_of(raw.get("data"), event_type, problems) if event_type else {}
    if problems or event_type is None:
        raise InvalidEvent(problems)
    assert isinstance(event_id, str) and isinstance(case_id, str) and isinstance(occurred_at, int)
    return Event(event_id, case_id, event_type.name, occurred_at, data, organisation, recorded_by)


def _parsed(kind: Id | Instant, raw: Mapping[str, object], name: str, problems: list[FieldProblem]) -> Value | None:
    if name not in raw:
        problems.append(FieldProblem(name, "required"))
        return None
    try:
        return kind.parse(raw[name])
    except ValueError as error:
        problems.append(FieldProblem(name, str(error)))
        return None


def _type_of(raw: Mapping[str, object], problems: list[FieldProblem]) -> EventType | None:
    name = raw.get("type")
    found = EVENT_TYPES.get(name) if isinstance(name, str) else None
    if found is None:
        shown = f"unknown event type {name[:60]!r}" if isinstance(name, str) else "expected an event type"
        problems.append(FieldProblem("type", "required" if "type" not in raw else shown))
    return found


def _data_of(raw: object, event_type: EventType, problems: list[FieldProblem]) -> dict[str, Value]:
    """The parsed fields. A field that is null counts as absent, and so does an empty list of codes."""
    if raw is None:
        raw = {}
    if not isinstance(raw, dict):
        problems.append(FieldProblem("data", "expected a JSON object"))
        return {}
    data: dict[str, Value] = {}
    for name, value in raw.items():
        field = event_type.fields.get(name)
        if field is None:
            problems.append(FieldProblem(f"data.{name}", f"unknown field of {event_type.name}"))
        elif value is not None and not (value == [] and isinstance(field.kind, Codes)):
            try:
                data[name] = field.kind.parse(value)
            except ValueError as error:
                problems.append(FieldProblem(f"data.{name}", str(error)))
    for name in event_type.required:
        if raw.get(name) is None:
            problems.append(FieldProblem(f"data.{name}", "required"))
    problems.extend(contradictions(event_type.name, data))
    return data


def contradictions(type_name: str, data: Mapping[str, Value]) -> list[FieldProblem]:
    """What is wrong between fields that are each right by themselves."""
    missed_how = data.get("outcome") if type_name == "call" and data.get("direction") == "incoming" else None
    if missed_how not in (None, "reached", "no_answer"):
        return [FieldProblem("data.outcome", "of an incoming call only reached or no_answer")]
    return []


def event_to_json(event: Event) -> dict[str, object]:
    """The JSON shape of an event, as it was recorded: the inverse of parse_event."""
    return {
        "event_id": event.event_id,
        "case_id": event.case_id,
        "type": event.type,
        "occurred_at": format_instant(event.occurred_at),
        "data": data_to_json(event.type, event.data),
    }


def data_to_json(type_name: str, data: Mapping[str, Value]) -> dict[str, object]:
    fields = EVENT_TYPES[type_name].fields
    return {name: fields[name].kind.to_json(value) for name, value in data.items()}
