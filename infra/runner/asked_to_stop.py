"""Whether a signal has asked this process to end."""

from __future__ import annotations

import signal
import time
from types import FrameType
from typing import Final

_LOOK_EVERY: Final = 0.1


class AskedToStop:
    """From `listen` on, false until one of the signals came. To be asked in the main thread.

    Not a threading.Event: Python runs a handler in the middle of whatever the main thread does, and one that waits for
    a lock which the main thread holds at that moment waits for ever.
    """

    def __init__(self) -> None:
        self._asked = False

    def listen(self, *numbers: signal.Signals) -> AskedToStop:
        for number in numbers:
            signal.signal(number, self._note)
        return self

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True

    def __bool__(self) -> bool:
        return self._asked

    def wait(self, seconds: float) -> bool:
        """Whether it was asked, at the latest after so many seconds."""
        until = time.monotonic() + seconds
        while not self._asked and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _LOOK_EVERY))
        return self._asked
