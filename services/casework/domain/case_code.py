"""The code by which people name a case: six characters of Crockford's base 32 and a check character, `7K4-M2XQ`.

It is made of the last 30 bits of the case_id (random in every kind of random UUID), so a phone can show it before
the server has seen the case. It is for reading aloud and for finding a case in one's own list, not an identifier: in
an organisation of thousands two cases may share one.

The check character is the syndrome over GF(32) with x⁵ + x² + 1: every single wrong character and every swap of two
characters is noticed.
"""

from __future__ import annotations

from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS: Final = {"I": "1", "L": "1", "O": "0"}
_CHARACTERS: Final = 6
_POLYNOMIAL: Final = 0b100101


def case_code(case_id: str) -> str:
    """The code of a case_id (a UUID as text), like `7K4-M2XQ`."""
    bits = int(case_id.replace("-", ""), 16)
    digits = [bits >> 5 * place & 31 for place in reversed(range(_CHARACTERS))]
    written = "".join(ALPHABET[digit] for digit in [*digits, _check(digits)])
    return f"{written[:3]}-{written[3:]}"


def read_case_code(typed: str) -> str:
    """What a person typed, as `case_code` writes it: any case, hyphens and spaces, I and L for 1, O for 0.

    Raises ValueError with what was expected, or that a character was mistyped.
    """
    plain = "".join(_READ_AS.get(character, character) for character in typed.upper() if character not in "- ")
    if len(plain) != _CHARACTERS + 1 or any(character not in ALPHABET for character in plain):
        raise ValueError("expected a case code like 7K4-M2XQ")
    digits = [ALPHABET.index(character) for character in plain]
    if _check(digits[:-1]) != digits[-1]:
        raise ValueError("a character of this case code is mistyped")
    return f"{plain[:3]}-{plain[3:]}"


def _check(digits: list[int]) -> int:
    check = 0
    for digit in digits:
        check = _doubled(check ^ digit)
    return check


def _doubled(element: int) -> int:
    """The element of GF(32) times x."""
    shifted = element << 1
    return shifted ^ _POLYNOMIAL if shifted > 31 else shifted
