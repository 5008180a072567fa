from __future__ import annotations

from services.web.alerting_answers import Inbox, Overdue
from services.web.faces import Freshness
from services.web.oversight_answers import Load, Loads
from services.web.pages.workload import rows_of
from services.web.people import Absence, Caseworkers, Colleague

FRESH = Freshness("2026-03-03T09:00:00.000Z", 12, 0.1)
PEOPLE = Caseworkers((Colleague("asha", "Asha"), Colleague("runa", "Runa")), {"asha": "Asha", "runa": "Runa"})


def loads(*known: Load, incomplete: bool = False) -> Loads:
    return Loads({load.caseworker_id: load for load in known}, incomplete, FRESH)


def inbox(*overdue: Overdue) -> Inbox:
    return Inbox((), 0, 0, None, "AAAA", FRESH, overdue, ())


def test_everybody_whom_any_part_knows_has_a_row_nobody_first_then_who_has_most_that_is_overdue() -> None:
    rows = rows_of(
        PEOPLE,
        loads(Load("asha", 30, 0, 2, 0), Load("left", 1, 0, 0, 0), Load("", 4, 0, 0, 0)),
        inbox(Overdue("runa", 5, 7), Overdue("asha", 2, 2)),
        {},
    )
    assert [(row.caseworker_id, row.name) for row in rows] == [
        ("", None),
        ("runa", "Runa"),
        ("asha", "Asha"),
        ("left", None),
    ]
    assert rows[1].load == Load("runa", 0, 0, 0, 0)
    assert rows[3].overdue == Overdue("left", 0, 0)


def test_what_a_part_does_not_say_is_not_known_and_never_nothing() -> None:
    (row, *_) = rows_of(PEOPLE, None, inbox(Overdue("asha", 2, 2)), {})
    assert (row.load, row.overdue) == (None, Overdue("asha", 2, 2))
    (row, *_) = rows_of(PEOPLE, loads(Load("asha", 3, 0, 0, 0)), None, {})
    assert (row.load, row.overdue) == (Load("asha", 3, 0, 0, 0), None)


def test_loads_that_were_not_counted_to_the_end_are_not_shown() -> None:
    rows = rows_of(PEOPLE, loads(Load("asha", 3, 0, 0, 0), Load("left", 1, 0, 0, 0), incomplete=True), inbox(), {})
    assert {row.caseworker_id for row in rows} == {"asha", "runa", "left"}
    assert all(row.load is None for row in rows)


def test_who_is_away_says_who_stands_in() -> None:
    absence = Absence("1", "runa", "Runa", "Asha", "2026-03-01T00:00:00.000Z", "2026-03-09T00:00:00.000Z")
    found = {row.caseworker_id: row.absence for row in rows_of(PEOPLE, loads(), inbox(), {"runa": absence})}
    assert found == {"asha": None, "runa": absence}
