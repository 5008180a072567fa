"""How an event is read from its JSON shape, and what is refused, naming the field."""

from __future__ import annotations

from typing import Any

import pytest

from services.casework.domain.event_types import ATTRIBUTE_NAMES, EVENT_TYPES, Recorder
from services.casework.domain.events import InvalidEvent, event_to_json, parse_event
from services.casework.domain.instants import parse_day, parse_instant

ID = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"


def an_event(**changes: Any) -> dict[str, Any]:
    call = {"direction": "outgoing", "outcome": "reached"}
    whole = {"event_id": ID, "case_id": OTHER, "type": "call", "occurred_at": "2026-03-01T09:30:00.000Z", "data": call}
    return {**whole, **changes}


def with_data(type_name: str, **data: Any) -> dict[str, Any]:
    return an_event(type=type_name, data=data)


def refusal(raw: object) -> list[tuple[str, str]]:
    with pytest.raises(InvalidEvent) as refused:
        parse_event(raw)
    return [(problem.field, problem.message) for problem in refused.value.problems]


def fields_refused(raw: object) -> list[str]:
    return [field for field, _ in refusal(raw)]


def test_an_event_carries_what_was_said_and_who_said_it_comes_from_elsewhere() -> None:
    event = parse_event(an_event(), "shurjo", "ayesha")

    assert (event.event_id, event.case_id, event.type) == (ID, OTHER, "call")
    assert event.occurred_at == parse_instant("2026-03-01T09:30:00Z")
    assert event.data == {"direction": "outgoing", "outcome": "reached"}
    assert (event.organisation, event.recorded_by) == ("shurjo", "ayesha")


def test_an_event_written_is_read_back() -> None:
    for raw in (
        an_event(),
        with_data("legal_step", step="hearing", next_date="2026-04-12"),
        with_data("contact_paused", until="2026-03-08T00:00:00.000Z", reason="her_wish"),
        with_data("wellbeing_assessment", instrument="who5", version="1", scores={"rest": 0.25, "calm": 1.0}),
        with_data("case_updated", programmes=["livelihood", "safe-return"], has_skill=True, destination_country="IN"),
    ):
        assert event_to_json(parse_event(raw)) == raw


def test_what_is_no_object_is_refused() -> None:
    for raw in (None, [], "call", 3):
        assert refusal(raw) == [("", "expected a JSON object")]


@pytest.mark.parametrize("name", ["event_id", "case_id", "type", "occurred_at"])
def test_a_missing_field_is_named(name: str) -> None:
    raw = an_event()
    del raw[name]
    assert (name, "required") in refusal(raw)


def test_every_wrong_field_is_named_at_once() -> None:
    raw = an_event(event_id="A", occurred_at="yesterday", data={"direction": "up", "outcome": "reached", "mood": 1})
    assert fields_refused(raw) == ["event_id", "occurred_at", "data.direction", "data.mood"]


def test_unknown_fields_and_types_are_refused_by_name() -> None:
    assert refusal(an_event(note="she said")) == [("note", "unknown field")]
    assert refusal(an_event(data={"direction": "outgoing", "outcome": "reached", "note": "x"})) == [
        ("data.note", "unknown field of call")
    ]
    assert refusal(an_event(type="phoned", data={})) == [("type", "unknown event type 'phoned'")]
    assert refusal(an_event(type=7, data={})) == [("type", "expected an event type")]


def test_an_event_names_its_words_by_their_id_and_holds_none_of_them() -> None:
    call = {"direction": "outgoing", "outcome": "reached"}
    note_id = "7d0e4c1a-95b1-4a8e-9a53-0a1b2c3d4e5f"
    assert parse_event(an_event(data=call | {"note_id": note_id})).data["note_id"] == note_id
    assert fields_refused(an_event(data=call | {"note_id": "she said that"})) == ["data.note_id"]
    assert fields_refused(an_event(type="case_reopened", data={"note_id": note_id})) == ["data.note_id"]


def test_fields_that_the_caller_reads_itself_are_let_through() -> None:
    raw = an_event(recorded_at="2026-03-01T10:00:00Z")
    assert parse_event(raw, also=frozenset(["recorded_at"])) == parse_event(an_event())


@pytest.mark.parametrize("bad", ["1111", ID.upper().replace("1", "A"), ID + "\n", f"{{{ID}}}", 5, None])
def test_ids_are_lower_case_uuids(bad: object) -> None:
    assert fields_refused(an_event(case_id=bad)) == ["case_id"]


