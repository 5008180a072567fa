"""Where a number stands, and what whoever reads the tables knows of all of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol


class NothingPossible(ValueError):
    """No counts at all agree with what is said to be known: it is not true."""


class Part(StrEnum):
    """counted: the survivors an indicator is about; out_of: those among whom they are counted."""

    COUNTED = "counted"
    OUT_OF = "out_of"


class Place(NamedTuple):
    """One number of a release. dimension and group are "" for the total; group also where it is not known."""

    indicator: str
    dimension: str
    group: str
    part: Part

    @property
    def is_total(self) -> bool:
        return self.dimension == ""

    @property
    def total(self) -> Place:
        return Place(self.indicator, "", "", self.part)

    @property
    def table(self) -> tuple[str, str, Part]:
        return self.indicator, self.dimension, self.part

    def with_part(self, part: Part) -> Place:
        return self._replace(part=part)


Sum = Mapping[Place, int]
"""Places and the whole number each is multiplied by before all are added up."""


@dataclass(frozen=True, slots=True)
class Relation:
    """low ≤ sum ≤ high for the true counts; None: no bound."""

    terms: Sum
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is certain of the true counts: whole numbers between bounds (high None: none), and relations of them."""

    bounds: Mapping[Place, tuple[int, int | None]]
    relations: Sequence[Relation]


class Tightest(Protocol):
    """The tightest whole-number interval of each sum over everything that `knowledge` leaves possible; None for an
    end that is open. Raises NothingPossible."""

    def __call__(self, knowledge: Knowledge, sums: Sequence[Sum]) -> list[tuple[int | None, int | None]]: ...
