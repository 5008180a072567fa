"""What is kept of a case, and that going on from it is going on."""

from __future__ import annotations

from typing import Any

import pytest

from services.casework.domain.case_file import CaseFile
from services.casework.domain.events import parse_event
from services.casework.domain.instants import parse_instant
from services.casework.domain.log_time import LogTime
from services.casework.domain.moments import Moves
from services.casework.domain.policy import Policy
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy, policy_of
from services.casework.domain.policy_timeline import SINCE_EVER, PolicyBook
from streams.neglect_watch.state_codec import (
    decode_case,
    decode_policies,
    decode_position,
    due_and_offset,
    encode_case,
    encode_policies,
    encode_position,
)
from tests.case_builder import (
    DAY,
    HOUR,
    MAR_1,
    MAR_2,
    MAR_3,
    MAR_10,
    CaseBuilder,
    a_case,
    a_policy,
    a_rule,
    event_id,
    every,
)
from tests.simulation.random_histories import random_history, until_of

DEFAULT = load_policy(DEFAULT_POLICY_PATH)
Record = dict[str, Any]
WEEKLY = a_rule(every(7 * DAY))


def policies_in(history: list[Record]) -> PolicyBook:
    book = PolicyBook()
    book.change("", SINCE_EVER, DEFAULT)
    for record in history:
        if record["type"] == "policy_changed":
            policy = policy_of(record["policy"], "random")
            book.change(record.get("organisation", ""), parse_instant(record["recorded_at"]), policy)
    return book


def worked(records: list[Record], book: PolicyBook, until: int, *, kept_every_event: bool) -> tuple[Moves, bytes]:
    """What comes of one case; kept and opened again after every event, or not."""
    case, all_moves = CaseFile(records[0]["case_id"], book), Moves()
    for offset, record in enumerate(records):
        event = parse_event(record, record.get("organisation", ""), also=frozenset(("recorded_at", "organisation")))
        moves = case.fold(event, parse_instant(record["recorded_at"]))
        all_moves.transitions += moves.transitions
        all_moves.obligations += moves.obligations
        if kept_every_event:
            kept = encode_case(case, offset)
            assert due_and_offset(kept) == (case.next_due(), offset)
            case = decode_case(case.case_id, kept, book)
            assert encode_case(case, offset) == kept
    moves = case.advance(until + 1)
    all_moves.transitions += moves.transitions
    all_moves.obligations += moves.obligations
    return all_moves, encode_case(case, len(records))


@pytest.mark.parametrize("seed", [21, 22, 23])
def test_a_case_kept_and_opened_again_after_every_event_gives_the_same(seed: int) -> None:
    history = random_history(seed, 6, 45, organisations=1, policy_changes=3)
    book, until = policies_in(history), until_of(history)
    by_case: dict[str, list[Record]] = {}
    for record in history:
        if record["type"] != "policy_changed":
            by_case.setdefault(record["case_id"], []).append(record)

    seen = 0
    for records in by_case.values():
        interrupted = worked(records, book, until, kept_every_event=True)
        assert interrupted == worked(records, book, until, kept_every_event=False)
        seen += len(interrupted[0].transitions)
    assert seen > 50


def kept_and_opened(story: CaseBuilder, until: int, policy: Policy) -> tuple[CaseFile, CaseFile]:
    case = story.told(until).case
    book = PolicyBook()
    book.change("", SINCE_EVER, policy)
    return case, decode_case(case.case_id, encode_case(case, 5), book)


def test_a_moment_that_is_not_over_is_kept_with_its_holds_and_retractions() -> None:
    story = a_case(WEEKLY).settled_on(MAR_1, known_as=event_id(9)).acknowledged_on(MAR_10, MAR_1)
    story = story.snoozed_on(MAR_10, MAR_1, MAR_10 + 5 * DAY).retracting(event_id(8), MAR_10)
    case, again = kept_and_opened(story, MAR_10 - 1, a_policy(WEEKLY))

    assert case.pending is not None
    assert again.pending == case.pending
    assert again.pending is not None and [hold.until for hold in again.pending.holds] == [None, MAR_10 + 5 * DAY]


def test_an_open_alert_is_kept_with_its_level_and_hold() -> None:
    story = a_case(WEEKLY).settled_on(MAR_1).acknowledged_on(MAR_10 - DAY, MAR_1)
    case, again = kept_and_opened(story, MAR_10, a_policy(WEEKLY))
    assert again.open_alerts() == case.open_alerts() != []
    assert again.owed_now() == case.owed_now()


def test_attributes_flags_lists_and_words_alike_come_back() -> None:
    story = a_case(WEEKLY).opened_on(MAR_1, has_skill=False, programmes=("alo", "asha"), upazila="sharsha")
    case, again = kept_and_opened(story, MAR_2, a_policy(WEEKLY))
    assert again.attributes == case.attributes
    assert again.attributes["programmes"] == ("alo", "asha") and again.attributes["has_skill"] is False


def test_a_retraction_kept_still_waits_for_its_event() -> None:
    story = a_case(WEEKLY).settled_on(MAR_1).retracting(event_id(9), MAR_2)
    _, again = kept_and_opened(story, MAR_2, a_policy(WEEKLY))
    event, _ = story.called_on(MAR_1 + HOUR, known_as=event_id(9)).records[-1]
    again.fold(event, MAR_3)
    again.advance(MAR_3 + 1)
    assert again.facts.times("contact") == []


def test_where_a_reader_stands_comes_back() -> None:
    for position in (LogTime(), LogTime(MAR_1, True, 0), LogTime(MAR_10, False, 12_345)):
        assert decode_position(encode_position(position)) == position


def test_policies_come_back_with_whose_they_are_and_since_when() -> None:
    other = a_policy(WEEKLY)
    book = PolicyBook()
    book.change("", SINCE_EVER, DEFAULT)
    book.of("alo")
    book.change("shurjo", MAR_2, other)

    offset, again = decode_policies(encode_policies(book, 17))
    assert offset == 17
    assert again == book
    again.change("", MAR_3, other)
    book.change("", MAR_3, other)
    assert again == book
    assert again.of("alo").at(MAR_3) == other
