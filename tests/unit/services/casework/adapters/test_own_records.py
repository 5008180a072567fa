"""What was appended here is known when it is read back; the place alone proves nothing."""

from __future__ import annotations

from services.casework.adapters.own_records import OwnRecords
from tests.unit.services.casework.application.casework_in_memory import MARCH, an_event, called

EVENT = an_event(called(1, 100, MARCH))


def test_an_appended_event_is_given_back_once_where_it_stands() -> None:
    own = OwnRecords()
    own.add(3, 41, b"bytes", EVENT)

    assert own.take(4, 41, b"bytes") is None
    assert own.take(3, 41, b"bytes") is EVENT
    assert own.take(3, 41, b"bytes") is None


def test_other_bytes_in_the_same_place_are_not_the_event() -> None:
    own = OwnRecords()
    own.add(3, 41, b"bytes", EVENT)

    assert own.take(3, 41, b"other") is None
    own.add(3, 42, b"bytes", EVENT)
    assert own.take(3, 42, None) is None


def test_what_was_read_before_its_answer_came_is_not_kept_for_ever() -> None:
    own = OwnRecords()
    assert own.take(3, 41, b"bytes") is None
    own.add(3, 41, b"bytes", EVENT)
    own.add(3, 42, b"bytes", EVENT)
    own.add(4, 41, b"bytes", EVENT)
    assert len(own) == 2

    # Reading may begin anew.
    assert own.take(3, 5, b"first") is None
    assert own.take(3, 42, b"bytes") is EVENT


def test_while_nobody_reads_only_so_many_are_kept() -> None:
    own = OwnRecords(kept=2)
    for offset in range(5):
        own.add(0, offset, b"bytes", EVENT)

    assert [own.take(0, offset, b"bytes") for offset in range(5)] == [EVENT, EVENT, None, None, None]
