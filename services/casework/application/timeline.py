"""What happened in a case, newest first, with what people must be told about each line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.casework.application.case_history import Conflict, RecordedEvent
from services.casework.domain.case_file import CaseFile
from services.casework.domain.fact_book import key_of
from services.casework.domain.instants import DAY

LATE: Final = DAY
"""What was recorded longer than this after it occurred is marked as late."""


@dataclass(frozen=True, slots=True)
class TimelineLine:
    """recorded.event is the one that stands; `conflicts` are other contents that came under its id."""

    recorded: RecordedEvent
    retracted: bool
    late: bool
    conflicts: tuple[Conflict, ...]

    @property
    def place(self) -> tuple[int, str]:
        return (-self.recorded.event.occurred_at, self.recorded.event.event_id)


def timeline_of(file: CaseFile, events: Sequence[RecordedEvent], conflicts: Sequence[Conflict]) -> list[TimelineLine]:
    """One line an event, by occurred_at, the newest first."""
    lines = []
    for recorded in events:
        event = recorded.event
        key = key_of(event.event_id)
        _, _, said = file.facts.entries[key]
        lines.append(
            TimelineLine(
                recorded,
                retracted=said.retractable and key in file.facts.retracted,
                late=recorded.recorded_at - event.occurred_at > LATE,
                conflicts=tuple(conflict for conflict in conflicts if conflict.event_id == event.event_id),
            )
        )
    return sorted(lines, key=lambda line: line.place)
