"""Codes that are typed once, from paper or read aloud: Crockford's base 32 in groups of five. Pure.

An invitation is 40 characters (200 bits), a recovery code 20 (100 bits), as is each half of an invitation that two
people give: nobody guesses one, so a plain hash keeps it.
"""

from __future__ import annotations

import hashlib
from typing import Final

INVITATION_BYTES: Final = 25
RECOVERY_BYTES: Final = 13
RECOVERY_CHARACTERS: Final = 20
HALF_BYTES: Final = 13
HALF_CHARACTERS: Final = 20

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS: Final = {"I": "1", "L": "1", "O": "0"}
_GROUP: Final = 5


def written(random_bytes: bytes) -> str:
    """The code that so many random bytes make, as it is shown: `7K4M2-XQ01A-…`."""
    bits = int.from_bytes(random_bytes)
    characters = len(random_bytes) * 8 // 5
    plain = "".join(_ALPHABET[bits >> 5 * place & 31] for place in reversed(range(characters)))
    return "-".join(plain[start : start + _GROUP] for start in range(0, characters, _GROUP))


def read_code(typed: str) -> str:
    """What a person typed, in the one form that is compared: no hyphens or spaces, I and L as 1, O as 0."""
    return "".join(_READ_AS.get(character, character) for character in typed.upper() if character not in "- \t\r\n")


def digest(plain: str) -> str:
    """What is kept of a code or another long random secret."""
    return hashlib.sha256(plain.encode()).hexdigest()


def digest_of_halves(one: str, other: str) -> str:
    """What is kept of a code in two halves, by the digests of both; which one is typed first does not matter."""
    return digest("|".join(sorted((one, other))))


def possible_digests(plain: str) -> tuple[str, str]:
    """What may be kept of a code that was typed: of one code, or of one in two halves."""
    halves = plain[:HALF_CHARACTERS], plain[HALF_CHARACTERS:]
    return digest(plain), digest_of_halves(*map(digest, halves))
