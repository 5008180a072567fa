"""A line of a register: what it says of a case and of who she is, or what is wrong with it, column by column."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Final

from services.casework.domain.event_types import Codes
from services.casework.domain.instants import DAY, HOUR, parse_instant
from services.casework.domain.register.choices import age_band, choice, country
from services.casework.domain.register.columns import Column
from services.casework.domain.register.dates import is_ambiguous, latin_digits, read_day
from services.casework.domain.register.places import district_code, place_code, plain

EARLIEST: Final = parse_instant("2000-01-01T00:00:00Z")
_AHEAD: Final = 6 * HOUR
"""In Bangladesh it is the next day already, six hours before it is in UTC."""
NAME_CHARACTERS: Final = 200
ADDRESS_CHARACTERS: Final = 1000
MOST_PHONES: Final = 10
# Bangla is written with the first two.
_JOINERS: Final = {0x200C: " ", 0x200D: " "}
_BREAKS: Final = {9: " ", 10: " ", 13: " "}
_SEPARATORS: Final = str.maketrans({";": ",", "|": ",", "/": ",", "\n": ",", "،": ","})
_DATES: Final = (Column.OPENED_ON, Column.SETTLED_ON)
_CHOICES: Final = (Column.PATHWAY, Column.SOURCE, Column.EXPLOITATION, Column.FAMILY_INVOLVED, Column.HAS_SKILL)


class Wrong(StrEnum):
    """What is wrong at a column; the pages have a sentence for each."""

    MISSING = "missing"
    NO_DAY = "no_day"
    TOO_EARLY = "too_early"
    IN_THE_FUTURE = "in_the_future"
    BEFORE_OPENING = "before_opening"
    NO_CHOICE = "no_choice"
    NO_DISTRICT = "no_district"
    NOT_YOUR_AREA = "not_your_area"
    NO_CODE = "no_code"
    NO_COUNTRY = "no_country"
    NO_AGE = "no_age"
    NO_CASEWORKER = "no_caseworker"
    NO_PHONE = "no_phone"
    TOO_LONG = "too_long"
    NEEDS_PATHWAY = "needs_pathway"
    TWICE = "twice"


@dataclass(frozen=True, slots=True)
class Problem:
    """line: as a spreadsheet counts them, the headings are 1. It holds nothing of what stands there."""

    line: int
    column: Column
    wrong: Wrong


@dataclass(frozen=True, slots=True)
class Identity:
    """Who she is, on its way to the vault. phones: E.164."""

    names: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    address: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.names or self.phones or self.address)


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is right. Instants in milliseconds; opening: the data of `case_opened`."""

    number: int
    opened_on: int
    opening: Mapping[str, object]
    settled_on: int | None
    identity: Identity


@dataclass(frozen=True, slots=True)
class Terms:
    """How the register is to be read: what was said on the page.

    columns: what each means, None for one that is left out. now: milliseconds; what lies after it has not happened.
    caseworkers: account by name as it stands in the register; district, caseworker_id: where a line names none, "".
    covers: whether a district and an upazila are the importer's own. phone: E.164 of what somebody wrote, or None.
    """

    columns: Sequence[Column | None]
    now: int
    phone: Callable[[str], str | None]
    covers: Callable[[str, str], bool]
    day_first: bool = True
    district: str = ""
    caseworker_id: str = ""
    caseworkers: Mapping[str, str] = field(default_factory=dict)

    def named(self, cells: Sequence[str]) -> dict[Column, str]:
        """What stands in the columns that count, without those that are empty."""
        pairs = zip(self.columns, cells, strict=False)
        return {column: cell.strip() for column, cell in pairs if column is not None and cell.strip()}


def read_line(number: int, cells: Sequence[str], terms: Terms) -> Line | list[Problem]:
    """The line, if everything on it is right; otherwise everything that is wrong."""
    reading = _Reading(number, terms.named(cells), terms, [])
    opened_on, settled_on = (reading.day(column) for column in _DATES)
    opening = reading.opening()
    identity = reading.identity()
    reading.check_between(opened_on, settled_on, opening)
    if reading.problems:
        return reading.problems
    assert opened_on is not None
    return Line(number, opened_on, opening, settled_on, identity)


