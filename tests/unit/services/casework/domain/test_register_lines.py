"""A line of a register is right as a whole, or says at which column it is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.casework.domain.events import parse_event
from services.casework.domain.instants import parse_day, parse_instant
from services.casework.domain.register.columns import Column, guessed
from services.casework.domain.register.lines import Line, Problem, Terms, Wrong, read_line, read_register
from services.casework.domain.register.places import DISTRICTS, district_code, place_code
from services.casework.domain.register.recorded import (
    erasure,
    follow_up_event,
    opening_events,
    place_of,
    retractions,
)

NOW = parse_instant("2026-11-26T09:00:00Z")
ANNA = str(UUID(int=9001))
IMPORT = str(UUID(int=77))
COLUMNS = (
    Column.NUMBER,
    Column.NAME,
    Column.PHONE,
    Column.OPENED_ON,
    Column.DISTRICT,
    Column.PATHWAY,
    Column.AGE,
    Column.SETTLED_ON,
    Column.CASEWORKER,
)
RIGHT = ("৭", "Invented Name", "01712-345678", "১২/০৩/২০২৪", "যশোর", "পরিবার", "২১", "20.3.24", "Anna  Invented")


def phone(text: str) -> str | None:
    digits = "".join(sign for sign in text if sign.isdigit())
    return f"+880{digits[-10:]}" if len(digits) >= 10 else None


TERMS = Terms(COLUMNS, NOW, phone, lambda district, upazila: True, caseworkers={"anna invented": ANNA})


def wrong_of(cells: Sequence[str], terms: Terms = TERMS) -> list[tuple[Column, Wrong]]:
    found = read_line(2, cells, terms)
    assert isinstance(found, list)
    return [(problem.column, problem.wrong) for problem in found]


def with_cell(column: Column, text: str) -> tuple[str, ...]:
    return tuple(text if of is column else cell for of, cell in zip(COLUMNS, RIGHT, strict=True))


def the_line() -> Line:
    found = read_line(2, RIGHT, TERMS)
    assert isinstance(found, Line)
    return found


def test_a_line_in_bangla_says_when_where_whose_and_who_she_is() -> None:
    line = the_line()

    assert (line.opened_on, line.settled_on) == (parse_day("2024-03-12"), parse_day("2024-03-20"))
    assert line.opening == {
        "source": "other",
        "pathway": "family",
        "district": "jashore",
        "caseworker_id": ANNA,
        "age_band": "18_24",
    }
    assert (line.identity.names, line.identity.phones) == (("Invented Name",), ("+8801712345678",))


@pytest.mark.parametrize(
    ("column", "text", "wrong"),
    [
        (Column.OPENED_ON, "", Wrong.MISSING),
        (Column.OPENED_ON, "31/02/2024", Wrong.NO_DAY),
        (Column.OPENED_ON, "1/1/1998", Wrong.TOO_EARLY),
        (Column.OPENED_ON, "1/1/2027", Wrong.IN_THE_FUTURE),
        (Column.SETTLED_ON, "1/1/2022", Wrong.BEFORE_OPENING),
        (Column.DISTRICT, "Atlantis", Wrong.NO_DISTRICT),
        (Column.DISTRICT, "", Wrong.MISSING),
        (Column.PATHWAY, "perhaps", Wrong.NO_CHOICE),
        (Column.PATHWAY, "", Wrong.NEEDS_PATHWAY),
        (Column.AGE, "very", Wrong.NO_AGE),
        (Column.AGE, "140", Wrong.NO_AGE),
        (Column.CASEWORKER, "Nobody", Wrong.NO_CASEWORKER),
        (Column.CASEWORKER, "", Wrong.MISSING),
        (Column.PHONE, "12", Wrong.NO_PHONE),
        (Column.NAME, "x" * 201, Wrong.TOO_LONG),
        (Column.NAME, "bell \a", Wrong.TOO_LONG),
    ],
)
def test_what_is_wrong_is_said_at_its_column(column: Column, text: str, wrong: Wrong) -> None:
    assert wrong_of(with_cell(column, text)) == [(column, wrong)]


def test_everything_that_is_wrong_with_a_line_is_said_at_once() -> None:
    cells = [*with_cell(Column.AGE, "very")]
    cells[COLUMNS.index(Column.DISTRICT)] = "Atlantis"

    assert set(wrong_of(cells)) == {(Column.AGE, Wrong.NO_AGE), (Column.DISTRICT, Wrong.NO_DISTRICT)}


def test_a_district_and_a_caseworker_for_all_stand_where_a_line_names_none() -> None:
    cells = [*with_cell(Column.DISTRICT, "")]
    cells[COLUMNS.index(Column.CASEWORKER)] = ""
    found = read_line(2, cells, replace(TERMS, district="khulna", caseworker_id=ANNA))

    assert isinstance(found, Line)
    assert (found.opening["district"], found.opening["caseworker_id"]) == ("khulna", ANNA)


def test_a_district_that_is_not_the_importers_own_is_wrong() -> None:
    theirs = replace(TERMS, covers=lambda district, upazila: district == "satkhira")

    assert wrong_of(RIGHT, theirs) == [(Column.DISTRICT, Wrong.NOT_YOUR_AREA)]


def test_a_number_that_stands_twice_is_wrong_the_second_time_in_either_digits() -> None:
    found = read_register([RIGHT, with_cell(Column.NUMBER, "8"), with_cell(Column.NUMBER, "7")], TERMS)

    assert [line.number for line in found.lines] == [2, 3]
    assert found.problems == (Problem(4, Column.NUMBER, Wrong.TWICE),)


def test_an_empty_line_is_no_line_and_keeps_the_numbers_of_the_others() -> None:
    found = read_register([("",) * len(COLUMNS), RIGHT], TERMS)

    assert [line.number for line in found.lines] == [3]
    assert found.ambiguous == 1


@given(st.lists(st.text(max_size=20), min_size=len(COLUMNS), max_size=len(COLUMNS)))
def test_whatever_stands_on_a_line_it_is_right_and_recordable_or_says_what_is_wrong(cells: list[str]) -> None:
    for line in read_register([cells], TERMS).lines:
        for event in opening_events(IMPORT, line, NOW):
            parse_event(event)


def test_every_event_of_a_line_is_one_that_the_entrance_knows() -> None:
    place = place_of(IMPORT, the_line())
    events = [
        *opening_events(IMPORT, the_line(), NOW),
        follow_up_event(place, NOW),
        *retractions(place, NOW),
        erasure(place, NOW),
    ]

    parsed = [parse_event(event) for event in events]
    assert [event.type for event in parsed] == [
        "contact_paused",
        "case_opened",
        "settled",
        "contact_resumed",
        "retraction",
        "retraction",
        "retraction",
        "survivor_erased",
    ]
    assert {event.case_id for event in parsed} == {place.case_id}
    assert len({event.event_id for event in parsed}) == len(parsed)
    assert {event.data["retracts"] for event in parsed if event.type == "retraction"} == {
        event.event_id for event in parsed[:3]
    }


def test_nothing_of_who_she_is_stands_in_an_event() -> None:
    said = repr(opening_events(IMPORT, the_line(), NOW))

    assert not [word for word in ("Invented Name", "1712345678", "৭") if word in said]


def test_the_same_line_of_the_same_import_says_the_same_and_of_another_something_else() -> None:
    first, again = opening_events(IMPORT, the_line(), NOW), opening_events(IMPORT, the_line(), NOW)
    other = opening_events(str(UUID(int=78)), the_line(), NOW)

    assert first == again
    assert not {event["event_id"] for event in first} & {event["event_id"] for event in other}


def test_columns_are_guessed_from_headings_in_both_languages() -> None:
    headings = ("Sl. No", "নাম", "Mobile number", "Date of registration", "জেলা", "Remarks", "বয়স (বছর)", "name")

    assert guessed(headings) == (
        Column.NUMBER,
        Column.NAME,
        Column.PHONE,
        Column.OPENED_ON,
        Column.DISTRICT,
        None,
        Column.AGE,
        None,
    )


def test_there_are_sixty_four_districts_and_old_spellings_lead_to_them() -> None:
    assert len(DISTRICTS) == 64
    assert all(district_code(code) == code for code in DISTRICTS)
    assert (district_code("Jessore"), district_code("COX'S BAZAR"), district_code("ঢাকা জেলা")) == (
        "jashore",
        "coxs_bazar",
        "dhaka",
    )


def test_an_upazila_becomes_its_code_and_one_in_bangla_has_none() -> None:
    assert (place_code("Jashore Sadar"), place_code("kaliganj-jhenaidah"), place_code("শার্শা")) == (
        "jashore_sadar",
        "kaliganj-jhenaidah",
        None,
    )
