"""The tightest interval that whole numbers leave to a sum, found by HiGHS: a `Tightest`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

from services.outcomes.domain.protection.places import Knowledge, NothingPossible, Place, Sum

_OPTIMAL = 0
_INFEASIBLE = 2
_OPEN = (3, 4)
"""Unbounded; or either unbounded or infeasible, which the solver does not always tell apart."""


def tightest_intervals(knowledge: Knowledge, sums: Sequence[Sum]) -> list[tuple[int | None, int | None]]:
    """Raises NothingPossible."""
    columns = {place: number for number, place in enumerate(knowledge.bounds)}
    lows = np.array([low for low, _ in knowledge.bounds.values()], dtype=float)
    highs = np.array([np.inf if high is None else high for _, high in knowledge.bounds.values()], dtype=float)
    system = _System(Bounds(lows, highs), _constraints(knowledge, columns), len(columns))
    return [system.ends_of(_row(terms, columns)) for terms in sums]


def _constraints(knowledge: Knowledge, columns: dict[Place, int]) -> list[LinearConstraint]:
    if not knowledge.relations:
        return []
    entries = [
        (factor, row, columns[place])
        for row, relation in enumerate(knowledge.relations)
        for place, factor in relation.terms.items()
    ]
    factors, rows, places = zip(*entries, strict=True)
    matrix = csr_matrix((factors, (rows, places)), shape=(len(knowledge.relations), len(columns)))
    lows = [-np.inf if relation.low is None else relation.low for relation in knowledge.relations]
    highs = [np.inf if relation.high is None else relation.high for relation in knowledge.relations]
    return [LinearConstraint(matrix, lows, highs)]


def _row(terms: Sum, columns: dict[Place, int]) -> NDArray[np.float64]:
    row = np.zeros(len(columns))
    for place, factor in terms.items():
        row[columns[place]] = factor
    return row


class _System:
    def __init__(self, bounds: Bounds, constraints: list[LinearConstraint], size: int) -> None:
        self._bounds = bounds
        self._constraints = constraints
        self._whole = np.ones(size)

    def ends_of(self, row: NDArray[np.float64]) -> tuple[int | None, int | None]:
        low, high = self._least(row), self._least(-row)
        return low, None if high is None else -high

    def _least(self, row: NDArray[np.float64]) -> int | None:
        """None when there is no least."""
        found = milp(row, integrality=self._whole, bounds=self._bounds, constraints=self._constraints)
        if found.status == _OPTIMAL:
            least: float = found.fun
            return round(least)
        if found.status in _OPEN and row.any():
            # Asked for nothing, it only says whether anything is possible.
            self._least(np.zeros_like(row))
            return None
        if found.status in (_INFEASIBLE, *_OPEN):
            raise NothingPossible("no whole numbers agree with what is known")
        raise RuntimeError(f"the solver gave up: {found.message}")
