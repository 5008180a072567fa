"""What outcomes answers, as the evaluator's page reads it. A shape that is not this raises KeyError or the like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.web.backends import Json
from services.web.faces import Freshness

Figure = float | int | None


@dataclass(frozen=True, slots=True)
class Cell:
    """A number as it may be shown. value None: nothing to divide by (shown “–”), or hidden (shown “1–2”)."""

    value: Figure
    shown: str
    numerator: Figure
    denominator: Figure
    is_hidden: bool

    @staticmethod
    def of(told: Json) -> Cell:
        return Cell(told["value"], told["shown"], told["numerator"], told["denominator"], bool(told["hidden"]))


@dataclass(frozen=True, slots=True)
class Group:
    """One row of a break-down; key None where the cases do not say."""

    key: str | None
    cell: Cell


@dataclass(frozen=True, slots=True)
class Indicator:
    """numerator_words, denominator_words: what the two figures count; None where there is no such figure."""

    name: str
    title: str
    unit: str
    definition: str
    numerator_words: str | None
    denominator_words: str | None
    total: Cell
    groups: tuple[Group, ...] = ()

    @staticmethod
    def of(told: Json, total: Json, groups: Sequence[Group] = ()) -> Indicator:
        counts = told["counts"]
        return Indicator(
            told["indicator"],
            told["title"],
            told["unit"],
            told["definition"],
            counts["numerator"],
            counts["denominator"],
            Cell.of(total),
            tuple(groups),
        )

    @staticmethod
    def broken_down(answer: Json, by: str) -> Indicator:
        groups = [Group(item["group"][by], Cell.of(item)) for item in answer["items"]]
        return Indicator.of(answer, answer["total"], groups)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """All indicators in total over one period, as known at `as_of`."""

    start: str
    end: str
    as_of: str
    indicators: tuple[Indicator, ...]
    freshness: Freshness

    @staticmethod
    def of(answer: Json) -> Outcomes:
        period = answer["period"]
        return Outcomes(
            period["from"],
            period["to"],
            answer["data_as_of"],
            tuple(Indicator.of(item, item) for item in answer["items"]),
            Freshness.of(answer),
        )
