"""What the one who sent an event gets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Receipt:
    """The log has the event. recorded_at: milliseconds. duplicate: it had it already (best effort)."""

    event_id: str
    recorded_at: int
    duplicate: bool = False
