"""Control records: what stands in the log beside events, so that time and policy are part of it."""

from __future__ import annotations

from dataclasses import dataclass

from services.casework.domain.events import Event
from services.casework.domain.policy import Policy


@dataclass(frozen=True, slots=True)
class Clock:
    """Time has passed. Timers fire once a record with a later recorded_at has been read."""


@dataclass(frozen=True, slots=True)
class PolicyChanged:
    """From here on these are the rules of the organisation; "" means of all that have none of their own.

    changed_by: the account that switched them on, "" where they come from a file.
    """

    organisation: str
    policy: Policy
    changed_by: str = ""


@dataclass(frozen=True, slots=True)
class HistoryEnds:
    """From here on the loader's `recorded_at` headers count no longer."""


ControlRecord = Clock | PolicyChanged | HistoryEnds
Record = Event | ControlRecord
