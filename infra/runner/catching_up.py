"""Waiting until detector and sink have worked what is in the log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from infra.runner.stores import SUNK, LogWatch, sink_progress
from services.runtime.topics import CASE_EVENTS, PARTITIONS

Progress = Callable[[int, int], None]
"""Records worked, of how many."""


@dataclass(slots=True)
class CatchingUp:
    """Holds once every case was checked up to `since` (milliseconds), and all that was said by then is in the tables.

    Ask it again and again; what the log reaches to in the meantime is not waited for.
    """

    watch: LogWatch
    client: Any
    since: int
    progress: Progress = lambda _done, _of: None
    _sunk: dict[tuple[str, int], int] = field(default_factory=dict)
    _detected: bool = False

    def holds(self) -> bool:
        beats = self.watch.beats()
        if not self._detected:
            self._sunk = {(t.name, p): end for t in SUNK for p, end in self.watch.ends(t).items()}
            checked = [beat.checked_until for beat in beats.values()]
            self._detected = len(checked) == PARTITIONS and min(checked) >= self.since
        written = sink_progress(self.client)
        sunk = sum(min(written.get(key, 0), end) for key, end in self._sunk.items())
        to_detect = {p: self._sunk[CASE_EVENTS.name, p] for p in range(PARTITIONS)}
        read = sum(min(beats[p].offset, end) for p, end in to_detect.items() if p in beats)
        self.progress(sunk + read, sum(self._sunk.values()) + sum(to_detect.values()))
        return self._detected and sunk >= sum(self._sunk.values())
