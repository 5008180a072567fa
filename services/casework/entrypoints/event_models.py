"""The REST contract of events as pydantic models, made from the one table of event types.

One model a type, told apart by `type`, so that the OpenAPI document names every field, word and bound. `parse_event`
stays the one parser at the entrance; a test holds models, table and protobuf to each other, field by field. Instants
and days stay the texts they are in JSON.

    EventBody        any event, as a client states it
    BatchRequest     {"events": [EventBody, ...]}, at most 1 000
    BatchAnswer      {"results": [EventResult, ...]}, one an event, in order
    Receipt, Problem
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias, Union, assert_never

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    create_model,
)

from services.casework.domain import event_types
from services.casework.domain.event_types import EVENT_TYPES, EventType, Kind, Recorder
from services.casework.domain.instants import parse_day, parse_instant
from services.runtime.problem_models import Problem

MAX_BATCH: Final = 1000

UUID_PATTERN: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
CODE_PATTERN: Final = r"^[a-z0-9][a-z0-9_.-]{0,39}$"


def _kept(check: Callable[[str], int]) -> AfterValidator:
    """The text itself, if it can be read."""

    def keep(text: str) -> str:
        check(text)
        return text

    return AfterValidator(keep)


IdText: TypeAlias = Annotated[
    str, StringConstraints(strict=True, pattern=UUID_PATTERN), Field(json_schema_extra={"format": "uuid"})
]
InstantText: TypeAlias = Annotated[
    str,
    StringConstraints(strict=True),
    Field(json_schema_extra={"format": "date-time"}, examples=["2026-03-01T09:30:00.000Z"]),
    _kept(parse_instant),
]
DayText: TypeAlias = Annotated[
    str,
    StringConstraints(strict=True),
    Field(json_schema_extra={"format": "date"}, examples=["2026-03-12"]),
    _kept(parse_day),
]
CodeText: TypeAlias = Annotated[str, StringConstraints(strict=True, pattern=CODE_PATTERN)]
CountryText: TypeAlias = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[A-Z]{2}$"), Field(description="ISO 3166 alpha-2")
]
ScoreNumber: TypeAlias = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]


class _Stated(BaseModel):
    """What a client states: nothing beside the fields that are named."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class EventShape(_Stated):
    """What every event has; its `type` and `data` come with its own model."""

    event_id: IdText = Field(description="Made once by the client; the same event sent again has the same one.")
    case_id: IdText
    occurred_at: InstantText = Field(description="When it happened in the field; finer than milliseconds is cut off.")


def _annotation(kind: Kind) -> Any:
    match kind:
        case event_types.OneOf():
            return Literal[kind.values]
        case event_types.Flag():
            return StrictBool
        case event_types.Whole():
            return Annotated[StrictInt, Field(ge=kind.least, le=kind.most)]
        case event_types.Id():
            return IdText
        case event_types.Code():
            return CodeText
        case event_types.Codes():
            return Annotated[list[CodeText], Field(max_length=kind.most)]
        case event_types.Country():
            return CountryText
        case event_types.Instant():
            return InstantText
        case event_types.Day():
            return DayText
        case event_types.Scores():
            nothing_else: dict[str, Any] = {"additionalProperties": False}
            return Annotated[
                dict[CodeText, ScoreNumber],
                Field(min_length=1, max_length=kind.most, json_schema_extra=nothing_else),
            ]
        case _:
            assert_never(kind)


_RECORDERS: Final = {
    Recorder.CASEWORKER: "Recorded by a caseworker in charge, or a supervisor.",
    Recorder.SUPERVISOR: "Recorded by a supervisor.",
    Recorder.SYSTEM: "Recorded by the system itself.",
}


def _data_model(event_type: EventType, name: str) -> type[BaseModel]:
    fields: dict[str, Any] = {
        field.name: (_annotation(field.kind), ...)
        if field.required
        else (_annotation(field.kind) | None, Field(default=None))
        for field in event_type.fields.values()
    }
    return create_model(f"{name}Data", __base__=_Stated, __module__=__name__, **fields)


def _event_model(event_type: EventType) -> type[EventShape]:
    name = "".join(word.capitalize() for word in event_type.name.split("_"))
    data: Any = _data_model(event_type, name)
    fields: dict[str, Any] = {
        "type": (Literal[event_type.name], ...),
        "data": (data, ...) if event_type.required else (data | None, Field(default=None)),
    }
    return create_model(
        name, __base__=EventShape, __module__=__name__, __doc__=_RECORDERS[event_type.recorder], **fields
    )


EVENT_MODELS: Final[Mapping[str, type[EventShape]]] = MappingProxyType(
    {event_type.name: _event_model(event_type) for event_type in EVENT_TYPES.values()}
)
"""{type: its model}."""

if TYPE_CHECKING:
    EventBody: TypeAlias = EventShape
else:
    EventBody = Annotated[Union[tuple(EVENT_MODELS.values())], Field(discriminator="type")]  # noqa: UP007


class BatchRequest(_Stated):
    events: list[EventBody] = Field(min_length=1, max_length=MAX_BATCH)


class Receipt(BaseModel):
    """The event is in the log, durably. duplicate: best effort; the binding word is on the timeline."""

    event_id: IdText
    recorded_at: InstantText
    duplicate: bool | None = Field(default=None, description="true when the log had it already")


class EventResult(BaseModel):
    """Of one event of a batch: its receipt, or the problem for which it was refused. Exactly one of the two."""

    event_id: str | None = Field(description="As it was sent; null when there was none that could be read.")
    receipt: Receipt | None = None
    problem: Problem | None = None


class BatchAnswer(BaseModel):
    results: list[EventResult] = Field(description="One result an event, in the order they were sent.")
