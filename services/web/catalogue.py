"""All words on the pages: gettext catalogues, and how numbers and times are written in a language.

Pages ask by a key (`inbox.title`), which is the context (`msgctxt`) of a sentence. `messages.pot` has the English ones,
a `.po` has what a translator made of them, in any program that edits such files. A sentence without a translation, or
whose English changed since (`fuzzy`), is shown in English; a key of an event field or value that nobody wrote is its
own name with spaces. What a service says in English (`told.`) is found by the sentence itself. The Bangla words say of
themselves that no native reader has reviewed them.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from babel.core import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from services.web.dhaka import local
from services.web.told_sentences import ToldSentences

CATALOGUES: Final = Path(__file__).parent / "catalogues"
TEMPLATE: Final = CATALOGUES / "messages.pot"
_BANGLA_DIGITS: Final = str.maketrans("0123456789", "০১২৩৪৫৬৭৮৯")
_LATIN_DIGITS: Final = str.maketrans("০১২৩৪৫৬৭৮৯", "0123456789")
_NAMED_BY_THEMSELVES: Final = ("type.", "field.", "value.", "rule.", "fact.", "area.", "group.", "indicator.", "unit.")
_TOLD: Final = "told."
_PLACES: Final = ("district", "upazila")
_COUNTRY: Final = "destination_country"


class Language(StrEnum):
    ENGLISH = "en"
    BANGLA = "bn"


def latin_digits(text: str) -> str:
    """What was typed with Bangla numerals, in those that the services read."""
    return text.translate(_LATIN_DIGITS)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language; call it with a key and the values its sentence has room for.

    sentences: by key the forms for one, for many (a single one where no number is said). form_of: which of them.
    numerals_of: the language whose digits numbers are written with. of_services: what services say in English.
    """

    language: Language
    sentences: Mapping[str, tuple[str, ...]]
    form_of: Callable[[int], int]
    numerals_of: Language
    fallback: Words | None = None
    of_services: ToldSentences = field(default_factory=ToldSentences)

    def __call__(self, key: str, **values: object) -> str:
        """The sentence of a key; of one about many, the last form. Raises KeyError for a key that is no name either."""
        return self._filled(self.forms_of(key)[-1], values)

    def has(self, key: str) -> bool:
        """Whether this very language has the sentence."""
        return key in self.sentences

    def count(self, key: str, n: int) -> str:
        """The sentence about so many, in the form that the language has for the number."""
        owner = self if key in self.sentences or self.fallback is None else self.fallback
        forms = owner.forms_of(key)
        return self._filled(forms[min(owner.form_of(n), len(forms) - 1)], {"n": n})

    def knows(self, key: str) -> bool:
        return key in self.sentences or (self.fallback is not None and self.fallback.knows(key))

    def written(self) -> list[str]:
        """The keys of all sentences, here or in the fallback, in order."""
        return sorted(self.sentences.keys() | (self.fallback.sentences.keys() if self.fallback else set()))

    def forms_of(self, key: str) -> tuple[str, ...]:
        """For one and for many, or a single one. Raises KeyError for a key that is no name either."""
        if (forms := self.sentences.get(key)) is not None:
            return forms
        if self.fallback is not None:
            return self.fallback.forms_of(key)
        if not key.startswith(_NAMED_BY_THEMSELVES):
            raise KeyError(key)
        return (key.rsplit(".", 1)[1].replace("_", " ").replace("-", " ").capitalize(),)

    def told(self, english: str) -> str:
        """What a service said in English; as it was said where nobody wrote it in this language."""
        if (found := self.of_services.translation(english)) is None:
            return english
        sentence, room = found
        return self._filled(sentence, {name: self.numerals(text) for name, text in room.items()})

    def has_told(self, english: str) -> bool:
        """Whether `told` is in this very language."""
        return self.language is Language.ENGLISH or self.of_services.translation(english) is not None

    def _filled(self, sentence: str, values: Mapping[str, object]) -> str:
        return sentence.format(**{name: self.number(value) for name, value in values.items()}) if values else sentence

    def label(self, field: str, value: object) -> str:
        """What a value of an event's field is called; the same value may have another name in another field."""
        if isinstance(value, bool):
            return self("yes" if value else "no")
        if isinstance(value, str) and value.isdigit():
            return self.numerals(value)
        if isinstance(value, str) and field in _PLACES:
            return self(f"area.{value}")
        if isinstance(value, str) and field == _COUNTRY:
            return str(Locale(self.language).territories.get(value, value))
        if isinstance(value, str):
            special = f"value.{field}.{value}"
            return self(special) if self.knows(special) else self(f"value.{value}")
        return self.number(value)

    def area(self, upazila: str, district: str) -> str:
        """Where, the smaller place first; districts have their names, other places are codes of the organisation."""
        return ", ".join(self(f"area.{place}") for place in (upazila, district) if place)

    def areas(self, areas: Iterable[tuple[str, str]]) -> str:
        """What somebody answers for, by district and upazila ("": all of the district); no area: the organisation."""
        named = (" / ".join(self(f"area.{place}") for place in area if place) for area in areas)
        return ", ".join(named) or self("people.whole")

    def number(self, value: object) -> str:
        """A number with the numerals of the language; anything else as it is (ids stay Latin)."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return str(value)
        text = f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
        return self.numerals(text)

    def numerals(self, text: str) -> str:
        return text.translate(_BANGLA_DIGITS) if self.numerals_of is Language.BANGLA else text

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
def words_of(language: Language, numerals_of: Language | None = None) -> Words:
    """The words of a language, read once. numerals_of: whose digits, where they are not the language's own."""
    digits = numerals_of or language
    if language is Language.ENGLISH:
        template = catalogue_of(TEMPLATE)
        return Words(
            language, {message.context or "": _both(message.id) for message in template if message.id}, _is_many, digits
        )
    translated = catalogue_of(CATALOGUES / f"{language}.po")
    translations = {message.context or "": _both(message.string) for message in translated if _is_translated(message)}
    english = words_of(Language.ENGLISH, digits)
    of_services = ToldSentences.of(
        (english(key), said) for key, (said, *_) in translations.items() if key.startswith(_TOLD)
    )
    return Words(language, translations, gettext.c2py(translated.plural_expr), digits, english, of_services)


def catalogue_of(path: Path) -> Catalog:
    """A template or a language's catalogue. Raises PoFileError, with the line."""
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def _is_translated(message: Message) -> bool:
    return bool(message.id) and not message.fuzzy and all(_both(message.string))


def _both(said: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else tuple(said or ("",))


def _is_many(n: int) -> int:
    return int(n != 1)