@dataclass(slots=True)
class _Reading:
    number: int
    cells: Mapping[Column, str]
    terms: Terms
    problems: list[Problem]

    def wrong(self, column: Column, wrong: Wrong) -> None:
        self.problems.append(Problem(self.number, column, wrong))

    def day(self, column: Column) -> int | None:
        written = self.cells.get(column)
        if written is None:
            if column is Column.OPENED_ON:
                self.wrong(column, Wrong.MISSING)
            return None
        try:
            day = read_day(written, day_first=self.terms.day_first)
        except (ValueError, OverflowError):
            self.wrong(column, Wrong.NO_DAY)
            return None
        if day < EARLIEST or day > self.terms.now + _AHEAD:
            self.wrong(column, Wrong.TOO_EARLY if day < EARLIEST else Wrong.IN_THE_FUTURE)
            return None
        return min(day, self.terms.now)

    def opening(self) -> dict[str, object]:
        opening: dict[str, object] = {"source": "other", "pathway": "undecided"}
        opening |= self._place() | self._caseworker()
        for column in (*_CHOICES, Column.RISK):
            opening |= self._value(column, column.value, partial(choice, column), Wrong.NO_CHOICE)
        opening |= self._value(Column.AGE, "age_band", age_band, Wrong.NO_AGE)
        opening |= self._value(Column.DESTINATION_COUNTRY, "destination_country", country, Wrong.NO_COUNTRY)
        return opening | self._value(Column.PROGRAMMES, "programmes", _programmes, Wrong.NO_CODE)

    def _value(self, column: Column, name: str, read: Callable[[str], object], wrong: Wrong) -> dict[str, object]:
        written = self.cells.get(column)
        if written is None:
            return {}
        try:
            return {name: read(written)}
        except ValueError:
            self.wrong(column, wrong)
            return {}

    def _place(self) -> dict[str, object]:
        written, upazila = self.cells.get(Column.DISTRICT), self._upazila()
        district = self.terms.district if written is None else district_code(written)
        if not district:
            self.wrong(Column.DISTRICT, Wrong.MISSING if written is None else Wrong.NO_DISTRICT)
            return {}
        if not self.terms.covers(district, upazila):
            self.wrong(Column.DISTRICT, Wrong.NOT_YOUR_AREA)
        place: dict[str, object] = {"district": district}
        return place | {"upazila": upazila} if upazila else place

    def _upazila(self) -> str:
        written = self.cells.get(Column.UPAZILA)
        code = "" if written is None else place_code(written)
        if code is None:
            self.wrong(Column.UPAZILA, Wrong.NO_CODE)
        return code or ""

    def _caseworker(self) -> dict[str, object]:
        written = self.cells.get(Column.CASEWORKER)
        found = self.terms.caseworker_id if written is None else self.terms.caseworkers.get(plain(written))
        if not found:
            self.wrong(Column.CASEWORKER, Wrong.MISSING if written is None else Wrong.NO_CASEWORKER)
            return {}
        return {"caseworker_id": found}

    def identity(self) -> Identity:
        """As the vault takes it."""
        name, address = " ".join(self.cells.get(Column.NAME, "").split()), self.cells.get(Column.ADDRESS, "")
        if len(name) > NAME_CHARACTERS or not name.translate(_JOINERS).isprintable():
            self.wrong(Column.NAME, Wrong.TOO_LONG)
        if len(address) > ADDRESS_CHARACTERS or not address.translate(_JOINERS | _BREAKS).isprintable():
            self.wrong(Column.ADDRESS, Wrong.TOO_LONG)
        return Identity((name,) if name else (), tuple(dict.fromkeys(self._phones())), address)

    def _phones(self) -> Iterator[str]:
        written = latin_digits(self.cells.get(Column.PHONE, "")).translate(_SEPARATORS)
        numbers = [number for number in map(str.strip, written.split(",")) if number]
        if len(numbers) > MOST_PHONES:
            self.wrong(Column.PHONE, Wrong.TOO_LONG)
            return
        for number in numbers:
            phone = self.terms.phone(number)
            if phone is None:
                self.wrong(Column.PHONE, Wrong.NO_PHONE)
                return
            yield phone

    def check_between(self, opened_on: int | None, settled_on: int | None, opening: Mapping[str, object]) -> None:
        """What is wrong between columns that are each right by themselves."""
        if settled_on is None:
            return
        if opened_on is not None and settled_on < opened_on - 365 * DAY:
            self.wrong(Column.SETTLED_ON, Wrong.BEFORE_OPENING)
        pathway_is_said = any(problem.column is Column.PATHWAY for problem in self.problems)
        if opening.get("pathway") == "undecided" and not pathway_is_said:
            self.wrong(Column.PATHWAY, Wrong.NEEDS_PATHWAY)


def _programmes(text: str) -> list[str]:
    """Raises ValueError."""
    codes = [place_code(one) for one in filter(None, map(str.strip, text.translate(_SEPARATORS).split(",")))]
    if None in codes:
        raise ValueError("expected codes")
    return list(Codes().parse([code for code in codes if code is not None]))


@dataclass(frozen=True, slots=True)
class Reading:
    """A register as it was read. ambiguous: how many days would be others with the month first."""

    lines: tuple[Line, ...]
    problems: tuple[Problem, ...]
    ambiguous: int

    @property
    def wrong_lines(self) -> int:
        return len({problem.line for problem in self.problems})


def read_register(rows: Sequence[Sequence[str]], terms: Terms) -> Reading:
    """Every line that is not empty. rows: without the headings; their numbers begin with 2, as a spreadsheet's do."""
    lines: list[Line] = []
    problems: list[Problem] = []
    numbers: set[str] = set()
    ambiguous = 0
    for number, cells in enumerate(rows, 2):
        named = terms.named(cells)
        if not named:
            continue
        ambiguous += sum(is_ambiguous(named[column]) for column in _DATES if column in named)
        own = plain(latin_digits(named.get(Column.NUMBER, "")))
        if own and own in numbers:
            problems.append(Problem(number, Column.NUMBER, Wrong.TWICE))
            continue
        numbers.add(own)
        match read_line(number, cells, terms):
            case Line() as line:
                lines.append(line)
            case list() as wrong:
                problems.extend(wrong)
    return Reading(tuple(lines), tuple(problems), ambiguous)
