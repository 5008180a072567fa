"""The code by which people name a case."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.casework.domain.case_code import ALPHABET, case_code, read_case_code

CASE_IDS = st.uuids().map(str)


def test_a_code_stays_the_same_for_ever() -> None:
    assert case_code("0b8f7a3e-6c1d-4e52-9a47-5d2f3c9e8b10") == case_code("0b8f7a3e-6c1d-4e52-9a47-5d2f3c9e8b10")
    assert case_code(str(UUID(int=0))) == "000-0000"
    assert case_code(str(UUID(int=1))) == "000-0012"


@given(CASE_IDS)
def test_what_is_written_can_be_read_back(case_id: str) -> None:
    code = case_code(case_id)

    assert len(code) == 8
    assert read_case_code(code) == code
    assert read_case_code(code.lower().replace("-", " ")) == code
    assert read_case_code(code.replace("1", "l").replace("0", "o")) == code


@given(CASE_IDS, st.integers(0, 6), st.integers(1, 31))
def test_every_single_wrong_character_is_noticed(case_id: str, place: int, off_by: int) -> None:
    plain = list(case_code(case_id).replace("-", ""))
    plain[place] = ALPHABET[(ALPHABET.index(plain[place]) + off_by) % 32]

    with pytest.raises(ValueError, match="mistyped"):
        read_case_code("".join(plain))


@given(CASE_IDS, st.integers(0, 6), st.integers(0, 6))
def test_every_swap_of_two_characters_is_noticed(case_id: str, one: int, other: int) -> None:
    plain = list(case_code(case_id).replace("-", ""))
    if plain[one] != plain[other]:
        plain[one], plain[other] = plain[other], plain[one]
        with pytest.raises(ValueError, match="mistyped"):
            read_case_code("".join(plain))


@pytest.mark.parametrize("typed", ["", "7K4", "7K4-M2XQ1", "7K4-M2XU", "৭K4-M2XQ"])
def test_what_is_no_code_is_refused_with_what_was_expected(typed: str) -> None:
    with pytest.raises(ValueError, match="expected a case code like"):
        read_case_code(typed)
