"""Is the detector awake: the newest time up to which all cases were checked, and how far behind the log it is.

That it reads and says so is not enough: the alerts of its own cases have to come and go as well. A detector whose
canaries are missed for two cycles finds nothing, whatever its heartbeats say.

Pure: `now` is an argument, all instants and durations are milliseconds. What is unknown is None, never 0.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from services.casework.domain.instants import MINUTE, SECOND, format_instant
from services.casework.domain.transitions import AlertTransition, Transition
from services.runtime.topics import PARTITIONS

SILENT_AFTER: Final = 45 * SECOND
"""A partition without a heartbeat for so long is not being watched, as far as anybody can tell."""

MISSED_CYCLES: Final = 2
"""A canary that was not raised, or whose alert did not end, for so many cycles is missed."""

_MOST_ARRIVALS: Final = 4096


class UnreadableHeartbeat(ValueError):
    """The value is no heartbeat; the message names the field."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What the detector says of one partition.

    checked_until: recorded_at up to which it has worked; cases: it watches there; offset: the next record of the
    case events it will read; at: by its own clock; in_history: what it reads is a history that is being loaded, in
    which no canary is kept.
    """

    partition: int
    checked_until: int
    cases: int
    offset: int
    at: int
    in_history: bool = False

    @staticmethod
    def from_json(raw: object) -> Heartbeat:
        """Of {"partition", "checked_until", "cases", "offset", "at"}, whole numbers, and maybe "in_history".

        Raises UnreadableHeartbeat.
        """
        if not isinstance(raw, dict):
            raise UnreadableHeartbeat("expected a JSON object")
        numbers = (_whole(raw, name) for name in ("partition", "checked_until", "cases", "offset", "at"))
        partition, checked_until, cases, offset, at = numbers
        beat = Heartbeat(partition, checked_until, cases, offset, at, raw.get("in_history") is True)
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

    checked_until: None until every partition has been heard of. cases_checked, lag: None while any is silent; cases
    also while a canary is missed. stale: nobody may rely on the absence of an alert. because: why, a sentence for each
    reason; empty unless stale.
    """

    checked_until: int | None
    cases_checked: int | None
    lag: int | None
    stale: bool
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PartitionState:
    """One partition, for whoever has to find out why. All None before its first heartbeat. lag_records: unread.
    canary_raised_at, canary_ended_at: when the detector's own alert there last came and went, None for never."""

    partition: int
    checked_until: int | None
    cases: int | None
    heard_at: int | None
    lag_records: int | None
    silent: bool
    canary_raised_at: int | None = None
    canary_ended_at: int | None = None


@dataclass(slots=True)
class _Watched:
    """awake_since: the first heartbeat since it was last silent or in history. raised_at, ended_at: of its canary."""

    newest: Heartbeat | None = None
    heard_at: int = 0
    awake_since: int = 0
    raised_at: int = 0
    ended_at: int = 0
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
    """Folds heartbeats, the alerts of canaries, and how far the log of case events reaches."""

    def __init__(self, canary_every: int = 5 * MINUTE) -> None:
        """canary_every: milliseconds in which each canary is raised once and ends once."""
        self._missed_after = MISSED_CYCLES * canary_every
        self._too_late = min(SILENT_AFTER, canary_every // 4)
        self._partitions = tuple(_Watched() for _ in range(PARTITIONS))

    def take(self, beat: Heartbeat, now: int) -> None:
        """A heartbeat was read. One of a worker that has lost the partition, farther back, is no news.

        Its own clock counts, but not beyond ours: a clock that runs ahead must not keep a dead detector alive.
        """
        watched = self._partitions[beat.partition]
        if watched.newest is not None and beat.at < watched.newest.at and beat.offset <= watched.newest.offset:
            return
        was_away = watched.newest is None or beat.at - watched.newest.at > SILENT_AFTER
        if was_away or beat.in_history:
            watched.awake_since = min(beat.at, now)
        watched.newest = beat
        watched.heard_at = min(beat.at, now)
        while watched.arrivals and watched.arrivals[0][0] < beat.offset:
            watched.arrivals.popleft()

    def take_canary(self, partition: int, transition: AlertTransition, appended_at: int) -> None:
        """An alert of the partition's canary came or went. appended_at: when the detector said so, by the log's clock.

        What was said late does not count. A detector whose timers are dead still finds everything when the next event
        of the case comes; but the women it is there for are those of whom no event comes.
        """
        if appended_at - transition.at > self._too_late:
            return
        watched = self._partitions[partition]
        if transition.transition is Transition.RAISED:
            watched.raised_at = max(watched.raised_at, transition.at)
        elif transition.transition.is_ending:
            watched.ended_at = max(watched.ended_at, transition.at)

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
        silences = self._silences(now)
        if not log_reached:
            silences.insert(0, "the log is out of reach, not read to its end, or holds alerts that cannot be read")
        if silences or checked_until is None:
            return Freshness(checked_until, None, None, stale=True, because=tuple(silences))
        lag = max(watched.lag(now) for watched in self._partitions)
        because = [f"the detector is {lag // SECOND} seconds behind"] if lag > SILENT_AFTER else []
        missed = self._missed_canaries(now)
        cases = None if missed else sum(beat.cases for beat in known)
        return Freshness(checked_until, cases, lag, stale=bool(because or missed), because=(*because, *missed))

    def _silences(self, now: int) -> list[str]:
        found = []
        for number, watched in enumerate(self._partitions):
            if watched.newest is None:
                found.append(f"nobody was heard to watch partition {number}")
            elif watched.is_silent(now):
                found.append(f"partition {number} was last heard of at {format_instant(watched.heard_at)}")
            elif not watched.newest.checked_until:
                found.append(f"nothing of partition {number} has been read yet")
        return found

    def _missed_canaries(self, now: int) -> list[str]:
        """It is missed only by the time in which the detector was awake: what slept is told already."""
        found = []
        for number, watched in enumerate(self._partitions):
            for last, what in ((watched.raised_at, "was not raised"), (watched.ended_at, "did not end")):
                since = max(last, watched.awake_since)
                if now - since > self._missed_after:
                    found.append(f"the canary of partition {number} {what} since {format_instant(since)}")
        return found

    def partitions(self, now: int) -> list[PartitionState]:
        return [_state(number, watched, now) for number, watched in enumerate(self._partitions)]


def _state(number: int, watched: _Watched, now: int) -> PartitionState:
    beat = watched.newest
    if beat is None:
        return PartitionState(number, None, None, None, None, silent=True)
    return PartitionState(
        number,
        beat.checked_until,
        beat.cases,
        watched.heard_at,
        lag_records=max(0, watched.end - beat.offset),
        silent=watched.is_silent(now),
        canary_raised_at=watched.raised_at or None,
        canary_ended_at=watched.ended_at or None,
    )
