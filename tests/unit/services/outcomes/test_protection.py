from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.outcomes.adapters.interval_solver import tightest_intervals
from services.outcomes.domain.protection.hiding import Hidden, Why, hidden_of
from services.outcomes.domain.protection.method import METHOD, Method
from services.outcomes.domain.protection.places import Knowledge, NothingPossible, Part, Place, Relation

KEY = bytes(range(32))
COUNTED, OUT_OF = Part.COUNTED, Part.OUT_OF
ROUNDED = Method(least=11, base=5, dice=0, values_left=6, groups_shown=0)
"""Without dice, a number is so near its count that much has to be hidden beside what is small."""


def a_place(group: str = "", part: Part = COUNTED, dimension: str = "district", indicator: str = "in_work") -> Place:
    return Place(indicator, dimension if group else "", group, part)


def a_table(total: int, part: Part = COUNTED, **groups: int) -> dict[Place, int]:
    return {a_place(part=part): total} | {a_place(group, part): count for group, count in groups.items()}


def hidden_in(published: dict[Place, int], method: Method = METHOD) -> Hidden:
    return hidden_of(published, method, tightest_intervals, frozenset({"programme"}))


def a_name(number: int) -> tuple[str, ...]:
    return ("rupantar", "2026-Q1", "in_work", "district", f"d{number}", "counted")


# --- the dice --------------------------------------------------------------------------------------------------------


@given(st.integers(0, 10_000), st.integers(0, 1_000), st.integers(0, 8), st.sampled_from([1, 3, 5, 10]))
def test_a_number_is_a_multiple_of_the_base_and_never_farther_off_than_its_reach(
    count: int, name: int, dice: int, base: int
) -> None:
    method = Method(base=base, dice=dice)
    number = method.published(count, KEY, a_name(name))
    assert number % base == 0 and number >= 0
    assert abs(number - count) <= method.reach or (number == 0 and count <= method.reach)


def test_numbers_are_right_on_average_and_any_count_can_be_published_as_its_neighbour_is() -> None:
    drawn = {count: Counter(METHOD.published(count, KEY, a_name(n)) for n in range(4_000)) for count in (100, 101)}
    for count, numbers in drawn.items():
        mean = sum(number * times for number, times in numbers.items()) / numbers.total()
        assert mean == pytest.approx(count, abs=0.2)
    common = [{number for number, times in numbers.items() if times > 40} for numbers in drawn.values()]
    assert common[0] == common[1] and len(common[0]) >= 3


def test_the_same_number_has_the_same_dice_and_another_number_others() -> None:
    throws = [METHOD.published(1_000, KEY, a_name(number)) for number in range(40)]
    assert throws == [METHOD.published(1_000, KEY, a_name(number)) for number in range(40)]
    assert len(set(throws)) >= 3
    assert throws != [METHOD.published(1_000, bytes(32), a_name(number)) for number in range(40)]


@given(st.integers(0, 10), st.integers(0, 100_000))
def test_a_count_of_fewer_than_eleven_never_becomes_a_number_that_is_shown(count: int, name: int) -> None:
    assert METHOD.published(count, KEY, a_name(name)) < METHOD.shown_from


def test_a_method_that_cannot_be_is_refused() -> None:
    for wrong in ({"base": 0}, {"dice": 9}, {"dice": -1}):
        with pytest.raises(ValueError, match="a method has"):
            Method(**wrong)


# --- what is hidden --------------------------------------------------------------------------------------------------


def test_few_and_none_are_hidden_alike() -> None:
    hidden = hidden_in(a_table(200, jashore=100, khulna=75, narail=20, magura=0))
    assert hidden == {a_place("narail"): Why.TOO_FEW, a_place("magura"): Why.TOO_FEW}


def test_what_is_counted_out_of_too_few_is_hidden_too() -> None:
    published = a_table(200, OUT_OF, jashore=100, khulna=75, narail=20) | a_table(100, jashore=50, khulna=50, narail=25)
    assert hidden_in(published) == {a_place("narail", OUT_OF): Why.TOO_FEW, a_place("narail"): Why.TOO_FEW}


