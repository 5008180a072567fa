"""The cases of a partition: open ones, packed ones, and who is due when."""

from __future__ import annotations

from services.casework.domain.fact_book import key_of
from services.casework.domain.policy_timeline import SINCE_EVER, PolicyBook
from streams.neglect_watch.shelf import OPEN_CASES, Shelf
from tests.case_builder import DAY, MAR_1, MAR_2, MAR_3, MAR_10, CaseBuilder, a_policy, a_rule, event_id, every

POLICY = a_policy(a_rule(every(7 * DAY)))
MAR_8, MAR_9 = MAR_1 + 7 * DAY, MAR_2 + 7 * DAY


def a_shelf(open_cases: int = OPEN_CASES) -> Shelf:
    book = PolicyBook()
    book.change("", SINCE_EVER, POLICY)
    return Shelf(book, open_cases)


def fold(shelf: Shelf, story: CaseBuilder, offset: int) -> str:
    event, recorded_at = story.records[0]
    row = shelf.row_of(event.case_id)
    case = shelf.case(row)
    case.fold(event, recorded_at)
    shelf.worked(row, offset, case.next_due())
    return event.case_id


def settle(shelf: Shelf, number: int, day: int, offset: int) -> str:
    return fold(shelf, CaseBuilder(case_id=event_id(number)).settled_on(day), offset)


def pass_time(shelf: Shelf, before: int, offset: int) -> list[str]:
    """Cases looked at because a record with a later time was read."""
    looked_at = []
    for row in shelf.due_before(before):
        case = shelf.case(row)
        case.advance(before)
        shelf.worked(row, offset, case.next_due())
        looked_at.append(case.case_id)
    return looked_at


def applied(shelf: Shelf, case_id: str) -> int:
    return shelf.applied(shelf.row_of(case_id))


def test_an_empty_shelf_waits_for_nothing() -> None:
    shelf = a_shelf()
    assert (len(shelf), shelf.next_due(), pass_time(shelf, MAR_10, 0)) == (0, None, [])
    assert shelf.take_changes() == {}


def test_a_case_with_something_to_work_out_is_due_at_its_moment_then_at_its_next_timer() -> None:
    shelf = a_shelf()
    case_id = settle(shelf, 1, MAR_1, 0)
    assert shelf.next_due() == MAR_1
    assert pass_time(shelf, MAR_2, 1) == [case_id]
    assert shelf.next_due() == MAR_8


def test_cases_come_in_order_of_their_due_times_and_only_those_due() -> None:
    shelf = a_shelf()
    one, two, three = (settle(shelf, n, MAR_1 + day * DAY, n) for n, day in ((1, 2), (2, 0), (3, 1)))
    assert sorted(pass_time(shelf, MAR_10 - 2 * DAY, 9)) == sorted([one, two, three])
    assert pass_time(shelf, MAR_8, 10) == []
    assert pass_time(shelf, MAR_8 + 1, 11) == [two]
    assert pass_time(shelf, MAR_9 + 1, 12) == [three]


def test_a_due_time_that_moved_is_forgotten() -> None:
    shelf = a_shelf()
    case_id = settle(shelf, 1, MAR_1, 0)
    pass_time(shelf, MAR_2, 1)
    fold(shelf, CaseBuilder(case_id=case_id, numbering=2).called_on(MAR_3), 2)
    pass_time(shelf, MAR_3 + 1, 3)
    assert shelf.next_due() == MAR_3 + 7 * DAY
    assert pass_time(shelf, MAR_8 + 1, 4) == []


def test_a_case_that_was_ended_is_due_no_more() -> None:
    shelf = a_shelf()
    case_id = settle(shelf, 1, MAR_1, 0)
    fold(shelf, CaseBuilder(case_id=case_id, numbering=2).closed_on(MAR_2, "died"), 1)
    pass_time(shelf, MAR_3, 2)
    assert shelf.next_due() is None


def test_every_case_can_be_called_up_and_none_waits_longer_for_it() -> None:
    shelf = a_shelf()
    one, two = settle(shelf, 1, MAR_1, 0), settle(shelf, 2, MAR_2, 1)
    pass_time(shelf, MAR_3, 2)
    shelf.look_at_all(MAR_3)
    assert shelf.next_due() == MAR_3
    assert sorted(pass_time(shelf, MAR_3 + 1, 3)) == sorted([one, two])
    assert shelf.next_due() == MAR_8
    shelf.look_at_all(MAR_10)
    assert shelf.next_due() == MAR_8


def test_changes_are_taken_once_and_name_the_offset_that_touched_them() -> None:
    shelf = a_shelf()
    one, two = settle(shelf, 1, MAR_1, 0), settle(shelf, 2, MAR_2, 7)
    changes = shelf.take_changes()
    assert set(changes) == {key_of(one), key_of(two)}
    assert shelf.take_changes() == {}
    assert (applied(shelf, one), applied(shelf, two), applied(shelf, event_id(3))) == (0, 7, -1)
    pass_time(shelf, MAR_1 + 1, 8)
    assert set(shelf.take_changes()) == {key_of(one)}


def test_a_shelf_put_together_from_its_changes_goes_on_where_it_left_off() -> None:
    shelf, again = a_shelf(), a_shelf()
    settle(shelf, 1, MAR_1, 0)
    settle(shelf, 2, MAR_2, 1)
    for key, state in shelf.take_changes().items():
        again.restore(key, state)
    assert (len(again), again.next_due()) == (2, shelf.next_due())
    assert pass_time(again, MAR_10, 5) == pass_time(shelf, MAR_10, 5)
    assert again.take_changes() == shelf.take_changes()


def test_of_two_states_of_a_case_the_one_further_along_the_log_stands() -> None:
    """A worker that was frozen writes its old state after its successor wrote the newer one."""
    shelf = a_shelf()
    case_id = settle(shelf, 1, MAR_1, 0)
    older = shelf.take_changes()[key_of(case_id)]
    pass_time(shelf, MAR_2, 4)
    newer = shelf.take_changes()[key_of(case_id)]
    for order in ((older, newer), (newer, older)):
        again = a_shelf()
        for state in order:
            again.restore(key_of(case_id), state)
        assert (applied(again, case_id), again.next_due()) == (4, MAR_8)


def test_many_cases_are_packed_and_opened_without_a_difference() -> None:
    roomy, narrow = a_shelf(1000), a_shelf(3)
    found: list[list[str]] = []
    for shelf, room in ((roomy, 1000), (narrow, 3)):
        for number in range(20):
            settle(shelf, number, MAR_1 + number, number)
            pass_time(shelf, MAR_1 + number + 1, number)
            shelf.take_changes()
            shelf.pack_away()
        assert len(shelf) == 20
        assert len(shelf._open) == min(room, 20)
        found.append(pass_time(shelf, MAR_10, 99))
    assert found[0] == found[1] and len(found[0]) >= 20
    assert roomy.take_changes() == narrow.take_changes()
