"""How often a part may leave unanswered that it is asked whether it lives. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ALIVE_EVERY: Final = 2.0
"""Seconds between an answer, or the want of one (which takes three), and the next question."""

FIRST_PATIENCE: Final = 6
"""Questions in a row without an answer: half a minute. Counted, not timed: the asker may have slept itself."""


@dataclass(slots=True)
class Patience:
    """Begins with the first answer of a process: until then it is starting, however long that takes.

    Each process that was given up makes it twice as long for those that follow: who is busy for long with what it must
    do first (a million cases to be recovered) gets there in the end.
    """

    asked: int = 0
    _most: int = FIRST_PATIENCE
    _pid: int | None = None
    _has_answered: bool = False

    def is_over(self, pid: int, answers: bool) -> bool:
        """Whether the process is to be given up, now that it has answered or has not."""
        if pid != self._pid:
            self._pid, self._has_answered, self.asked = pid, False, 0
        if answers:
            self._has_answered, self.asked = True, 0
            return False
        self.asked += self._has_answered
        if self.asked < self._most:
            return False
        self._most *= 2
        self._has_answered = False
        return True
