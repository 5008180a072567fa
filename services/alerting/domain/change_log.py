"""Which cases changed, in the order in which it was read: what a later page of a list has to show once more.

Changes have numbers, counted from when reading began. Another reading of the same log may give them other numbers, as
two topics are read side by side; so a number means nothing beyond the reading that gave it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Final

KEPT: Final = 100_000
"""Changes that are remembered, about 10 bytes each: some minutes of the heaviest load, weeks of a common one."""


class ChangesForgotten(Exception):
    """So long ago that what changed since is no longer known."""


class ChangeLog:
    """The latest changes of cases that have an alert; `end` is the number that the next one will have."""

    def __init__(self, kept: int = KEPT) -> None:
        self._case_ids: deque[str] = deque(maxlen=kept)
        self.end = 0

    def note(self, case_id: str) -> None:
        """What a list shows of the case, or whose it is, has changed."""
        self._case_ids.append(case_id)
        self.end += 1

    def between(self, start: int, end: int) -> Iterator[tuple[int, str]]:
        """(number, case_id) of each change from `start` until before `end`. Raises ChangesForgotten, at once."""
        oldest = self.end - len(self._case_ids)
        if not oldest <= start <= end <= self.end:
            raise ChangesForgotten
        return enumerate(islice(self._case_ids, start - oldest, end - oldest), start)
