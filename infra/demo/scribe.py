"""Writes down what happened in one case, as the lines a history file is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from services.casework.domain.instants import MINUTE, format_instant

Row = dict[str, Any]
"""One line: event_id, case_id, type, occurred_at, data, recorded_at, organisation, recorded_by."""

SYSTEM: Final = "system"


def new_id(rng: Random) -> str:
    """A UUID of version 4 in its shape, from the seed and not from chance."""
    number = rng.getrandbits(128)
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{'89ab'[number & 3]}{text[17:20]}-{text[20:]}"


@dataclass(slots=True)
class Scribe:
    """caseworker_id: who has the case now and records, unless another is named."""

    rng: Random
    case_id: str
    organisation: str
    caseworker_id: str
    supervisor_id: str
    rows: list[Row] = field(default_factory=list)

    def record(
        self,
        occurred_at: int,
        type_name: str,
        data: dict[str, Any] | None = None,
        *,
        recorded_at: int | None = None,
        by: str | None = None,
    ) -> str:
        """Add an event; its id. Recorded 2 to 40 minutes after it happened, unless another instant is given."""
        event_id = new_id(self.rng)
        if recorded_at is None:
            recorded_at = occurred_at + (2 + int(self.rng.random() * 38)) * MINUTE
        self.rows.append(
            {
                "event_id": event_id,
                "case_id": self.case_id,
                "type": type_name,
                "occurred_at": format_instant(occurred_at),
                "data": data or {},
                "recorded_at": format_instant(recorded_at),
                "organisation": self.organisation,
                "recorded_by": by or self.caseworker_id,
            }
        )
        return event_id

    def as_supervisor(self, occurred_at: int, type_name: str, data: dict[str, Any] | None = None) -> str:
        return self.record(occurred_at, type_name, data, by=self.supervisor_id)

    def as_system(self, occurred_at: int, type_name: str, data: dict[str, Any] | None = None) -> str:
        return self.record(occurred_at, type_name, data, by=SYSTEM)
