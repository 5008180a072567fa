"""The table of invariants: a row for each scenario, a column for each invariant, printed at the end of the run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from tests.faults.invariants import Invariant, Violation

_SHOWN_OF_EACH: Final = 3
_WIDTH: Final = len("ClickHouse losing its replies")


@dataclass(frozen=True, slots=True)
class RowOfTable:
    """looked_at: invariants that were; of others nothing is said."""

    scenario: str
    seed: int
    looked_at: frozenset[Invariant]
    violations: tuple[Violation, ...]
    figures: dict[str, str]


TABLE: Final[list[RowOfTable]] = []
"""Rows of the test that runs, in the order in which scenarios ended."""

HEAD: Final = " ".join([f"{'scenario':{_WIDTH}}", f"{'seed':>10}", *(f"{one:>5}" for one in Invariant)])


def written(row: RowOfTable) -> list[str]:
    """Lines for people, to stand below HEAD."""
    counts = Counter(violation.invariant for violation in row.violations)
    cells = [_cell(one, row, counts[one]) for one in Invariant]
    return [
        " ".join([f"{row.scenario:{_WIDTH}}", f"{row.seed:>10}", *cells]),
        "  " + ", ".join(f"{name} {value}" for name, value in row.figures.items()),
    ]


def _cell(invariant: Invariant, row: RowOfTable, count: int) -> str:
    if count:
        return f"{count:>5}"
    return "   ok" if invariant in row.looked_at else "    ·"


def in_words(violations: list[Violation] | tuple[Violation, ...]) -> str:
    """How many of each kind, and the first few of each."""
    kinds: dict[tuple[str, str], list[Violation]] = {}
    for violation in violations:
        kinds.setdefault((violation.invariant, violation.kind), []).append(violation)
    lines = []
    for (invariant, kind), some in sorted(kinds.items()):
        lines.append(f"{invariant} {kind}: {len(some)}")
        lines += [f"    {one.ids} {one.place or ''} {one.said}"[:400] for one in some[:_SHOWN_OF_EACH]]
    return "\n".join(lines)
