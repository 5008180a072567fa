"""What the demonstration says of its data, and what its invented life does."""

from __future__ import annotations

import random
from pathlib import Path

from infra.demo.data_card import DataCard, read_card, write_card
from infra.demo.life import event_for, something
from services.casework.domain.events import parse_event
from services.casework.domain.instants import DAY, HOUR, MINUTE, parse_instant

NOW = parse_instant("2026-06-01T15:30:00Z")


def test_the_age_of_the_data_is_said_in_the_largest_unit_that_has_passed() -> None:
    ages = {3 * DAY + HOUR: "3 days", DAY: "1 day", 5 * HOUR: "5 hours", MINUTE: "1 minute", 0: "less than a minute"}
    assert {passed: DataCard(1, 1, NOW - passed, 10).age(NOW) for passed in ages} == ages


def test_the_card_is_read_as_it_was_written(tmp_path: Path) -> None:
    card = DataCard(7, 2, NOW, 1234)
    assert read_card(tmp_path) is None
    write_card(tmp_path, card)
    assert read_card(tmp_path) == card
    assert card.in_words(NOW + 3 * DAY) == (
        "The data is from 01 June 2026, 15:30 UTC, 3 days old; make demo-reset wipes it."
    )


def test_whatever_life_invents_is_a_valid_event() -> None:
    rng = random.Random(1)
    for _ in range(300):
        items = [{"case_id": "0d8f0a51-3f0e-4c7e-9a55-000000c0ffee", "overdue_since": None}]
        event = event_for(rng, items, NOW)
        assert event is not None
        parse_event(event)
    assert {something(rng)[0] for _ in range(300)} == {"call", "training", "counselling", "referral"}


def test_life_mostly_leaves_alone_what_is_overdue() -> None:
    rng = random.Random(2)
    overdue = [{"case_id": "0d8f0a51-3f0e-4c7e-9a55-000000c0ffee", "overdue_since": "2026-05-30T00:00:00.000Z"}]
    taken = sum(event_for(rng, overdue, NOW) is not None for _ in range(1000))
    assert 60 < taken < 200
