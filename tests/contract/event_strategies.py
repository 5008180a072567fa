"""Events as clients may state them: hypothesis strategies made from the one table of event types."""

from __future__ import annotations

from typing import Any, assert_never

from hypothesis import strategies as st

from services.casework.domain import event_types
from services.casework.domain.event_types import EVENT_TYPES, Kind
from services.casework.domain.events import contradictions
from services.casework.domain.instants import format_day, format_instant, parse_instant

EARLIEST = parse_instant("0001-01-02T00:00:00Z")
LATEST = parse_instant("9999-12-30T23:59:59.999Z")

ids = st.uuids().map(str)
codes = st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,39}", fullmatch=True)


@st.composite
def instants(draw: st.DrawFn) -> str:
    """In UTC or with an offset, with none to nine digits after the second."""
    text = format_instant(draw(st.integers(EARLIEST, LATEST)))
    fraction = draw(st.sampled_from(["", ".7", ".25", text[-5:-1], text[-5:-1] + "999999"]))
    return text[:-5] + fraction + draw(st.sampled_from(["Z", "z", "+06:00", "-03:30"]))


def values_of(kind: Kind) -> st.SearchStrategy[Any]:
    match kind:
        case event_types.OneOf():
            return st.sampled_from(kind.values)
        case event_types.Flag():
            return st.booleans()
        case event_types.Whole():
            return st.integers(kind.least, kind.most)
        case event_types.Id():
            return ids
        case event_types.Code():
            return codes
        case event_types.Codes():
            return st.lists(codes, max_size=kind.most)
        case event_types.Country():
            return st.from_regex(r"[A-Z]{2}", fullmatch=True)
        case event_types.Instant():
            return instants()
        case event_types.Day():
            return st.integers(EARLIEST, LATEST).map(format_day)
        case event_types.Scores():
            scores = st.floats(0, 1) | st.integers(0, 1)
            return st.dictionaries(codes, scores, min_size=1, max_size=kind.most)
        case _:
            assert_never(kind)


@st.composite
def stated_events(draw: st.DrawFn) -> dict[str, Any]:
    """An event whose every field is right by itself; optional ones may be there, be null or be left out."""
    event_type = draw(st.sampled_from(list(EVENT_TYPES.values())))
    data: dict[str, Any] = {}
    for field in event_type.fields.values():
        if field.required:
            data[field.name] = draw(values_of(field.kind))
        elif draw(st.booleans()):
            data[field.name] = draw(st.none() | values_of(field.kind))
    stated = {
        "event_id": draw(ids),
        "case_id": draw(ids),
        "type": event_type.name,
        "occurred_at": draw(instants()),
        "data": data,
    }
    if not event_type.required and not data and draw(st.booleans()):
        del stated["data"]
    return stated


def _are_right_together(stated: dict[str, Any]) -> bool:
    return not contradictions(stated["type"], stated.get("data", {}))


right_events = stated_events().filter(_are_right_together)
"""Events that can be recorded."""

not_a_value = (
    st.just("") | st.just("Not A Word") | st.just({}) | st.just({"a": 1}) | st.just([1]) | st.floats(2.5, 3.5)
    | st.just(-1) | st.just(10**20)
)  # fmt: skip
"""Right for no field of any type."""


@st.composite
def wrong_events(draw: st.DrawFn) -> dict[str, Any]:
    """An event with one thing wrong: a field's value, an unknown name, an unknown type, or something missing."""
    stated = draw(stated_events())
    data = stated.setdefault("data", {})
    event_type = EVENT_TYPES[stated["type"]]
    wrong = draw(st.sampled_from(["top", "unknown", "unknown data", "type", "missing", "value", "required"]))
    if wrong == "value" and event_type.fields:
        data[draw(st.sampled_from(sorted(event_type.fields)))] = draw(not_a_value)
    elif wrong == "required" and event_type.required:
        name = draw(st.sampled_from(event_type.required))
        data.pop(name) if draw(st.booleans()) else data.update({name: None})
    elif wrong == "type":
        stated["type"] = draw(st.sampled_from(["Call", "calls", "", "note", "clock"]))
    elif wrong == "missing":
        del stated[draw(st.sampled_from(["event_id", "case_id", "type", "occurred_at"]))]
    elif wrong == "top":
        stated[draw(st.sampled_from(["event_id", "case_id", "occurred_at", "data"]))] = draw(
            st.sampled_from([3, "", [1]])
        )
    elif wrong == "unknown":
        stated[draw(st.sampled_from(["note", "recorded_by", "organisation", "recorded_at"]))] = "x"
    else:
        data[draw(st.sampled_from(["note", "name", "phone"]))] = draw(st.just("x") | st.none())
    return stated
