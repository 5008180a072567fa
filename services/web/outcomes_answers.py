"""What outcomes answers, as the evaluator's page reads it. A shape that is not this raises KeyError or the like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.web.backends import Json
from services.web.curve_answers import Curve, keys_of
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
    """One row of a break-down: a key for each of its dimensions, None where the cases do not say."""

    keys: tuple[str | None, ...]
    cell: Cell


@dataclass(frozen=True, slots=True)
class Indicator:
    """numerator_words, denominator_words: what the two figures count; None where there is no such figure. released_as:
    the name in releases, None where it is in none."""

    name: str
    title: str
    unit: str
    definition: str
    numerator_words: str | None
    denominator_words: str | None
    total: Cell
    groups: tuple[Group, ...] = ()
    released_as: str | None = None

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
            told["released_as"],
        )

    @staticmethod
    def broken_down(answer: Json, by: Sequence[str]) -> Indicator:
        return Indicator.of(answer, answer["total"], groups_of(answer, by))


def groups_of(told: Json, by: Sequence[str]) -> list[Group]:
    """Those of an indicator that was asked for by these dimensions; none where there were none."""
    return [Group(keys_of(item, by), Cell.of(item)) for item in told["items"]] if by else []


@dataclass(frozen=True, slots=True)
class PairedMeans:
    """Of one scale: means of scores from 0 to 1 over those assessed twice; None where they are hidden."""

    instrument: str
    version: str
    dimension: str
    after_months: int
    pairs: int | None
    first: float | None
    later: float | None
    shown: str

    @staticmethod
    def of(told: Json) -> PairedMeans:
        return PairedMeans(*(told[name] for name in PairedMeans.__slots__))


def paired_means_of(rows: Sequence[Json]) -> tuple[PairedMeans, ...]:
    """Those of everybody; of groups they are in the file for programs."""
    return tuple(PairedMeans.of(told) for told in rows if told["group"] is None)


@dataclass(frozen=True, slots=True)
class Told:
    """What every answer says of itself: its period, what it knows, how fresh that is."""

    start: str
    end: str
    as_of: str
    freshness: Freshness

    @staticmethod
    def of(answer: Json) -> Told:
        period = answer["period"]
        return Told(period["from"], period["to"], answer["data_as_of"], Freshness.of(answer))


@dataclass(frozen=True, slots=True)
class Stretch:
    """The total of a month or a quarter, or of the part of it that lies in the period."""

    start: str
    end: str
    cell: Cell

    @staticmethod
    def of(told: Json) -> Stretch:
        return Stretch(told["from"], told["to"], Cell.of(told))


@dataclass(frozen=True, slots=True)
class Outcomes:
    """All indicators and curves over one period, as known at `as_of`: in total, and by groups where that was asked."""

    start: str
    end: str
    as_of: str
    indicators: tuple[Indicator, ...]
    curves: tuple[Curve, ...]
    wellbeing: tuple[PairedMeans, ...]
    freshness: Freshness

    @staticmethod
    def of(answer: Json, by: Sequence[str]) -> Outcomes:
        period = answer["period"]
        return Outcomes(
            period["from"],
            period["to"],
            answer["data_as_of"],
            tuple(Indicator.of(item, item, groups_of(item, by)) for item in answer["items"]),
            tuple(Curve.of(told, by) for told in answer["curves"]),
            paired_means_of(answer["wellbeing"]),
            Freshness.of(answer),
        )
