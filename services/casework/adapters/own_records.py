"""What this process appended itself, until it is read back: it needs no decoding."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from services.casework.domain.events import Event

KEPT: Final = 50_000
"""More is not kept while the log is not being read: what is not here is decoded."""


@dataclass(slots=True)
class OwnRecords:
    """Events by their place in the log. The bytes are compared: the place alone proves nothing of what stands there."""

    kept: int = KEPT
    _events: dict[tuple[int, int], tuple[bytes, Event]] = field(default_factory=dict)
    _read_to: dict[int, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._events)

    def add(self, partition: int, offset: int, value: bytes, event: Event) -> None:
        """Nothing where reading was faster than the answer to who appended: nobody would come for it again."""
        if offset >= self._read_to.get(partition, 0) and len(self._events) < self.kept:
            self._events[partition, offset] = (value, event)

    def take(self, partition: int, offset: int, value: bytes | None) -> Event | None:
        """The event appended there, if those are its bytes; once. Asked of each record that is read, in order."""
        self._read_to[partition] = offset + 1
        appended, event = self._events.pop((partition, offset), (None, None))
        return event if appended == value else None
