"""What outcomes answers about releases, as the pages read it. A shape that is not this raises KeyError or the like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from services.web.backends import Json

_Place = tuple[str, str | None, str | None, str]


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list. published_at: an instant, None while it is a draft."""

    number: int
    quarter: str
    published_at: str | None
    was_seen_by_two: bool

    @staticmethod
    def of(told: Json) -> Listed:
        return Listed(told["number"], told["quarter"], told["published_at"], told["seen_by_two"])


@dataclass(frozen=True, slots=True)
class Listing:
    """can_be_made: the quarters of which a draft can be made; none for who makes none."""

    items: tuple[Listed, ...]
    can_be_made: tuple[str, ...]

    @staticmethod
    def of(answer: Json) -> Listing:
        return Listing(tuple(Listed.of(told) for told in answer["items"]), tuple(answer.get("can_be_made", ())))


@dataclass(frozen=True, slots=True)
class Number:
    """shown None: not shown; why: the reason, as far as it is told to this reader."""

    shown: int | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """group None: not known, or in a total everybody."""

    group: str | None
    counted: Number
    out_of: Number
    percent: int | None


@dataclass(frozen=True, slots=True)
class Table:
    dimension: str | None
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Indicator:
    """Its total first, then its tables by one dimension each. out_of_words None: survivors are only counted."""

    name: str
    title: str
    definition: str
    counted_words: str
    out_of_words: str | None
    tables: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class Change:
    title: str
    dimension: str | None
    group: str | None
    part: str
    before: int | None
    now: int | None


@dataclass(frozen=True, slots=True)
class Changes:
    since: int
    has_other_definitions: bool
    has_another_method: bool
    numbers: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """hidden: how many numbers are not shown; None when this reader is not told."""

    listed: Listed
    as_of: str
    period: tuple[str, str]
    organisation: str
    definitions_version: str
    digest: str
    method: Mapping[str, int]
    indicators: tuple[Indicator, ...]
    changes: Changes | None
    hidden: int | None

    @staticmethod
    def of(answer: Json) -> Release:
        hidden = {_place_of(told): told["why"] for told in answer.get("hidden", ())}
        together = groupby(answer["tables"], key=lambda table: table["indicator"])
        indicators = tuple(_indicator(list(tables), hidden) for _, tables in together)
        titles = {indicator.name: indicator.title for indicator in indicators}
        return Release(
            Listed.of(answer),
            answer["data_as_of"],
            (answer["period"]["from"], answer["period"]["to"]),
            answer["organisation"],
            answer["definitions_version"],
            answer["digest"],
            answer["method"],
            indicators,
            _changes(answer["changes"], titles),
            len(hidden) if "hidden" in answer else None,
        )


def _place_of(told: Json) -> _Place:
    return told["indicator"], told["dimension"], told["group"], told["part"]


def _indicator(tables: Sequence[Json], hidden: Mapping[_Place, str]) -> Indicator:
    first = tables[0]
    return Indicator(
        first["indicator"],
        first["title"],
        first["definition"],
        first["counts"]["counted"],
        first["counts"]["out_of"],
        tuple(Table(table["dimension"], _rows(table, hidden)) for table in tables),
    )


def _rows(table: Json, hidden: Mapping[_Place, str]) -> tuple[Row, ...]:
    """Those that everybody sees and, for who is told what is hidden, those that nobody else does."""
    name, dimension = table["indicator"], table["dimension"]
    told = {row["group"]: row for row in table["rows"]}
    groups = {*told, *(group for where, by, group, _ in hidden if (where, by) == (name, dimension))}

    def number(group: str | None, part: str) -> Number:
        return Number(told.get(group, {}).get(part), hidden.get((name, dimension, group, part), ""))

    return tuple(
        Row(group, number(group, "counted"), number(group, "out_of"), told.get(group, {}).get("percent"))
        for group in sorted(groups, key=lambda group: group or "")
    )


def _changes(told: Json | None, titles: Mapping[str, str]) -> Changes | None:
    if told is None:
        return None
    numbers = tuple(
        Change(titles.get(one["indicator"], ""), one["dimension"], one["group"], one["part"], one["before"], one["now"])
        for one in told["numbers"]
    )
    return Changes(told["since"], told["definitions"], told["method"], numbers)
