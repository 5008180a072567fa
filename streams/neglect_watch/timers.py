"""When each case of a partition is next to be looked at: one column of instants, searched once a batch.

A column costs 8 bytes a case, and is searched in a thousandth of what a batch costs; a heap of them would cost a
hundred bytes each.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

_NEVER: Final = (1 << 63) - 1


class Timers:
    """Rows are numbered from 0 in the order in which they are added. Instants in milliseconds; None: never."""

    __slots__ = ("_dues",)

    def __init__(self) -> None:
        self._dues = array("q")

    def __len__(self) -> int:
        return len(self._dues)

    def add(self) -> int:
        """A new row, never due. Answers its number."""
        self._dues.append(_NEVER)
        return len(self._dues) - 1

    def set(self, row: int, due: int | None) -> None:
        """The row is next due at an instant."""
        self._dues[row] = _NEVER if due is None else due

    def due(self, row: int) -> int | None:
        """When the row is next due; None: never."""
        due = self._dues[row]
        return None if due == _NEVER else due

    def all_by(self, instant: int) -> None:
        """No row is due later than this: something changed that none of them holds."""
        column = self._column()
        np.minimum(column, instant, out=column)

    def due_before(self, instant: int) -> Sequence[int]:
        """Rows due before an instant, the soonest first."""
        rows: list[int] = np.flatnonzero(self._column() < instant).tolist()
        return sorted(rows, key=self._dues.__getitem__)

    def earliest(self) -> int | None:
        """The soonest instant at which some row is due."""
        if not self._dues:
            return None
        earliest = int(self._column().min())
        return None if earliest == _NEVER else earliest

    def _column(self) -> Any:
        """The column itself, not a copy; let go of it before a row is added."""
        return np.frombuffer(self._dues, dtype=np.int64)
