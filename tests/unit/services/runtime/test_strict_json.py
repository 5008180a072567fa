from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.strict_json import InvalidJson, strict_json

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text()
    | st.floats(allow_nan=False, width=32).filter(lambda number: abs(number) != float("inf")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(PLAIN)
def test_what_json_writes_is_read_as_the_same_value(value):
    assert strict_json(json.dumps(value, ensure_ascii=False).encode(), max_depth=100) == value


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'{"a": "\xff"}', "not UTF-8: byte 7"),
        (b'{"a": NaN}', "NaN is no number"),
        (b"[-Infinity]", "-Infinity is no number"),
        (b'{"a": 1, "b": 2, "a": 3}', "'a' stands twice"),
        (b"[9223372036854775808]", "beyond 64 bits"),
        (b"[" + b"9" * 5000 + b"]", "beyond 64 bits"),
        (b"[1e999]", "too big"),
        (b"[-1e999]", "too big"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"a": 1', "line 1, column 8"),
        (b"", "not JSON"),
        (b"{} {}", "not JSON"),
    ],
)
def test_what_two_readers_could_read_differently_is_refused_with_the_reason(body, sentence):
    with pytest.raises(InvalidJson, match=sentence):
        strict_json(body)


def test_twenty_levels_are_read_and_twenty_one_are_not():
    assert strict_json(b"[" * 20 + b"]" * 20) is not None
    with pytest.raises(InvalidJson, match="deeper than 20"):
        strict_json(b"[" * 21 + b"]" * 21)


def test_brackets_inside_strings_are_no_depth():
    assert strict_json(json.dumps({"a": "[" * 100 + '\\"{' * 50}).encode())


def test_a_whole_surrogate_pair_is_a_character():
    assert strict_json(b'"\\ud83d\\ude00"') == "\U0001f600"


@pytest.mark.parametrize(
    "body",
    [b"[" * 2_000_000, b'{"a":' * 400_000, b'"' + b'\\"' * 1_000_000, b'"\\' * 1_000_000, b"[]" * 1_000_000],
    ids=["open lists", "open objects", "escaped quotes without an end", "quotes and escapes", "many pairs"],
)
def test_no_body_of_two_megabytes_keeps_the_reader_busy_or_blows_its_stack(body):
    started = time.process_time()
    with pytest.raises(InvalidJson):
        strict_json(body)
    assert time.process_time() - started < 2


def test_a_name_twice_among_very_many_is_found_in_one_walk():
    names = [f'"{number}":1' for number in range(50_000)]
    body = "{" + ",".join([*names, '"49999":2']) + "}"
    started = time.perf_counter()
    with pytest.raises(InvalidJson, match="'49999' stands twice"):
        strict_json(body.encode())
    assert time.perf_counter() - started < 2
