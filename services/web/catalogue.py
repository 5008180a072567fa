"""All words on the pages: one TOML file per language, and how numbers and times are written in it.

A key that Bangla does not have yet is shown in English; a key of an event field or value that English does not have is
its own name with spaces. The Bangla words say of themselves that no native reader has reviewed them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from services.web.dhaka import local

_FOLDER: Final = Path(__file__).parent / "catalogues"
_BANGLA_DIGITS: Final = str.maketrans("0123456789", "০১২৩৪৫৬৭৮৯")
_LATIN_DIGITS: Final = str.maketrans("০১২৩৪৫৬৭৮৯", "0123456789")
_NAMED_BY_THEMSELVES: Final = ("type.", "field.", "value.", "rule.", "fact.", "area.", "group.", "indicator.", "unit.")


class Language(StrEnum):
    ENGLISH = "en"
    BANGLA = "bn"


def latin_digits(text: str) -> str:
    """What was typed with Bangla numerals, in those that the services read."""
    return text.translate(_LATIN_DIGITS)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language; call it with a key and the values its sentence has room for."""

    language: Language
    sentences: Mapping[str, str]
    fallback: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """The sentence of a key. Raises KeyError for a key that no catalogue has and that is no name."""
        sentence = self.sentences.get(key) or self.fallback.get(key)
        if sentence is None:
            if not key.startswith(_NAMED_BY_THEMSELVES):
                raise KeyError(key)
            return key.rsplit(".", 1)[1].replace("_", " ").replace("-", " ").capitalize()
        return sentence.format(**{name: self.number(value) for name, value in values.items()}) if values else sentence

    def has(self, key: str) -> bool:
        """Whether this very language has the sentence."""
        return key in self.sentences

    def count(self, key: str, n: int) -> str:
        """The sentence about so many; English has another one for 1."""
        return self(f"{key}_one") if n == 1 and f"{key}_one" in self.sentences else self(key, n=n)

    def label(self, field: str, value: object) -> str:
        """What a value of an event's field is called; the same value may have another name in another field."""
        if isinstance(value, bool):
            return self("yes" if value else "no")
        if isinstance(value, str) and value.isdigit():
            return self.numerals(value)
        if isinstance(value, str):
            special = f"value.{field}.{value}"
            known = special in self.sentences or special in self.fallback
            return self(special) if known else self(f"value.{value}")
        return self.number(value)

    def area(self, upazila: str, district: str) -> str:
        """Where, the smaller place first; the names are codes of the organisation and have no translation yet."""
        return ", ".join(self(f"area.{place}") for place in (upazila, district) if place)

    def number(self, value: object) -> str:
        """A number with the numerals of the language; anything else as it is (ids stay Latin)."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return str(value)
        text = f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
        return self.numerals(text)

    def numerals(self, text: str) -> str:
        return text.translate(_BANGLA_DIGITS) if self.language is Language.BANGLA else text

    def clock(self, instant: str) -> str:
        """hh:mm in Dhaka of an instant."""
        return self.numerals(local(instant).strftime("%H:%M"))

    def time(self, instant: str) -> str:
        """Day and time in Dhaka of an instant."""
        moment = local(instant)
        return f"{self.day(moment)}, {self.numerals(moment.strftime('%H:%M'))}"

    def day(self, day: date | datetime | str) -> str:
        if isinstance(day, str):
            day = local(day) if "T" in day else date.fromisoformat(day)
        return self.numerals(f"{day.day} ") + self(f"month.{day.month}") + self.numerals(f" {day.year}")


@cache
def words_of(language: Language) -> Words:
    """The words of a language, read once."""
    return Words(language, _load(language), _load(Language.ENGLISH))


def _load(language: Language) -> dict[str, str]:
    with (_FOLDER / f"{language}.toml").open("rb") as file:
        read = tomllib.load(file)
    return {key: value for key, value in _flat("", read) if not key.startswith("about.")}


def _flat(prefix: str, table: Mapping[str, object]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in table.items():
        if isinstance(value, Mapping):
            found += _flat(f"{prefix}{name}.", value)
        else:
            found.append((prefix + name, str(value)))
    return found
