from __future__ import annotations

import uuid

import pytest

from services.web.chosen_lines import NOTHING_CHOSEN, Became, Chosen, ChosenLine, event_id_of

CASE, OTHER_CASE = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))
ALERT, OTHER_ALERT = str(uuid.UUID(int=3)), str(uuid.UUID(int=4))
FORM = str(uuid.UUID(int=5))


def test_a_line_is_a_case_with_the_alerts_it_had_when_it_was_chosen() -> None:
    assert ChosenLine.of(f"{CASE} {ALERT} {OTHER_ALERT}") == ChosenLine(CASE, (ALERT, OTHER_ALERT))


@pytest.mark.parametrize("value", ["", CASE, f"{CASE} ", f"{CASE} x", f"{CASE}  {ALERT}", f"../people {ALERT}"])
def test_what_no_page_has_made_is_no_line(value: str) -> None:
    with pytest.raises(ValueError, match="not a line"):
        ChosenLine.of(value)


def test_those_that_did_not_go_through_stay_chosen_and_no_others() -> None:
    lines = (ChosenLine(CASE, (ALERT,)), ChosenLine(OTHER_CASE, (OTHER_ALERT,)))
    assert Chosen(FORM, "snooze", {}, lines, said="no reason").case_ids == {CASE, OTHER_CASE}
    became = (Became(lines[0]), Became(lines[1], "it has ended", 409))
    chosen = Chosen(FORM, "snooze", {}, lines, became)
    assert chosen.case_ids == {OTHER_CASE}
    assert chosen.through == became[:1] and chosen.not_through == became[1:]
    assert not NOTHING_CHOSEN.case_ids


def test_each_alert_has_an_event_of_its_own_that_stays_the_same_while_it_says_the_same() -> None:
    said = {"until": "2026-03-03T09:00:00.000Z", "reason": "her_wish"}
    first = event_id_of(FORM, "snooze", ALERT, said)
    assert event_id_of(FORM, "snooze", ALERT, dict(reversed(said.items()))) == first
    others = {
        event_id_of(FORM, "snooze", OTHER_ALERT, said),
        event_id_of(FORM, "acknowledge", ALERT, said),
        event_id_of(FORM, "snooze", ALERT, said | {"reason": "other"}),
        event_id_of(str(uuid.UUID(int=6)), "snooze", ALERT, said),
    }
    assert len(others) == 4 and first not in others
    assert str(uuid.UUID(first)) == first
