"""Heartbeats that wait until the alerts they speak of have been folded: "checked up to" never runs ahead of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from services.alerting.domain.detector import Heartbeat
from services.runtime.topics import PARTITIONS


class PendingHeartbeats:
    """For each partition in the order they were read."""

    def __init__(self) -> None:
        self._waiting: tuple[deque[tuple[Heartbeat, int]], ...] = tuple(deque() for _ in range(PARTITIONS))

    def add(self, beat: Heartbeat, alerts_end: int) -> None:
        """`alerts_end`: where the partition of alerts ended after the heartbeat had been read."""
        self._waiting[beat.partition].append((beat, alerts_end))

    def take_folded(self, partition: int, next_offset: int) -> Iterator[Heartbeat]:
        """Those that count once the alerts before `next_offset` are folded; they wait no longer."""
        waiting = self._waiting[partition]
        while waiting and waiting[0][1] <= next_offset:
            yield waiting.popleft()[0]
