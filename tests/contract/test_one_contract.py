"""REST models, protobuf messages and the table of event types say the same, field by field."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from reintegration.v1 import alerts_pb2, case_events_pb2, events_pb2, log_pb2

from services.casework.codec.words import words_of
from services.casework.domain import event_types
from services.casework.domain.event_types import ATTRIBUTES, EVENT_TYPES, EventType, Field, OneOf
from services.casework.domain.policy import Severity
from services.casework.domain.transitions import ObligationEnding, Transition
from services.casework.entrypoints import event_models
from services.runtime.problem_models import FieldProblem

PROTO_SOURCE = Path(__file__).resolve().parents[2] / "proto" / "reintegration" / "v1" / "events.proto"
DATA = events_pb2.Event.DESCRIPTOR.oneofs_by_name["data"]

EVERY_TYPE = pytest.mark.parametrize("event_type", EVENT_TYPES.values(), ids=lambda event_type: event_type.name)
EVERY_FIELD = pytest.mark.parametrize(
    ("event_type", "field"),
    [(event_type, field) for event_type in EVENT_TYPES.values() for field in event_type.fields.values()],
    ids=lambda part: part.name,
)

PROTO_TYPES = {
    event_types.OneOf: FieldDescriptor.TYPE_ENUM,
    event_types.Flag: FieldDescriptor.TYPE_BOOL,
    event_types.Whole: FieldDescriptor.TYPE_INT32,
    event_types.Id: FieldDescriptor.TYPE_STRING,
    event_types.Code: FieldDescriptor.TYPE_STRING,
    event_types.Codes: FieldDescriptor.TYPE_STRING,
    event_types.Country: FieldDescriptor.TYPE_STRING,
    event_types.Day: FieldDescriptor.TYPE_STRING,
    event_types.Instant: FieldDescriptor.TYPE_MESSAGE,
    event_types.Scores: FieldDescriptor.TYPE_MESSAGE,
}


def message_of(event_type: EventType) -> Any:
    return events_pb2.Event.DESCRIPTOR.fields_by_name[event_type.name].message_type


def schema_of(event_type: EventType) -> dict[str, Any]:
    """The JSON schema of the type's `data`."""
    schema = event_models.EVENT_MODELS[event_type.name].model_json_schema()
    shape = schema["properties"]["data"]
    reference = shape.get("$ref") or shape["anyOf"][0]["$ref"]
    return dict(schema["$defs"][reference.removeprefix("#/$defs/")])


def schema_of_field(event_type: EventType, field: Field) -> dict[str, Any]:
    schema = schema_of(event_type)["properties"][field.name]
    return dict(schema["anyOf"][0]) if "anyOf" in schema else dict(schema)


def test_the_three_know_the_same_event_types() -> None:
    names = set(EVENT_TYPES)
    assert {field.name for field in DATA.fields} == names
    assert set(event_models.EVENT_MODELS) == names


@EVERY_TYPE
def test_the_three_know_the_same_fields_of_a_type(event_type: EventType) -> None:
    assert set(message_of(event_type).fields_by_name) == set(event_type.fields)
    assert set(schema_of(event_type).get("properties", {})) == set(event_type.fields)


@EVERY_TYPE
def test_a_type_is_told_by_its_own_word_and_takes_nothing_else(event_type: EventType) -> None:
    schema = event_models.EVENT_MODELS[event_type.name].model_json_schema()
    assert schema["properties"]["type"]["const"] == event_type.name
    assert schema["additionalProperties"] is False
    assert schema_of(event_type)["additionalProperties"] is False
    assert set(schema["properties"]) == {"event_id", "case_id", "type", "occurred_at", "data"}


@EVERY_TYPE
def test_required_means_the_same_in_models_and_in_the_words_of_the_schema(event_type: EventType) -> None:
    assert set(schema_of(event_type).get("required", [])) == set(event_type.required)
    source = PROTO_SOURCE.read_text(encoding="utf-8")
    body = re.search(rf"^message {message_of(event_type).name} {{\n(.*?)^}}", source, re.MULTILINE | re.DOTALL)
    assert body is not None
    marked = re.findall(r"(\w+) = \d+;  // required$", body.group(1), re.MULTILINE)
    assert set(marked) == set(event_type.required)


