"""How far a generation is: what of the log its detector has worked, and what of that is in its tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final

from infra.clickhouse.table_hash import Bound
from infra.runner.stores import LogWatch, sink_progress, store_client
from services.runtime.settings import Settings
from services.runtime.topics import ALERTS, CASE_EVENTS, OBLIGATIONS, PARTITIONS, in_generation

Progress = Callable[[int, int], None]
"""Records worked, of how many."""

_DERIVED: Final = (ALERTS, OBLIGATIONS)
_WRITTEN: Final = """
SELECT partition, offset, toUnixTimestamp64Milli(recorded_at) FROM sink_progress FINAL WHERE topic = {topic:String}
"""


class Generation:
    """One of them, asked from outside. Close it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.client: Any = store_client(settings)
        self._watch = LogWatch(settings)
        self._seen, self._moved = -1, time.monotonic()

    def __enter__(self) -> Generation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watch.close()
        self.client.close()

    @property
    def seconds_without_progress(self) -> float:
        """Since the last question that found it farther than the one before."""
        return time.monotonic() - self._moved

    def log_ends(self) -> dict[int, int]:
        return self._watch.ends(CASE_EVENTS)

    def written(self) -> dict[int, tuple[int, int]]:
        """{partition: (the last offset whose events are in the tables, its recorded_at)}."""
        rows = self.client.query(_WRITTEN, parameters={"topic": CASE_EVENTS.name}).result_rows
        return {partition: (offset, recorded_at) for partition, offset, recorded_at in rows}

    def told(self, ends: Mapping[int, int], progress: Progress = lambda _done, _of: None) -> Callable[[], bool]:
        """Holds once all records before `ends` were worked, and all that was found of them is in the tables."""
        derived: dict[tuple[str, int], int] = {}
        self._seen, self._moved = -1, time.monotonic()

        def holds() -> bool:
            beats = self._watch.beats()
            worked = {p: min(beats[p].offset if p in beats else 0, end) for p, end in ends.items()}
            written = sink_progress(self.client)
            sunk = {p: min(written.get((CASE_EVENTS.name, p), 0), end) for p, end in ends.items()}
            self._note(sum(worked.values()) + sum(sunk.values()), 2 * sum(ends.values()), progress)
            # One without a heartbeat may be one that nobody watches.
            if len(beats) < PARTITIONS or any(worked[p] < end or sunk[p] < end for p, end in ends.items()):
                return False
            if not derived:
                derived.update(self._derived_ends())
            return all(written.get(place, 0) >= end for place, end in derived.items())

        return holds

    def _derived_ends(self) -> dict[tuple[str, int], int]:
        return {
            (topic.name, partition): end
            for topic in _DERIVED
            for partition, end in self._watch.ends(in_generation(topic, self.settings.generation)).items()
        }

    def _note(self, done: int, of: int, progress: Progress) -> None:
        if done > self._seen:
            self._seen, self._moved = done, time.monotonic()
        progress(done, of)


def common_bound(one: Generation, other: Generation) -> Bound:
    """How far the tables of both reach."""
    ours, theirs = one.written(), other.written()
    nothing = (-1, 0)
    reached = [min(ours.get(p, nothing), theirs.get(p, nothing)) for p in range(PARTITIONS)]
    return Bound([offset for offset, _ in reached], [instant for _, instant in reached])


def ends_within(bound: Bound) -> dict[int, int]:
    """The offsets after the last records of a bound."""
    return {partition: offset + 1 for partition, offset in enumerate(bound.offsets)}
