"""The words of a message: that there is something to look at, how much, and where. Nothing about any case, ever.

Whoever holds the phone, or reads what a gateway keeps, learns no more than that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.casework.domain.wording import Language

_BANGLA_DIGITS: Final = str.maketrans("0123456789", "০১২৩৪৫৬৭৮৯")


@dataclass(frozen=True, slots=True)
class Text:
    title: str
    body: str


_SOMETHING: Final = {"en": "You have something to look at", "bn": "আপনার দেখার মতো কিছু আছে"}
_NEW: Final = {"en": "{n} new.", "bn": "নতুন {n}টি।"}
_OLDER: Final = {"en": "{n} older.", "bn": "পুরোনো {n}টি।"}
_TRIAL: Final = {"en": "This is a test", "bn": "এটি একটি পরীক্ষা"}
_TRIAL_BODY: Final = {"en": "You asked for it yourself.", "bn": "আপনি নিজেই এটি চেয়েছেন।"}


def text_of(language: Language, cases: int, older: int, address: str) -> Text:
    """address: of the origin, "" where nobody has said it."""
    told = []
    if cases:
        told.append(_NEW[language].format(n=_number(language, cases)))
    if older:
        told.append(_OLDER[language].format(n=_number(language, older)))
    return _text(_SOMETHING[language], " ".join(told), address)


def trial_text(language: Language, address: str) -> Text:
    return _text(_TRIAL[language], _TRIAL_BODY[language], address)


def _text(title: str, told: str, address: str) -> Text:
    return Text(title, f"{told}\n{address}" if address else told)


def _number(language: Language, number: int) -> str:
    return str(number).translate(_BANGLA_DIGITS) if language == "bn" else str(number)
