from __future__ import annotations

import pytest

from services.casework.domain.event_types import EVENT_TYPES, NOTE_ID, EventType, Recorder
from services.casework.domain.events import parse_event
from services.web.forms import controls_of, read_typed, types_for

ID = "3f6c1a52-8d0b-4c1e-9a47-5d2f3c9e8b10"

TYPED = {
    "text": {"destination_country": "in", "caseworker_id": ID, "alert_id": ID, "retracts": ID},
    "number": "৩",
    "list": "sewing, tailoring",
    "scores": "safety: ০.৫\ntrust 1",
    "time": "2026-03-01T15:30",
    "day": "2026-03-12",
}


def typed_for(event_type: EventType) -> dict[str, str]:
    typed = {}
    for control in controls_of(event_type):
        if control.values:
            typed[control.name] = control.values[0]
        elif control.widget == "text":
            typed[control.name] = TYPED["text"].get(control.name, "a_code")
        else:
            typed[control.name] = TYPED[control.widget]
    return typed


@pytest.mark.parametrize("event_type", EVENT_TYPES.values(), ids=lambda found: found.name)
def test_every_event_type_has_a_form_whose_values_make_a_valid_event(event_type: EventType) -> None:
    read = read_typed(event_type, typed_for(event_type))
    assert read.unreadable == {}
    event = parse_event(
        {
            "event_id": ID,
            "case_id": ID,
            "type": event_type.name,
            "occurred_at": "2026-03-01T09:30:00.000Z",
            "data": read.data,
        }
    )
    assert set(event.data) == set(event_type.fields) - {NOTE_ID}


@pytest.mark.parametrize("event_type", EVENT_TYPES.values(), ids=lambda found: found.name)
def test_every_required_field_has_a_control_that_says_so(event_type: EventType) -> None:
    required = {control.name for control in controls_of(event_type) if control.required}
    assert required == set(event_type.required)


def test_what_is_left_empty_was_not_said() -> None:
    typed = {"direction": "outgoing", "outcome": "reached", "help_requested": "", "wellbeing": " "}
    assert read_typed(EVENT_TYPES["call"], typed).data == {"direction": "outgoing", "outcome": "reached"}


def test_a_local_time_is_dhaka_time() -> None:
    read = read_typed(EVENT_TYPES["contact_paused"], {"until": "2026-03-01T15:30", "reason": "her_wish"})
    assert read.data["until"] == "2026-03-01T09:30:00.000Z"


@pytest.mark.parametrize(
    ("type_name", "field", "text"),
    [
        ("call", "wellbeing", "many"),
        ("contact_paused", "until", "tomorrow"),
        ("legal_step", "next_date", "12/03/2026"),
        ("wellbeing_assessment", "scores", "safety"),
        ("wellbeing_assessment", "scores", "safety high"),
    ],
)
def test_what_cannot_be_read_is_named_at_its_field(type_name: str, field: str, text: str) -> None:
    read = read_typed(EVENT_TYPES[type_name], {field: text})
    assert set(read.unreadable) == {field}
    assert field not in read.data


def test_a_value_intake_must_judge_is_passed_on_as_typed() -> None:
    read = read_typed(EVENT_TYPES["call"], {"outcome": "sang", "wellbeing": "9", "help_requested": "perhaps"})
    assert read.data == {"outcome": "sang", "wellbeing": 9, "help_requested": "perhaps"}


def test_a_caseworker_is_not_offered_what_only_a_supervisor_or_the_system_records() -> None:
    offered = {found.name for found in types_for(Recorder.CASEWORKER)}
    assert {"call", "case_opened", "retraction"} <= offered
    assert not offered & {"case_closed", "case_assigned", "case_unassigned", "survivor_erased"}


def test_a_supervisor_is_offered_hers_too_but_never_the_systems() -> None:
    offered = {found.name for found in types_for(Recorder.SUPERVISOR)}
    assert {"call", "case_closed", "case_assigned"} <= offered
    assert not offered & {"case_unassigned", "survivor_erased", "alert_snoozed"}
