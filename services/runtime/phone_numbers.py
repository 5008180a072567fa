"""Phone numbers as somebody wrote them, in one form: what a register may have the vault takes, and nothing else."""

from __future__ import annotations

from typing import Final

import phonenumbers

_HOME: Final = "BD"
_MOST: Final = 40


def e164(written: str) -> str | None:
    """Like +8801712345678; None for what cannot be a number. One without a country's is from Bangladesh.

    Spreadsheets take the first 0 of a number away: 1712345678 is one of these.
    """
    try:
        parsed = phonenumbers.parse(written[:_MOST], _HOME)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
