"""Days as people wrote them: in either digits, by several habits at once.

    2024-03-12   12/3/2024   12.3.24   12-Mar-24   ১২/০৩/২০২৪   12 মার্চ 2024   45363 (Excel's own number of a day)

Of two numbers that could each be the month the day comes first, unless it is said otherwise. A year of two digits is
one of this century: nothing here is older than 2000.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

_BANGLA_DIGITS: Final = str.maketrans("০১২৩৪৫৬৭৮৯", "0123456789")
_ISO: Final = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})")
_NUMBERS: Final = re.compile(r"([0-9]{1,2})\s?[-/.]\s?([0-9]{1,2})\s?[-/.]\s?([0-9]{4}|[0-9]{2})")
_NAMED: Final = re.compile(r"([0-9]{1,2})[ \-/.]{0,3}([^0-9 \-/.,]{3,20})[ \-/.,]{0,3}([0-9]{4}|[0-9]{2})")
_TIME_AFTER: Final = re.compile(r"[T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?( ?[AaPp][Mm]|Z)?$")
_SERIAL: Final = re.compile(r"([0-9]{5})(\.[0-9]+)?")
_SERIAL_BEGINS: Final = date(1899, 12, 30)
_MONTHS: Final = (
    ("jan", "জানু"),
    ("feb", "ফেব্রু"),
    ("mar", "মার্চ"),
    ("apr", "এপ্রিল"),
    ("may", "মে"),
    ("jun", "জুন"),
    ("jul", "জুলাই"),
    ("aug", "আগস্ট", "আগষ্ট"),
    ("sep", "সেপ্টে"),
    ("oct", "অক্টো"),
    ("nov", "নভে"),
    ("dec", "ডিসে"),
)
"""How the names of months begin, in both languages."""
_CENTURY: Final = 2000


def latin_digits(text: str) -> str:
    """With Latin digits in place of Bangla ones."""
    return text.translate(_BANGLA_DIGITS)


def read_day(text: str, *, day_first: bool = True) -> int:
    """The day as its midnight UTC, in milliseconds since 1970. Raises ValueError for what is no day."""
    written = _TIME_AFTER.sub("", latin_digits(text).strip())
    if found := _ISO.fullmatch(written):
        return _instant(int(found[1]), int(found[2]), int(found[3]))
    if found := _NUMBERS.fullmatch(written):
        first, second = int(found[1]), int(found[2])
        day, month = _day_and_month(first, second, day_first=day_first)
        return _instant(_year(found[3]), month, day)
    if found := _NAMED.fullmatch(written):
        return _instant(_year(found[3]), _month_named(found[2]), int(found[1]))
    if found := _SERIAL.fullmatch(written):
        counted = _SERIAL_BEGINS + timedelta(days=int(found[1]))
        return _instant(counted.year, counted.month, counted.day)
    raise ValueError("expected a day")


def is_ambiguous(text: str) -> bool:
    """Whether the same text is another day when the month comes first."""
    found = _NUMBERS.fullmatch(_TIME_AFTER.sub("", latin_digits(text).strip()))
    return found is not None and int(found[1]) != int(found[2]) and max(int(found[1]), int(found[2])) <= len(_MONTHS)


def _day_and_month(first: int, second: int, *, day_first: bool) -> tuple[int, int]:
    """Where only one of them can be the month it is the month, whatever was said."""
    if first > len(_MONTHS):
        return first, second
    if second > len(_MONTHS):
        return second, first
    return (first, second) if day_first else (second, first)


def _year(written: str) -> int:
    return int(written) + (_CENTURY if len(written) == 2 else 0)


def _month_named(name: str) -> int:
    """Raises ValueError."""
    lowered = name.lower()
    for number, beginnings in enumerate(_MONTHS, 1):
        if lowered.startswith(beginnings):
            return number
    raise ValueError("expected a month")


def _instant(year: int, month: int, day: int) -> int:
    """Raises ValueError for a day that no calendar has."""
    return int(datetime(year, month, day, tzinfo=UTC).timestamp()) * 1000
