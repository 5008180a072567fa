"""Curves as outcomes answers them. A shape that is not understood raises KeyError or the like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.web.backends import Json


@dataclass(frozen=True, slots=True)
class Point:
    """After so many steps. In per cent; None: nobody was followed so long, or hidden. at_risk None: hidden."""

    after: int
    value: float | None
    low: float | None
    high: float | None
    at_risk: int | None
    shown: str
    is_hidden: bool

    @staticmethod
    def of(told: Json) -> Point:
        return Point(
            told["after"],
            told["value"],
            told["low"],
            told["high"],
            told["at_risk"],
            told["shown"],
            bool(told["hidden"]),
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One curve: of everybody (no keys), or of a group (as those of `outcomes_answers`). cases None: hidden."""

    keys: tuple[str | None, ...]
    cases: int | None
    points: tuple[Point, ...]

    @staticmethod
    def of(keys: tuple[str | None, ...], told: Json) -> Line:
        return Line(keys, told["cases"], tuple(Point.of(point) for point in told["points"]))

    @property
    def is_hidden(self) -> bool:
        return any(point.is_hidden for point in self.points)

    def at(self, horizons: Sequence[int]) -> tuple[Point, ...]:
        return tuple(point for point in self.points if point.after in horizons)


@dataclass(frozen=True, slots=True)
class Curve:
    """started_words: what `cases` counts. step: day or month. horizons: the steps a summary names."""

    name: str
    title: str
    definition: str
    started_words: str
    step: str
    horizons: tuple[int, ...]
    total: Line
    groups: tuple[Line, ...] = ()

    @staticmethod
    def of(told: Json, by: Sequence[str] = ()) -> Curve:
        items = told["items"] if by else ()
        return Curve(
            told["curve"],
            told["title"],
            told["definition"],
            told["started"],
            told["step"],
            tuple(told["horizons"]),
            Line.of((), told["total"]),
            tuple(Line.of(keys_of(item, by), item) for item in items),
        )


def keys_of(item: Json, by: Sequence[str]) -> tuple[str | None, ...]:
    """The group of an item of an answer: a key for each dimension, None where the cases do not say."""
    return tuple(item["group"][dimension] for dimension in by)
