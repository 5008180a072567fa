"""An error of an insert that only the engine's own count tells of."""

from __future__ import annotations

from infra.clickhouse.unsaid_errors import Counted, counted, unsaid

NO_ROOM, NO_SUCH_TABLE = 243, 60
BEFORE = {NO_ROOM: Counted(2, "not enough space"), NO_SUCH_TABLE: Counted(5, "no such table")}


def test_the_count_is_read_from_one_text() -> None:
    assert counted('[[243,"2","not enough space"]]') == {243: Counted(2, "not enough space")}
    assert counted("[]") == {}


def test_nothing_new_is_no_error() -> None:
    assert unsaid(BEFORE, BEFORE) == ""


def test_a_new_error_of_writing_is_told_in_the_engines_words() -> None:
    assert unsaid(BEFORE, {**BEFORE, NO_ROOM: Counted(3, "no room")}) == "Code: 243. DB::Exception: no room"
    assert unsaid({}, {NO_ROOM: Counted(1, "no room")}) == "Code: 243. DB::Exception: no room"


def test_a_new_error_of_another_kind_is_none_of_this_insert() -> None:
    assert unsaid(BEFORE, {**BEFORE, NO_SUCH_TABLE: Counted(6, "no such table")}) == ""
