"""Closed choices as people write them in a register, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.casework.domain.event_types import Country
from services.casework.domain.register.columns import Column
from services.casework.domain.register.dates import latin_digits
from services.casework.domain.register.places import plain

_YES: Final = "yes|y|true|1|হ্যাঁ|হা|আছে"
_NO: Final = "no|n|false|0|না|নেই"
_WRITTEN: Final[Mapping[Column, Mapping[str, str]]] = {
    Column.PATHWAY: {
        "family": "with family|return to family|পরিবার|পরিবারের সঙ্গে|পরিবারের সাথে",
        "independent": "alone|lives independently|on her own|স্বাধীন|একা|নিজের মতো",
        "undecided": "not decided|unknown|ঠিক হয়নি|অজানা",
    },
    Column.SOURCE: {
        "repatriation": "repatriated|প্রত্যাবাসন",
        "police": "পুলিশ",
        "community_forum": "forum|ফোরাম|কমিউনিটি ফোরাম",
        "shelter": "shelter home|আশ্রয়কেন্দ্র|শেল্টার",
        "family": "পরিবার",
        "self": "herself|নিজে",
        "other": "অন্যান্য|অন্য",
    },
    Column.EXPLOITATION: {
        "sexual": "sexual exploitation|যৌন|যৌন শোষণ",
        "labour": "labor|forced labour|forced labor|শ্রম|জোরপূর্বক শ্রম",
        "domestic_servitude": "domestic work|domestic|গৃহকর্ম|গৃহদাসত্ব",
        "forced_marriage": "marriage|জোরপূর্বক বিয়ে|জোর করে বিয়ে",
        "other": "অন্যান্য|অন্য",
        "unknown": "not known|অজানা",
    },
    Column.FAMILY_INVOLVED: {"yes": _YES, "no": _NO, "unknown": "not known|অজানা"},
    Column.HAS_SKILL: {"true": _YES, "false": _NO},
    Column.RISK: {"low": "নিম্ন|কম", "medium": "মধ্যম|মাঝারি", "high": "উচ্চ|বেশি"},
}
_COUNTRIES: Final = {
    "IN": "india|ভারত",
    "PK": "pakistan|পাকিস্তান",
    "AE": "united arab emirates|uae|dubai|সংযুক্ত আরব আমিরাত|দুবাই",
    "SA": "saudi arabia|সৌদি আরব",
    "OM": "oman|ওমান",
    "QA": "qatar|কাতার",
    "KW": "kuwait|কুয়েত",
    "BH": "bahrain|বাহরাইন",
    "JO": "jordan|জর্ডান",
    "LB": "lebanon|লেবানন",
    "MY": "malaysia|মালয়েশিয়া",
    "NP": "nepal|নেপাল",
    "BD": "bangladesh|বাংলাদেশ",
}
_BANDS: Final = ((18, "under_18"), (25, "18_24"), (35, "25_34"), (121, "35_plus"))


def _spelled(by_value: Mapping[str, str]) -> Mapping[str, str]:
    return {plain(spelling): value for value, all_of in by_value.items() for spelling in (value, *all_of.split("|"))}


_BY_SPELLING: Final = {column: _spelled(by_value) for column, by_value in _WRITTEN.items()}
_COUNTRY_BY_SPELLING: Final = _spelled(_COUNTRIES)


def choice(column: Column, text: str) -> str | bool:
    """The value of a choice as an event has it. Raises ValueError for what is none of them."""
    found = _BY_SPELLING[column].get(plain(text))
    if found is None:
        raise ValueError("expected one of the choices")
    return found == "true" if column is Column.HAS_SKILL else found


def country(text: str) -> str:
    """Its two letters. Raises ValueError for what is neither two letters nor one of the names that are known."""
    return _COUNTRY_BY_SPELLING.get(plain(text)) or Country().parse(text.strip().upper())


def age_band(text: str) -> str:
    """Of years, or of a band's own name. Raises ValueError."""
    named = plain(latin_digits(text)).replace(" ", "_")
    if named in {name for _, name in _BANDS}:
        return named
    years = int(named)
    for below, name in _BANDS:
        if 0 <= years < below:
            return name
    raise ValueError("expected an age in years")