def test_a_table_in_which_one_group_alone_is_left_is_held_back() -> None:
    assert hidden_in(a_table(100, jashore=100)) == {a_place("jashore"): Why.HELD_BACK}
    held = hidden_in(a_table(100, jashore=100, narail=5))
    assert held == {a_place("jashore"): Why.HELD_BACK, a_place("narail"): Why.TOO_FEW}


def test_beside_a_count_that_the_rest_gives_away_the_smallest_other_is_hidden() -> None:
    published = a_table(200, jashore=100, khulna=95, narail=5)
    hidden = hidden_in(published, Method(least=11, base=1, dice=0, values_left=6, groups_shown=0))
    assert hidden == {a_place("narail"): Why.TOO_FEW, a_place("khulna"): Why.GIVES_AWAY}


def test_a_rest_that_is_given_away_hides_what_it_is_the_rest_of() -> None:
    published = a_table(100, OUT_OF) | a_table(100)
    assert hidden_in(published, ROUNDED) == {a_place(): Why.GIVES_AWAY}


def test_groups_that_overlap_do_not_make_up_the_total() -> None:
    apart = {a_place(): 200} | {a_place(group, dimension="programme"): 100 for group in ("a", "b")}
    exact = Method(least=11, base=1, dice=0, values_left=6, groups_shown=0)
    assert hidden_in(apart, exact) == {}
    asked = {place._replace(dimension=place.dimension and "district"): number for place, number in apart.items()}
    assert hidden_in(asked, exact), "in districts, elsewhere would be known to be nobody"


numbers = st.integers(0, 40).map(lambda step: 5 * step)
published_tables = st.builds(
    lambda counted, more, groups: (
        a_table(counted + more, OUT_OF)
        | a_table(counted)
        | {place: n for group in groups for place, n in group.items()}
    ),
    numbers,
    numbers,
    st.lists(
        st.builds(
            lambda name, counted, more: {a_place(name, OUT_OF): counted + more, a_place(name): counted},
            st.sampled_from("abcdef"),
            numbers,
            numbers,
        ),
        max_size=5,
    ),
)


@given(published_tables, st.sampled_from("xyz"), st.integers(0, 4))
def test_a_group_of_too_few_changes_nothing_of_what_else_is_hidden(
    published: dict[Place, int], name: str, steps: int
) -> None:
    """Or the first survivor of a district could be read off what is hidden because of her."""
    loose = Method(values_left=METHOD.values_left, groups_shown=2)
    few = {a_place(name, OUT_OF): 5 * steps, a_place(name): 0}
    try:
        before = hidden_in(published, loose)
    except NothingPossible:
        # Numbers that no counts can have been made of: they never come to be.
        return
    assert hidden_in(published | few, loose) == before | dict.fromkeys(few, Why.TOO_FEW)


# --- the solver ------------------------------------------------------------------------------------------------------


def test_the_tightest_interval_is_that_of_whole_numbers() -> None:
    one, other, total = a_place("one"), a_place("other"), a_place()
    bounds: dict[Place, tuple[int, int | None]] = {one: (0, None), other: (0, None), total: (7, 9)}
    both = Relation({one: 1, other: 1, total: -1}, 0, 0)
    halved = Relation({one: 2, other: -2}, 1, 3)
    knowledge = Knowledge(bounds, [both])
    assert tightest_intervals(knowledge, [{one: 1}, {one: 1, other: 1}]) == [(0, 9), (7, 9)]
    assert tightest_intervals(Knowledge(bounds, [both, halved]), [{one: 1}]) == [(4, 5)], "one is other + 1"
    assert tightest_intervals(Knowledge({one: (3, None)}, []), [{one: 1}]) == [(3, None)]


def test_what_cannot_be_true_is_no_interval() -> None:
    one = a_place("one")
    with pytest.raises(NothingPossible):
        tightest_intervals(Knowledge({one: (3, 5)}, [Relation({one: 1}, 6)]), [{one: 1}])
