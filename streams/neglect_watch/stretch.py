"""Records of a partition that follow each other, by case: each case is worked through all of its own at one go.

Order between different cases never matters, and what was just looked at is near at hand: catching up, the memory of a
case is fetched once a batch instead of once a record.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from services.casework.domain.events import Event

Reading = tuple[Event, int, int]
"""An event, its recorded_at (milliseconds), and the offset of its record."""


class Stretch:
    """Records in their order: when each was recorded, and the events among them by their case."""

    __slots__ = ("_by_case", "_offsets", "_times")

    def __init__(self) -> None:
        self._times: list[int] = []
        self._offsets: list[int] = []
        self._by_case: dict[str, list[Reading]] = {}

    def __bool__(self) -> bool:
        return bool(self._times)

    @property
    def recorded_at(self) -> int:
        """Of its last record."""
        return self._times[-1]

    @property
    def offset(self) -> int:
        """Of its last record."""
        return self._offsets[-1]

    def by_case(self) -> Iterable[tuple[str, list[Reading]]]:
        """case_id and events, in order, of every case that has any."""
        return self._by_case.items()

    def take(self, event: Event, recorded_at: int, offset: int) -> None:
        """The next record states an event."""
        self._times.append(recorded_at)
        self._offsets.append(offset)
        readings = self._by_case.get(event.case_id)
        if readings is None:
            self._by_case[event.case_id] = [(event, recorded_at, offset)]
        else:
            readings.append((event, recorded_at, offset))

    def pass_by(self, recorded_at: int, offset: int) -> None:
        """The next record states nothing of a case; that time has passed."""
        self._times.append(recorded_at)
        self._offsets.append(offset)

    def shown_by(self, instant: int) -> int:
        """Offset of the record whose reading shows what happened at an instant before the last one: the first later."""
        return self._offsets[bisect_right(self._times, instant)]
