"""Is the detector awake: the newest time up to which all cases were checked, and how far behind the log it is.

Pure: `now` is an argument, all instants and durations are milliseconds. What is unknown is None, never 0.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from services.casework.domain.instants import SECOND
from services.runtime.topics import PARTITIONS

SILENT_AFTER: Final = 45 * SECOND
"""A partition without a heartbeat for so long is not being watched, as far as anybody can tell."""

_MOST_ARRIVALS: Final = 4096


class UnreadableHeartbeat(ValueError):
    """The value is no heartbeat; the message names the field."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What the detector says of one partition.

    checked_until: recorded_at up to which it has worked; cases: it watches there; offset: the next record of the
    case events it will read; at: by its own clock.
    """

    partition: int
    checked_until: int
    cases: int
    offset: int
    at: int

    @staticmethod
    def from_json(raw: object) -> Heartbeat:
        """Of {"partition", "checked_until", "cases", "offset", "at"}, whole numbers. Raises UnreadableHeartbeat."""
        if not isinstance(raw, dict):
            raise UnreadableHeartbeat("expected a JSON object")
        beat = Heartbeat(*(_whole(raw, name) for name in ("partition", "checked_until", "cases", "offset", "at")))
        if beat.partition >= PARTITIONS:
            raise UnreadableHeartbeat("partition: there is no such partition")
        return beat


def _whole(raw: Mapping[str, object], name: str) -> int:
    value = raw.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise UnreadableHeartbeat(f"{name}: expected a whole number from 0")
    return value


@dataclass(frozen=True, slots=True)
class Freshness:
    """What may be claimed at one instant.

    checked_until: None until every partition has been heard of. cases_checked, lag: None while any is silent.
    stale: nobody may rely on the absence of an alert.
    """

    checked_until: int | None
    cases_checked: int | None
    lag: int | None
    stale: bool


@dataclass(frozen=True, slots=True)
class PartitionState:
    """One partition, for whoever has to find out why. All None before its first heartbeat. lag_records: unread."""

    partition: int
    checked_until: int | None
    cases: int | None
    heard_at: int | None
    lag_records: int | None
    silent: bool


@dataclass(slots=True)
class _Watched:
    newest: Heartbeat | None = None
    heard_at: int = 0
    end: int = 0
    # (offset, recorded_at) of records the detector may not have read: the oldest says how far it is behind.
    arrivals: deque[tuple[int, int]] = field(default_factory=deque)

    @property
    def offset(self) -> int:
        return self.newest.offset if self.newest else 0

    def is_silent(self, now: int) -> bool:
        """Heard in the future means that our clock was set back: then nobody knows how long ago it was."""
        return self.newest is None or abs(now - self.heard_at) > SILENT_AFTER

    def lag(self, now: int) -> int:
        """The age of the oldest record that the detector has not read; where that is not known, at most too much."""
        if self.newest is None or self.end <= self.newest.offset:
            return 0
        is_oldest_known = bool(self.arrivals) and self.arrivals[0][0] == self.newest.offset
        since = self.arrivals[0][1] if is_oldest_known else self.newest.checked_until
        return max(0, now - since)


class DetectorWatch:
    """Folds heartbeats, and how far the log of case events reaches."""

    def __init__(self) -> None:
        self._partitions = tuple(_Watched() for _ in range(PARTITIONS))

    def take(self, beat: Heartbeat, now: int) -> None:
        """A heartbeat was read. One of a worker that has lost the partition, farther back, is no news.

        Its own clock counts, but not beyond ours: a clock that runs ahead must not keep a dead detector alive.
        """
        watched = self._partitions[beat.partition]
        if watched.newest is not None and beat.at < watched.newest.at and beat.offset <= watched.newest.offset:
            return
        watched.newest = beat
        watched.heard_at = min(beat.at, now)
        while watched.arrivals and watched.arrivals[0][0] < beat.offset:
            watched.arrivals.popleft()

    def note_records(self, partition: int, first_offset: int, recorded_at: int, end: int) -> None:
        """Records of the case events from `first_offset` on are there; the partition ends before `end`."""
        watched = self._partitions[partition]
        watched.end = max(watched.end, end)
        if end <= watched.offset:
            return
        watched.arrivals.append((max(first_offset, watched.offset), recorded_at))
        if len(watched.arrivals) > _MOST_ARRIVALS:
            # The oldest tells the lag; of the others every second one will do.
            watched.arrivals = deque(list(watched.arrivals)[::2])

    def freshness(self, now: int, log_reached: bool) -> Freshness:
        """log_reached: whether this reader is in touch with the log; out of touch it vouches for nothing new."""
        beats = [watched.newest for watched in self._partitions]
        # Time 0 is that of a worker that has just taken a partition and read nothing of it yet.
        known = [beat for beat in beats if beat is not None and beat.checked_until > 0]
        checked_until = min((beat.checked_until for beat in known), default=None) if len(known) == PARTITIONS else None
        is_silent = checked_until is None or any(watched.is_silent(now) for watched in self._partitions)
        if is_silent or not log_reached:
            return Freshness(checked_until, None, None, stale=True)
        lag = max(watched.lag(now) for watched in self._partitions)
        return Freshness(checked_until, sum(beat.cases for beat in known), lag, stale=lag > SILENT_AFTER)

    def partitions(self, now: int) -> list[PartitionState]:
        return [_state(number, watched, now) for number, watched in enumerate(self._partitions)]


def _state(number: int, watched: _Watched, now: int) -> PartitionState:
    beat = watched.newest
    if beat is None:
        return PartitionState(number, None, None, None, None, silent=True)
    lag_records = max(0, watched.end - beat.offset)
    return PartitionState(number, beat.checked_until, beat.cases, watched.heard_at, lag_records, watched.is_silent(now))
