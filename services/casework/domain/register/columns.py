"""What a column of a register may mean, and what its heading makes one think it means."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from services.casework.domain.register.places import plain


class Column(StrEnum):
    """`number` is the register's own number of a case: it finds lines that are there twice and is kept nowhere."""

    NUMBER = "number"
    OPENED_ON = "opened_on"
    SETTLED_ON = "settled_on"
    DISTRICT = "district"
    UPAZILA = "upazila"
    CASEWORKER = "caseworker"
    PATHWAY = "pathway"
    SOURCE = "source"
    PROGRAMMES = "programmes"
    AGE = "age"
    EXPLOITATION = "exploitation"
    DESTINATION_COUNTRY = "destination_country"
    FAMILY_INVOLVED = "family_involved"
    HAS_SKILL = "has_skill"
    RISK = "risk"
    NAME = "name"
    PHONE = "phone"
    ADDRESS = "address"


IDENTITY: Final = frozenset({Column.NAME, Column.PHONE, Column.ADDRESS})
"""Who she is: for the vault alone."""

_HEADINGS: Final[Mapping[Column, str]] = {
    Column.NUMBER: "case number|case no|register number|register no|serial|sl|sl no|no|id"
    "|ক্রমিক|ক্রমিক নং|কেস নং|নিবন্ধন নং",
    Column.OPENED_ON: "opened|opened on|date opened|opening date|case opened|registration date|date of registration"
    "|intake date|date|কেস খোলার তারিখ|নিবন্ধনের তারিখ|তারিখ",
    Column.SETTLED_ON: "settled|settled on|date settled|return date|date of return|reintegration date|returned on"
    "|ফেরার তারিখ|পুনর্বাসনের তারিখ|পুনঃএকত্রীকরণের তারিখ",
    Column.DISTRICT: "district|zila|home district|জেলা",
    Column.UPAZILA: "upazila|thana|sub district|উপজেলা|থানা",
    Column.CASEWORKER: "caseworker|case worker|responsible|staff|field worker|কেসকর্মী|দায়িত্বপ্রাপ্ত কর্মী|কর্মী",
    Column.PATHWAY: "pathway|lives with|living|পথ|কোথায় থাকেন",
    Column.SOURCE: "source|referred by|came from|উৎস|কে পাঠিয়েছে|কোথা থেকে এসেছেন",
    Column.PROGRAMMES: "programme|programmes|program|project|প্রকল্প|কর্মসূচি",
    Column.AGE: "age|age band|age group|বয়স",
    Column.EXPLOITATION: "exploitation|type of exploitation|form of exploitation|শোষণ|শোষণের ধরন",
    Column.DESTINATION_COUNTRY: "destination country|destination|country|trafficked to|দেশ|গন্তব্য দেশ",
    Column.FAMILY_INVOLVED: "family involved|family involvement|পরিবার জড়িত",
    Column.HAS_SKILL: "skill|has skill|skilled|দক্ষতা|দক্ষতা আছে",
    Column.RISK: "risk|risk level|ঝুঁকি",
    Column.NAME: "name|full name|survivor|survivor name|name of survivor|নাম|সারভাইভারের নাম",
    Column.PHONE: "phone|phone number|mobile|mobile number|mobile no|telephone|contact number"
    "|ফোন|মোবাইল|মোবাইল নম্বর|ফোন নম্বর",
    Column.ADDRESS: "address|village|home address|ঠিকানা|গ্রাম",
}
_NOTES_BEHIND: Final = re.compile(r"\s*[(\[:].*$")
_BY_HEADING: Final = {plain(heading): column for column, all_of in _HEADINGS.items() for heading in all_of.split("|")}


def guessed(headings: Sequence[str]) -> tuple[Column | None, ...]:
    """What each column seems to mean; of two that seem to mean the same the first does."""
    found: list[Column | None] = []
    for heading in headings:
        column = _BY_HEADING.get(plain(_NOTES_BEHIND.sub("", heading)))
        found.append(None if column in found else column)
    return tuple(found)
