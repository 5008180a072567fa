"""The log as casework needs it: append, and read everything from the beginning."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.casework.application.errors import LogAway
from services.casework.domain.control import PolicyChanged, Record
from services.casework.domain.events import Event


@dataclass(frozen=True, slots=True)
class Appended:
    """The log has it, durably. recorded_at: milliseconds since 1970, the log's own clock."""

    partition: int
    offset: int
    recorded_at: int


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A record read back. `record` is None when it cannot be read."""

    partition: int
    offset: int
    recorded_at: int
    record: Record | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Records in the order of their partitions. `at_end`: everything that was in the log at the start has been read."""

    records: Sequence[LogRecord]
    at_end: bool


class EventLog(Protocol):
    """The one truth. Events of one case keep the order in which they were appended."""

    async def append(self, event: Event) -> Appended:
        """Returns once the log has the event for good. Raises LogAway at once when it cannot."""
        ...

    def append_all(self, events: Sequence[Event]) -> asyncio.Future[list[Appended | LogAway]]:
        """Hands over several; when it returns all are on their way, in order. Each gets its own answer, in order."""
        ...

    async def publish(self, change: PolicyChanged, partition: int) -> Appended:
        """The policy of an organisation from here on, in one partition. Raises LogAway."""
        ...

    def partitions(self) -> range:
        """All partitions there will ever be."""
        ...

    def require_progress(self) -> None:
        """Raises when `read`, having begun, stands still while the log grows."""
        ...

    def read(self) -> AsyncIterator[Stretch]:
        """Everything from the beginning, then what comes; never ends by itself. Raises LogAway."""
        ...