@pytest.mark.parametrize("type_name", sorted(EVENT_TYPES))
def test_every_required_field_of_a_type_is_asked_for_by_name(type_name: str) -> None:
    required = EVENT_TYPES[type_name].required
    if required:
        assert fields_refused(with_data(type_name)) == [f"data.{name}" for name in required]
        null = with_data(type_name, **dict.fromkeys(required))
        assert fields_refused(null) == [f"data.{name}" for name in required]
    else:
        assert parse_event(with_data(type_name)).data == {}


@pytest.mark.parametrize(
    ("type_name", "field", "bad"),
    [
        ("call", "outcome", "maybe"),
        ("call", "wellbeing", 0),
        ("call", "wellbeing", 6),
        ("call", "wellbeing", True),
        ("call", "wellbeing", 3.0),
        ("call", "help_requested", "yes"),
        ("call", "help_requested", 1),
        ("case_updated", "district", "Jashore Sadar"),
        ("case_updated", "district", "x" * 41),
        ("case_updated", "programmes", "safe-return"),
        ("case_updated", "programmes", ["Safe return"]),
        ("case_updated", "programmes", [f"p{number}" for number in range(21)]),
        ("case_updated", "destination_country", "in"),
        ("case_updated", "destination_country", "IND"),
        ("case_updated", "source", "police"),
        ("legal_step", "next_date", "2026-03-12T00:00:00Z"),
        ("contact_paused", "until", "2026-03-12"),
        ("contact_paused", "until", 5),
        ("settled", "pathway", "undecided"),
        ("wellbeing_assessment", "scores", {}),
        ("wellbeing_assessment", "scores", {"calm": 1.1}),
        ("wellbeing_assessment", "scores", {"calm": True}),
        ("wellbeing_assessment", "scores", {"calm": float("nan")}),
        ("wellbeing_assessment", "scores", {"Calm": 0.5}),
        ("case_closed", "reason", "cannot_be_reached"),
        ("case_closed", "reason", "no_money"),
        ("retraction", "retracts", "x"),
    ],
)
def test_a_value_that_is_none_of_the_field_is_refused_by_name(type_name: str, field: str, bad: object) -> None:
    assert f"data.{field}" in fields_refused(with_data(type_name, **{field: bad}))


@pytest.mark.parametrize("outcome", ["switched_off", "wrong_number", "refused", "unsafe_to_talk"])
def test_an_incoming_call_was_reached_or_missed(outcome: str) -> None:
    raw = with_data("call", direction="incoming", outcome=outcome)
    assert refusal(raw) == [("data.outcome", "of an incoming call only reached or no_answer")]


def test_null_and_an_empty_list_count_as_absent() -> None:
    event = parse_event(with_data("case_updated", risk=None, programmes=[], district="khulna"))
    assert event.data == {"district": "khulna"}
    assert parse_event(with_data("contact_resumed") | {"data": None}).data == {}


def test_data_that_is_no_object_is_refused() -> None:
    assert ("data", "expected a JSON object") in refusal(an_event(data=["reached"]))


def test_days_and_instants_become_milliseconds_and_lists_lose_their_order() -> None:
    assert parse_event(with_data("legal_step", step="hearing", next_date="2026-04-12")).data["next_date"] == parse_day(
        "2026-04-12"
    )
    data = parse_event(with_data("case_updated", programmes=["b", "a", "b"])).data
    assert data == {"programmes": ("a", "b")}


def test_attributes_are_the_fields_of_an_opening_but_its_source() -> None:
    assert set(ATTRIBUTE_NAMES) == set(EVENT_TYPES["case_opened"].fields) - {"source"}
    assert set(EVENT_TYPES["case_updated"].fields) == set(ATTRIBUTE_NAMES)


def test_who_may_record_what_is_as_the_table_says() -> None:
    by = {kind: {name for name, type_ in EVENT_TYPES.items() if type_.recorder is kind} for kind in Recorder}
    assert by[Recorder.SYSTEM] == {"case_unassigned", "survivor_erased"}
    assert by[Recorder.SUPERVISOR] == {
        "case_assigned",
        "case_closed",
        "alert_acknowledged",
        "alert_snoozed",
        "alert_reassigned",
    }
