"""The record that is written most often, put together by hand: the bytes are the library's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.casework.codec.alerts import (
    decode_obligation_changes,
    encode_obligation_changes,
    obligation_changes_to_message,
)
from services.casework.domain.instants import parse_instant
from services.casework.domain.transitions import LogPosition, ObligationChange, ObligationChanges, ObligationEnding

INSTANTS = st.integers(parse_instant("0001-01-01T00:00:00Z"), parse_instant("9999-12-31T23:59:59.999Z"))
CHANGE_VALUES = st.builds(
    ObligationChange,
    rule_id=st.text(max_size=200),
    c=INSTANTS,
    d=INSTANTS,
    k=INSTANTS,
    ending=st.none() | st.sampled_from(ObligationEnding),
    s=st.none() | INSTANTS,
)
CHANGES = st.builds(
    ObligationChanges,
    case_id=st.uuids().map(str),
    organisation=st.text(max_size=60),
    at=INSTANTS,
    changes=st.lists(CHANGE_VALUES, max_size=6).map(tuple),
)
CAUSES = st.builds(LogPosition, partition=st.integers(0, 2**32 - 1), offset=st.integers(0, 2**63 - 1))


@given(CHANGES, CAUSES)
def test_the_bytes_are_those_that_the_library_gives(changes: ObligationChanges, cause: LogPosition) -> None:
    message = obligation_changes_to_message(changes, cause)
    assert encode_obligation_changes(changes, cause) == message.SerializeToString(deterministic=True)


@given(CHANGES.filter(lambda changes: changes.changes and all(c.rule_id for c in changes.changes)), CAUSES)
def test_what_was_written_is_read_as_it_was(changes: ObligationChanges, cause: LogPosition) -> None:
    assert decode_obligation_changes(encode_obligation_changes(changes, cause)) == (changes, cause)
