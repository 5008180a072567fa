"""Is a case paused, closed or ended, and from when do its obligations start anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.casework.domain.fact_book import At, FactBook
from services.casework.domain.facts import FACT_BIT, fact_mask

PAUSE_FACTS: Final = fact_mask(("paused", "resumed"))
CLOSE_FACTS: Final = fact_mask(("closed", "reopened", "called_in", "ended"))
_OPENS_AGAIN: Final = ("reopened", "called_in")


@dataclass(frozen=True, slots=True)
class Standing:
    """pause_ends: the end of the pause that counts, come or not; opened_again: what opened the case after its
    latest closing. None where there is no such thing."""

    pause_ends: int | None
    closed_at: int | None
    opened_again: int | None
    closed_by_end: bool

    def is_paused(self, now: int) -> bool:
        return self.pause_ends is not None and self.pause_ends > now

    @property
    def is_closed(self) -> bool:
        return self.closed_at is not None and self.opened_again is None

    @property
    def is_ended(self) -> bool:
        return self.is_closed and self.closed_by_end

    def silences(self, while_paused: bool, when_closed: bool, now: int) -> bool:
        """Does a rule give no obligation because of how the case stands."""
        if self.is_paused(now) and not while_paused:
            return True
        return self.is_closed and (self.closed_by_end or not when_closed)

    def restarted(self, start: int, while_paused: bool, when_closed: bool) -> int:
        """The latest of a start and the restarts that concern a rule which is not silenced."""
        if self.pause_ends is not None and not while_paused:
            start = max(start, self.pause_ends)
        if self.opened_again is not None and (self.closed_by_end or not when_closed):
            start = max(start, self.opened_again)
        return start


UNDISTURBED: Final = Standing(None, None, None, closed_by_end=False)


def standing_of(facts: FactBook) -> Standing:
    pause_ends = _pause_end(facts)
    closed = facts.latest(("closed",))
    if closed is None:
        return UNDISTURBED if pause_ends is None else Standing(pause_ends, None, None, closed_by_end=False)
    again = facts.earliest_later_than(_OPENS_AGAIN, closed[0])
    closed_at, _, said = closed
    by_end = bool(said.mask & FACT_BIT["ended"])
    return Standing(pause_ends, closed_at, again[0] if again else None, by_end)


def pause_that_counts(facts: FactBook) -> At | None:
    """The latest pause that ends after it began: it alone counts. None without one."""
    pauses = reversed(facts.facts.get("paused", ()))
    return next((pause for pause in pauses if pause[2].until is not None and pause[2].until > pause[0]), None)


def _pause_end(facts: FactBook) -> int | None:
    """A pause ends early at a resumption later than it."""
    pause = pause_that_counts(facts)
    if pause is None:
        return None
    time, _, said = pause
    resumed = facts.earliest_later_than(("resumed",), time)
    return min(said.until, resumed[0]) if resumed and said.until is not None else said.until
