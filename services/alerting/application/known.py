"""What has been read of the log so far, for everybody who answers from it.

One follower writes, in the event loop; readers see whole steps only, and wait on `changed` for the next.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from services.alerting.application.errors import NotReadYet
from services.alerting.domain.detector import DetectorWatch, Freshness
from services.alerting.domain.inbox import Inbox
from services.alerting.domain.transition_log import TransitionLog
from services.casework.domain.instants import MINUTE, SECOND

OUT_OF_TOUCH_AFTER: Final = 15 * SECOND
"""Without an answer from the log for so long we no longer vouch for anything being fresh."""

Now = Callable[[], int]
"""This machine's clock, milliseconds since 1970 UTC."""


@dataclass(slots=True)
class Contents:
    """All that was folded; thrown away as a whole when the log turns out to be another one.

    reading: tells this reading of the log from every other one, by this process or another. complete: everything that
    stood in the log when reading began has been folded. unreadable_alerts: transitions that this version cannot read;
    while there are any, an alert may be missing.
    """

    inbox: Inbox = field(default_factory=Inbox)
    transitions: TransitionLog = field(default_factory=TransitionLog)
    detector: DetectorWatch = field(default_factory=DetectorWatch)
    reading: str = field(default_factory=lambda: uuid.uuid4().hex)
    complete: bool = False
    unreadable_alerts: int = 0


class Known:
    """The present contents, and how far they can be relied on."""

    def __init__(self, now: Now, canary_every: int = 5 * MINUTE) -> None:
        """canary_every: milliseconds, see DetectorWatch."""
        self.now = now
        self._canary_every = canary_every
        self.contents = self._nothing()
        self._reached_at: int | None = None
        self._changed = asyncio.Event()
        self.is_closing = False

    def begin_anew(self) -> None:
        """Forget everything: nothing is answered until the log has been read again."""
        self.contents = self._nothing()
        self.announce()

    def _nothing(self) -> Contents:
        return Contents(detector=DetectorWatch(self._canary_every))

    def close(self) -> None:
        """Let streams end by themselves: the process is stopping, and their readers come back to the next one."""
        self.is_closing = True
        self.announce()

    def note_reached(self) -> None:
        """The log has just answered."""
        self._reached_at = self.now()

    @property
    def log_reached(self) -> bool:
        """Reached in the future means that our clock was set back: then nobody knows how long ago it was."""
        return self._reached_at is not None and abs(self.now() - self._reached_at) <= OUT_OF_TOUCH_AFTER

    def announce(self) -> None:
        """Wake everybody who waits for something new."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def changed(self, within_seconds: float) -> None:
        """Returns at the next announcement, or after that time."""
        changed = self._changed
        try:
            await asyncio.wait_for(changed.wait(), within_seconds)
        except TimeoutError:
            return

    def complete(self) -> Contents:
        """Raises NotReadYet."""
        if not self.contents.complete:
            raise NotReadYet
        return self.contents

    def freshness(self) -> Freshness:
        sees_all = self.log_reached and self.contents.complete and not self.contents.unreadable_alerts
        return self.contents.detector.freshness(self.now(), sees_all)
