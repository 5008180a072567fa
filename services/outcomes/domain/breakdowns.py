"""Break-downs: by what a number may be taken apart, and in which groups a case then counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from typing import Final

from services.outcomes.domain.history import CaseView
from services.outcomes.domain.periods import CohortLength, cohort_of

MOST_AT_ONCE: Final = 2


class Dimension(StrEnum):
    ORGANISATION = "organisation"
    DISTRICT = "district"
    PROGRAMME = "programme"
    PATHWAY = "pathway"
    EXPLOITATION = "exploitation"
    AGE_BAND = "age_band"
    COHORT = "cohort"


class TooFine(ValueError):
    """More was asked to be taken apart at once than is ever shown."""


@dataclass(frozen=True, slots=True)
class Breakdown:
    """by: the dimensions of the groups, in order. where: only cases with these keys. A filter takes a number apart
    as a group does, so both together may name two dimensions. Raises TooFine, or ValueError for a dimension twice."""

    by: tuple[Dimension, ...] = ()
    where: Mapping[Dimension, str] = field(default_factory=dict)
    cohorts: CohortLength = CohortLength.QUARTER

    def __post_init__(self) -> None:
        named = [*self.by, *self.where]
        if len(set(named)) < len(named):
            raise ValueError("a dimension is named once, as a break-down or as a filter")
        if len(named) > MOST_AT_ONCE:
            raise TooFine(f"at most {MOST_AT_ONCE} break-downs at once, filters included")


Key = tuple[str, ...]
"""One text per dimension of `by`; "" where the case does not say (not known, not settled, no programme)."""


def keys_of(case: CaseView, dimension: Dimension, cohorts: CohortLength) -> Sequence[str]:
    """The groups of one dimension a case counts in: one, or with several programmes each of them."""
    match dimension:
        case Dimension.ORGANISATION:
            return (case.organisation,)
        case Dimension.COHORT:
            return ("" if case.settled_at is None else cohort_of(case.settled_at, cohorts),)
        case Dimension.PROGRAMME:
            programmes = case.attributes.get("programmes")
            return programmes if isinstance(programmes, tuple) and programmes else ("",)
        case Dimension.DISTRICT | Dimension.PATHWAY | Dimension.EXPLOITATION | Dimension.AGE_BAND:
            value = case.attributes.get(dimension.value)
            return (value if isinstance(value, str) else "",)


def groups_of(case: CaseView, breakdown: Breakdown) -> list[Key]:
    return list(product(*(keys_of(case, dimension, breakdown.cohorts) for dimension in breakdown.by)))


def is_selected(case: CaseView, breakdown: Breakdown) -> bool:
    return all(key in keys_of(case, dimension, breakdown.cohorts) for dimension, key in breakdown.where.items())
