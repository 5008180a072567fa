"""A form for any event type, made from the table of event types, and what was typed, read back into an event's JSON.

Whether the values are right is for intake to say. Here only what cannot be written down as JSON (a number that is
none, a time that is none) is named at its field, so that what was typed stays on the screen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, assert_never

from services.casework.domain.event_types import (
    EVENT_TYPES,
    NOTE_ID,
    Code,
    Codes,
    Country,
    Day,
    EventType,
    Flag,
    Id,
    Instant,
    Kind,
    OneOf,
    Recorder,
    Scores,
    Whole,
)
from services.casework.domain.event_types import Field as EventField
from services.web.catalogue import latin_digits
from services.web.dhaka import typed_instant

_FEW: Final = 6
ACTIONS_ON_ALERTS: Final = frozenset({"alert_acknowledged", "alert_snoozed", "alert_reassigned"})
"""Recorded from the inbox, where the alert is in view."""


@dataclass(frozen=True, slots=True)
class Control:
    """One field on the screen. widget: radio, select, number, text, list, scores, day or time.

    reads: how a script reads what was typed (static/typed.js). expected: what should stand there, a catalogue key.
    """

    name: str
    widget: str
    required: bool
    values: tuple[str, ...] = ()
    pattern: str = ""
    example: str = ""
    reads: str = "text"
    expected: str = "expected.other"


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed: the event's data as JSON, and by field what could not be read."""

    data: Mapping[str, object]
    unreadable: Mapping[str, str]


def controls_of(event_type: EventType) -> tuple[Control, ...]:
    """The controls of a type's form, those that must be filled in first. Words have one of their own."""
    fields = [field for field in event_type.fields.values() if field.name != NOTE_ID]
    controls = [
        replace(control_of(field), reads=_reads(field.kind), expected=_expected(field.kind)) for field in fields
    ]
    return tuple(sorted(controls, key=lambda control: not control.required))


def control_of(field: EventField) -> Control:
    match field.kind:
        case OneOf(values):
            return Control(field.name, "radio" if len(values) <= _FEW else "select", field.required, values)
        case Flag():
            return Control(field.name, "radio", field.required, ("true", "false"))
        case Whole(least, most) if most - least < _FEW:
            return Control(field.name, "radio", field.required, tuple(map(str, range(least, most + 1))))
        case Whole(least, most):
            return Control(field.name, "number", field.required, example=f"{least}–{most:,}")
        case Id():
            pattern = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
            return Control(field.name, "text", field.required, pattern=pattern)
        case Code():
            return Control(field.name, "text", field.required, pattern="[a-z0-9][a-z0-9_.\\-]{0,39}", example="a_code")
        case Codes():
            return Control(field.name, "list", field.required, example="one, another")
        case Country():
            return Control(field.name, "text", field.required, pattern="[A-Za-z]{2}", example="IN")
        case Instant():
            return Control(field.name, "time", field.required)
        case Day():
            return Control(field.name, "day", field.required)
        case Scores():
            return Control(field.name, "scores", field.required, example="safety 0.5")
        case _:
            assert_never(field.kind)


def types_for(recorder: Recorder) -> tuple[EventType, ...]:
    """The types a person may choose from: a supervisor has those of a caseworker and her own."""
    mine = {Recorder.CASEWORKER} | ({Recorder.SUPERVISOR} if recorder is Recorder.SUPERVISOR else set())
    return tuple(
        found for found in EVENT_TYPES.values() if found.recorder in mine and found.name not in ACTIONS_ON_ALERTS
    )


def read_typed(event_type: EventType, typed: Mapping[str, str]) -> Typed:
    """The data of an event from a form's text fields; what is empty was not said."""
    data: dict[str, object] = {}
    unreadable: dict[str, str] = {}
    for field in event_type.fields.values():
        text = typed.get(field.name, "").strip()
        if not text:
            continue
        try:
            data[field.name] = _json_value(field.kind, text)
        except ValueError:
            unreadable[field.name] = _expected(field.kind)
    return Typed(data, unreadable)


def _json_value(kind: Kind, text: str) -> object:
    match kind:
        case Flag():
            return {"true": True, "false": False}.get(text, text)
        case Whole():
            return int(latin_digits(text).replace(",", "").replace(" ", ""))
        case Codes():
            return [code for code in (part.strip() for part in text.replace("\n", ",").split(",")) if code]
        case Country():
            return text.upper()
        case Instant():
            return typed_instant(latin_digits(text))
        case Day():
            return date.fromisoformat(latin_digits(text)).isoformat()
        case Scores():
            return _scores(latin_digits(text))
        case OneOf() | Id() | Code():
            return text
        case _:
            assert_never(kind)


def _scores(text: str) -> dict[str, float]:
    scores: dict[str, float] = {}
    for line in text.splitlines():
        if line.strip():
            dimension, number = line.replace(":", " ").replace("=", " ").split()
            scores[dimension] = float(number)
    return scores


def _reads(kind: Kind) -> str:
    """As `_json_value`, where a script does it."""
    match kind:
        case Flag():
            return "flag"
        case Whole():
            return "whole"
        case Codes():
            return "codes"
        case Country():
            return "country"
        case Instant():
            return "instant"
        case Day():
            return "day"
        case Scores():
            return "scores"
        case OneOf() | Id() | Code():
            return "text"
        case _:
            assert_never(kind)


def _expected(kind: Kind) -> str:
    """The catalogue's key for what should have been typed."""
    match kind:
        case Whole():
            return "expected.number"
        case Instant():
            return "expected.time"
        case Day():
            return "expected.day"
        case Scores():
            return "expected.scores"
        case OneOf() | Flag() | Id() | Code() | Codes() | Country():
            return "expected.other"
        case _:
            assert_never(kind)
