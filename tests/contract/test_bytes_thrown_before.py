"""Bytes that a fuzzer threw, and some thousand more: only the refusals that are declared come out.

`make fuzz` looks for minutes, with coverage to guide it; here what it once found is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fuzz import reading_events, reading_tokens
from tests.fuzz.mutating import mutated

FOUND = Path(__file__).parents[1] / "fuzz" / "found"
INPUTS = 20_000

Read = Callable[[bytes], None]
Seeds = Callable[[], Iterator[bytes]]


def found(what: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((FOUND / what).iterdir()) if path.name != "README.md"]


@pytest.mark.parametrize(
    ("what", "read", "seeds"),
    [
        ("events", reading_events.read_event_bytes, reading_events.seeds),
        ("tokens", reading_tokens.read_token_bytes, reading_tokens.seeds),
    ],
)
def test_only_declared_refusals_come_of_bytes_that_were_thrown_before(what: str, read: Read, seeds: Seeds) -> None:
    start = [*seeds(), *found(what)]
    assert len(start) > 10
    for data in (*start, *mutated(start, INPUTS)):
        try:
            read(data)
        except Exception as failure:
            failure.add_note(f"by {data!r}")
            raise


def test_most_of_what_is_thrown_is_still_near_what_is_read() -> None:
    """Were all of it refused at the first byte, the test above would prove nothing."""
    start = list(reading_events.seeds())
    taken = 0
    for data in mutated(start, 1000):
        try:
            reading_events.decode_record(data)
        except reading_events.UnreadableRecord:
            continue
        taken += 1
    assert taken > 25