@EVERY_FIELD
def test_a_field_is_of_the_same_kind_in_protobuf(event_type: EventType, field: Field) -> None:
    described = message_of(event_type).fields_by_name[field.name]
    assert described.type == PROTO_TYPES[type(field.kind)]
    assert described.is_repeated == isinstance(field.kind, event_types.Codes | event_types.Scores)
    assert described.is_repeated or described.has_presence, "not said and no must stay apart"
    if isinstance(field.kind, event_types.Instant):
        assert described.message_type.full_name == "google.protobuf.Timestamp"
    if isinstance(field.kind, event_types.Scores):
        entry = described.message_type.fields_by_name
        assert entry["key"].type == FieldDescriptor.TYPE_STRING
        assert entry["value"].type == FieldDescriptor.TYPE_DOUBLE


@EVERY_FIELD
def test_a_field_is_of_the_same_kind_in_the_models(event_type: EventType, field: Field) -> None:
    schema, kind = schema_of_field(event_type, field), field.kind
    match kind:
        case event_types.OneOf():
            assert tuple(schema["enum"]) == kind.values
        case event_types.Flag():
            assert schema["type"] == "boolean"
        case event_types.Whole():
            assert (schema["type"], schema["minimum"], schema["maximum"]) == ("integer", kind.least, kind.most)
        case event_types.Id():
            assert (schema["format"], schema["pattern"]) == ("uuid", event_models.UUID_PATTERN)
        case event_types.Code():
            assert schema["pattern"] == event_models.CODE_PATTERN
        case event_types.Codes():
            assert (schema["items"]["pattern"], schema["maxItems"]) == (event_models.CODE_PATTERN, kind.most)
        case event_types.Country():
            assert schema["pattern"] == "^[A-Z]{2}$"
        case event_types.Instant():
            assert schema["format"] == "date-time"
        case event_types.Day():
            assert schema["format"] == "date"
        case event_types.Scores():
            score = schema["patternProperties"][event_models.CODE_PATTERN]
            assert (score["minimum"], score["maximum"], schema["maxProperties"]) == (0, 1, kind.most)
            assert schema["additionalProperties"] is False


def words_by_enum() -> dict[str, tuple[EnumDescriptor, set[str]]]:
    used: dict[str, tuple[EnumDescriptor, set[str]]] = {}
    for event_type in EVENT_TYPES.values():
        for field in event_type.fields.values():
            if isinstance(field.kind, OneOf):
                enum = message_of(event_type).fields_by_name[field.name].enum_type
                used.setdefault(enum.name, (enum, set()))[1].update(field.kind.values)
    return used


@pytest.mark.parametrize("name", sorted(words_by_enum()))
def test_an_enumeration_has_the_words_of_the_domain_and_no_others(name: str) -> None:
    enum, words = words_by_enum()[name]
    assert set(words_of(enum).values()) == words


@pytest.mark.parametrize("name", sorted(events_pb2.DESCRIPTOR.enum_types_by_name))
def test_no_enumeration_is_left_unused(name: str) -> None:
    assert name in words_by_enum()


@pytest.mark.parametrize(
    ("enum", "words"),
    [
        (log_pb2.Severity, Severity),
        (alerts_pb2.Transition, Transition),
        (alerts_pb2.ObligationEnding, ObligationEnding),
    ],
)
def test_the_detectors_enumerations_have_the_words_of_the_domain(enum: Any, words: type[StrEnum]) -> None:
    assert set(words_of(enum.DESCRIPTOR).values()) == {word.value for word in words}


def test_case_opened_and_case_updated_write_the_attributes_of_a_case() -> None:
    names = {field.name for field in ATTRIBUTES}
    assert set(EVENT_TYPES["case_updated"].fields) == names
    assert set(EVENT_TYPES["case_opened"].fields) == names | {"source"}


def test_the_receipt_is_the_same_over_both_ways_in() -> None:
    described = case_events_pb2.Receipt.DESCRIPTOR.fields_by_name
    assert set(described) == set(event_models.Receipt.model_fields)
    refusal = case_events_pb2.FieldProblem.DESCRIPTOR.fields_by_name
    assert set(refusal) == set(FieldProblem.model_fields)
