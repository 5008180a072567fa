"""An error of an insert that only the engine's own count tells of."""

from __future__ import annotations

import pytest

from infra.clickhouse import unsaid_errors
from infra.clickhouse.unsaid_errors import Counted, LatelyCounted, counted, unsaid

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


def test_of_inserts_that_follow_each_other_each_asks_once_and_none_takes_a_count_from_after_its_beginning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [100.0]
    monkeypatch.setattr(unsaid_errors.time, "monotonic", lambda: clock[0])
    asked: list[int] = []

    def ask() -> dict[int, Counted]:
        asked.append(len(asked))
        return {243: Counted(len(asked), "no room")}

    lately = LatelyCounted()
    first = lately.before(ask)
    after = lately.now(ask)
    assert (first[243].times, after[243].times) == (1, 2)
    # The next one begins with what the last one ended with; a third, later, counts anew.
    assert lately.before(ask) is after and len(asked) == 2
    clock[0] += 1.5
    assert lately.before(ask)[243].times == 3
