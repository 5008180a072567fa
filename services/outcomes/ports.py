"""What the service needs of a store of cases, and what a store may say instead of an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.outcomes.domain.breakdowns import Breakdown
from services.outcomes.domain.periods import Period
from services.outcomes.domain.reckoning import Reckoning


class StoreUnavailable(Exception):
    """The store did not answer: nothing is known, which is not zero. The same question may be asked again."""


@dataclass(frozen=True, slots=True)
class DataState:
    """How far the store has read the log, in milliseconds since 1970; None while it has read nothing.

    newest: the newest recorded_at of anything in it: the latest instant an answer can be "as of".
    checked_until: the instant up to which every partition was read; a page says it beside each number.
    cases: cases of the organisations asked about, None when it cannot be said.
    """

    newest: int | None
    checked_until: int | None
    cases: int | None


class TallyStore(Protocol):
    """Answers for the given organisations alone. Every method raises StoreUnavailable."""

    def reckon(
        self, indicator: str, organisations: Sequence[str], period: Period, as_of: int, breakdown: Breakdown
    ) -> Reckoning: ...

    def state(self, organisations: Sequence[str]) -> DataState: ...

    def ping(self) -> None: ...
