"""For which cases a rule is, in English and Bangla: what an attribute of a case is called, and its values.

Codes (districts, programmes) and ids are the organisation's own and stand as they are. Like the sentences of `wording`,
the Bangla has not been read by a speaker yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.casework.domain.event_types import Value

Pair = tuple[str, str]
"""English, Bangla."""

_NOT_KNOWN: Final = ("not known", "জানা নেই")
_ATTRIBUTES: Final[Mapping[str, Pair]] = {
    "pathway": ("her way of living", "তাঁর পথ"),
    "district": ("the district", "জেলা"),
    "upazila": ("the upazila", "উপজেলা"),
    "programmes": ("her programmes", "তাঁর কর্মসূচি"),
    "caseworker_id": ("the caseworker", "কেসকর্মী"),
    "age_band": ("her age", "তাঁর বয়স"),
    "exploitation": ("how she was exploited", "শোষণের ধরন"),
    "destination_country": ("the country she was taken to", "যে দেশে নেওয়া হয়েছিল"),
    "family_involved": ("the family's part in it", "পরিবারের জড়িত থাকা"),
    "has_skill": ("a skill of hers", "তাঁর দক্ষতা"),
    "risk": ("the risk", "ঝুঁকি"),
}
_VALUES: Final[Mapping[str, Mapping[str, Pair]]] = {
    "pathway": {
        "family": ("living with the family", "পরিবারের সঙ্গে থাকা"),
        "independent": ("living on her own", "স্বাধীনভাবে থাকা"),
        "undecided": ("not decided", "ঠিক হয়নি"),
    },
    "age_band": {
        "under_18": ("under 18", "১৮-এর কম"),
        "18_24": ("18 to 24", "১৮ থেকে ২৪"),
        "25_34": ("25 to 34", "২৫ থেকে ৩৪"),
        "35_plus": ("35 or older", "৩৫ বা তার বেশি"),
    },
    "exploitation": {
        "sexual": ("sexually", "যৌন শোষণ"),
        "labour": ("for labour", "শ্রম শোষণ"),
        "domestic_servitude": ("in domestic servitude", "গৃহস্থালি দাসত্ব"),
        "forced_marriage": ("by forced marriage", "জোরপূর্বক বিয়ে"),
        "other": ("otherwise", "অন্য"),
        "unknown": _NOT_KNOWN,
    },
    "family_involved": {
        "yes": ("it took part", "জড়িত ছিল"),
        "no": ("it took none", "জড়িত ছিল না"),
        "unknown": _NOT_KNOWN,
    },
    "risk": {"low": ("low", "কম"), "medium": ("medium", "মাঝারি"), "high": ("high", "বেশি")},
}
_FLAG: Final[Mapping[bool, Pair]] = {True: ("there is", "আছে"), False: ("there is none", "নেই")}


def condition_said(name: str, value: Value) -> Pair:
    """One condition as a sentence. An attribute or value that is newer than this program is named as it is written."""
    plain = name.replace("_", " ")
    attribute, value_said = _ATTRIBUTES.get(name, (plain, plain)), _value_said(name, value)
    english = f"Only for cases with {attribute[0]}: {value_said[0]}."
    return english, f"শুধু যেসব কেসে {attribute[1]}: {value_said[1]}।"


def _value_said(name: str, value: Value) -> Pair:
    if isinstance(value, bool):
        return _FLAG[value]
    return _VALUES.get(name, {}).get(str(value), (str(value), str(value)))
