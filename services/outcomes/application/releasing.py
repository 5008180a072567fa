"""Making a release, looking at it, publishing it. A release is published by a person, who says what she looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from services.casework.domain.instants import DAY
from services.outcomes.domain.breakdowns import Breakdown
from services.outcomes.domain.protection.method import METHOD, Method
from services.outcomes.domain.protection.places import NothingPossible, Place, Tightest
from services.outcomes.domain.publication.catalogue import DIMENSIONS, RELEASED
from services.outcomes.domain.publication.quarters import Quarter
from services.outcomes.domain.publication.release import Previous, Source, make_release, places_of
from services.outcomes.ports import Kept, ReleaseStore, StoreUnavailable, TallyStore

READ_BEYOND: Final = DAY
"""The data must go so far beyond the end of a quarter: what comes of its last hours has been read then."""


class NotYet(ValueError):
    """The quarter has not passed, as far as the data goes."""


class ReleasedAlready(ValueError):
    """A quarter is released once, in the order of the calendar."""


class NotWhatWasLookedAt(ValueError):
    """The draft is another by now: look at it again."""


class NoSuchRelease(LookupError):
    """None of this number, or nobody who asks may know of it."""


class Releases:
    """The releases of all organisations; each method is about one of them. key: of the dice, read when needed.

    Every method may raise what the store raises; `draft` also StoreUnavailable.
    """

    def __init__(
        self,
        tallies: TallyStore,
        store: ReleaseStore,
        key: Callable[[], bytes],
        tightest: Tightest,
        method: Method = METHOD,
    ) -> None:
        self._tallies = tallies
        self._store = store
        self._key = key
        self._tightest = tightest
        self._method = method

    def draft(self, organisation: str, quarter: Quarter, by: str, now: int) -> Kept:
        """Makes the next release; a draft that was there is replaced. Raises ReleasedAlready, NotYet."""
        published = self.published(organisation)
        if published and quarter <= Quarter.parse(published[-1].content["quarter"]):
            raise ReleasedAlready(f"the quarters up to {published[-1].content['quarter']} are released")
        as_of = self._known_until(organisation, quarter)
        previous = Previous(published[-1].content, published[-1].digest) if published else None
        counts = self._counts(organisation, quarter, as_of)
        source = Source(organisation, quarter, as_of)
        try:
            made = make_release(counts, source, previous, self._key(), self._method, self._tightest)
        except NothingPossible as error:
            raise StoreUnavailable("the counts do not agree with each other: make the draft again") from error
        return self._store.keep_draft(organisation, made, by, now)

    def publish(self, organisation: str, number: int, looked_at: str, by: str, now: int) -> Kept:
        """looked_at: the digest of the draft she saw. Raises NoSuchRelease, ReleasedAlready, NotWhatWasLookedAt."""
        kept = self.find(organisation, number, drafts_too=True)
        if kept.is_published:
            raise ReleasedAlready(f"release {number} is published")
        if kept.digest != looked_at or not self._store.publish(organisation, number, looked_at, by, now):
            raise NotWhatWasLookedAt("the draft is not the one that was looked at")
        return self.find(organisation, number, drafts_too=False)

    def published(self, organisation: str) -> list[Kept]:
        """In the order of their numbers."""
        return [kept for kept in self._store.all_of(organisation) if kept.is_published]

    def with_draft(self, organisation: str) -> list[Kept]:
        return self._store.all_of(organisation)

    def find(self, organisation: str, number: int, *, drafts_too: bool) -> Kept:
        """Raises NoSuchRelease."""
        for kept in self._store.all_of(organisation):
            if kept.number == number and (drafts_too or kept.is_published):
                return kept
        raise NoSuchRelease(f"there is no release {number}")

    def _known_until(self, organisation: str, quarter: Quarter) -> int:
        """Up to there everything was read: the same question gives the same numbers for ever."""
        until = self._tallies.state([organisation]).checked_until
        if until is None:
            raise StoreUnavailable("nothing has been read from the log yet")
        if until < quarter.period.end + READ_BEYOND:
            raise NotYet(f"{quarter} can be released when the data goes a day beyond its end")
        return until

    def _counts(self, organisation: str, quarter: Quarter, as_of: int) -> dict[Place, int]:
        counts: dict[Place, int] = {}
        sources = [released.source for released in RELEASED.values()]
        for dimension in DIMENSIONS:
            by_source = self._tallies.reckon(sources, [organisation], quarter.period, as_of, Breakdown((dimension,)))
            for released in RELEASED.values():
                found = by_source[released.source]
                groups = ((key, released.counts_of(tally)) for (key,), tally in found.groups.items())
                counts |= places_of(released.name, dimension.value, groups)
                total = places_of(released.name, "", [("", released.counts_of(found.total))])
                if any(counts.setdefault(place, count) != count for place, count in total.items()):
                    raise StoreUnavailable("the counts changed while they were taken: make the draft again")
        return counts
