"""Why a case is on the list, in both languages."""

from __future__ import annotations

from services.casework.application.worklist import Standing
from services.casework.domain.instants import DAY, parse_instant
from services.casework.domain.policy import Title
from services.casework.domain.transitions import Explanation
from services.casework.entrypoints.reasons import reason_of_standing, reason_owed

MAR_1 = parse_instant("2026-03-01T00:00:00Z")
WHY = Explanation(Title("Keeping in touch", "নিয়মিত যোগাযোগ"), "contact", MAR_1, "settled", MAR_1, 2, ("contact",))


def test_what_is_overdue_says_for_how_long_what_was_last_done_and_what_was_tried() -> None:
    said = reason_owed(WHY, MAR_1 + 7 * DAY, MAR_1 + 19 * DAY, "en", "high")

    assert said == (
        "Keeping in touch: was due by 2026-03-08, overdue for 12 days. "
        "Last known: contact with her on 2026-03-01. Attempts since then: 2. High risk."
    )


def test_what_is_not_due_yet_says_by_when() -> None:
    assert reason_owed(WHY, MAR_1 + 7 * DAY, MAR_1, "en").startswith("Keeping in touch: due by 2026-03-08.")


def test_everything_is_said_in_bangla_too() -> None:
    said = reason_owed(WHY, MAR_1 + 7 * DAY, MAR_1 + 19 * DAY, "bn", "high")

    assert said.startswith("নিয়মিত যোগাযোগ: ")
    assert not any(character.isascii() and character.isalpha() for character in said)
    for standing in Standing:
        assert reason_of_standing(standing, "en") != reason_of_standing(standing, "bn")
