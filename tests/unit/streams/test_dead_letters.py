"""Dead letters: told apart by place, shown without content, replayed only where that means something."""

from __future__ import annotations

from dataclasses import replace

from services.casework.codec import encode_clock, encode_event
from services.casework.domain.events import parse_event
from services.runtime.topics import ALERTS, CASE_EVENTS, partition_of
from streams.dead_letters import DeadLetter, letter_of, merged, shown, why_not

CASE_ID = "5f0e7a52-3c1b-4c7e-9a64-0d5b2f1c8e77"
EVENT = parse_event(
    {
        "event_id": "0e7a525f-1b3c-4ec7-a964-5b0d1c2f778e",
        "case_id": CASE_ID,
        "type": "contact_resumed",
        "occurred_at": "2026-03-01T00:00:00Z",
    }
)
READABLE = DeadLetter(
    CASE_EVENTS.name,
    partition_of(CASE_ID),
    41,
    "no record of a known kind is set",
    ("clickhouse_sink",),
    CASE_ID.encode(),
    encode_event(EVENT),
)


def test_a_letter_comes_back_from_its_headers() -> None:
    assert letter_of(READABLE.headers(), READABLE.key, READABLE.kept_value()) == READABLE


def test_a_record_that_two_apps_could_not_read_is_one_letter() -> None:
    other = replace(READABLE, apps=("neglect_watch",))
    later = replace(READABLE, offset=42)
    assert merged([later, READABLE, other, READABLE]) == [
        replace(READABLE, apps=("clickhouse_sink", "neglect_watch")),
        later,
    ]


def test_what_can_be_read_now_can_be_replayed() -> None:
    assert why_not(READABLE) == ""


def test_what_cannot_be_replayed_says_why() -> None:
    assert why_not(replace(READABLE, value=b"\xff")) == "the bytes are no Envelope"
    assert why_not(replace(READABLE, value=None)) == "the record is empty"
    assert why_not(replace(READABLE, value=encode_clock())).startswith("it is a control record")
    assert why_not(replace(READABLE, key=None)) == "the key is not the event's case_id"
    assert why_not(replace(READABLE, partition=(READABLE.partition + 1) % 12)).startswith("it stands in a partition")
    assert why_not(replace(READABLE, topic=ALERTS.name)).startswith("only records of")


def test_a_letter_is_shown_without_its_content_and_its_key_only_where_it_is_an_id() -> None:
    letter = replace(READABLE, key=b"canary-0171-555", value=b"canary-0171-555")
    assert "canary" not in str(shown(letter))
    assert shown(letter)["case_id"] == ""
    assert shown(READABLE)["case_id"] == CASE_ID


def test_a_record_too_long_for_a_letter_stays_in_its_own_topic() -> None:
    assert replace(READABLE, value=b"x" * 1_000_000).kept_value() is None
