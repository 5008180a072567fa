"""A detector newer than this service names facts of which it has no words yet: the list is shown all the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.alerting.domain.alert_record import AlertRecord
from services.alerting.domain.inbox import Inbox
from services.alerting.entrypoints.shapes import alert_json
from services.casework.codec import decode_transition, encode_transition
from services.casework.domain.transitions import LogPosition
from tests.unit.services.alerting.alerting_builders import EXPLANATION, MAR_10, raised


@pytest.mark.parametrize("language", ["en", "bn"])
def test_a_fact_without_words_is_named_as_the_newer_policy_names_it(language):
    newer = replace(EXPLANATION, last_done="home_visited", ends_with=("contact", "home_visited"))
    written = encode_transition(replace(raised(), explanation=newer), LogPosition(0, 1))
    transition, _ = decode_transition(written)
    shown = alert_json(AlertRecord(transition), Inbox().charge_of(transition), language, MAR_10)
    assert "home visited" in str(shown["sentence"])
    assert "home visited" in str(shown["what_would_end_it"])
