"""When each case of a partition is next to be looked at: one column of instants, and a heap for the batch at hand.

The column (8 bytes a case) is the truth. Searching it for every record would cost more than the record, so a batch says
once how far its time will come (`expect`); what falls due until then waits in a small heap, in order.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

_NEVER: Final = (1 << 63) - 1


class Timers:
    """Rows are numbered from 0 in the order in which they are added. Instants in milliseconds; None: never."""

    __slots__ = ("_dues", "_heap", "_horizon")

    def __init__(self) -> None:
        self._dues = array("q")
        self._heap: list[tuple[int, int]] = []
        self._horizon = -_NEVER

    def __len__(self) -> int:
        return len(self._dues)

    def add(self) -> int:
        """A new row, never due. Answers its number."""
        self._dues.append(_NEVER)
        return len(self._dues) - 1

    def set(self, row: int, due: int | None) -> None:
        """The row is next due at an instant; what was said of it before counts no more."""
        if due is None:
            due = _NEVER
        self._dues[row] = due
        if due < self._horizon:
            heapq.heappush(self._heap, (due, row))

    def due(self, row: int) -> int | None:
        """When the row is next due; None: never."""
        due = self._dues[row]
        return None if due == _NEVER else due

    def all_by(self, instant: int) -> None:
        """No row is due later than this: something changed that none of them holds."""
        column = self._column()
        np.minimum(column, instant, out=column)
        del column
        self.expect(self._horizon)

    def expect(self, horizon: int) -> None:
        """From here on `due_before` will be asked for instants up to this one."""
        column = self._column()
        rows = np.flatnonzero(column < horizon)
        self._heap = list(zip(column[rows].tolist(), rows.tolist(), strict=True))
        heapq.heapify(self._heap)
        self._horizon = horizon

    def due_before(self, instant: int) -> Sequence[int]:
        """Rows due before an instant, the soonest first. The caller sets each anew before it asks again."""
        assert instant <= self._horizon, "time has come farther than was expected"
        heap, dues = self._heap, self._dues
        rows: list[int] = []
        while heap and heap[0][0] < instant:
            due, row = heapq.heappop(heap)
            # What was set to the same instant twice stands twice in the heap, one after the other.
            if dues[row] == due and (not rows or rows[-1] != row):
                rows.append(row)
        return rows

    def earliest(self) -> int | None:
        """The soonest instant at which some row is due."""
        if not self._dues:
            return None
        earliest = int(self._column().min())
        return None if earliest == _NEVER else earliest

    def _column(self) -> Any:
        """The column itself, not a copy; let go of it before a row is added."""
        return np.frombuffer(self._dues, dtype=np.int64)
