"""What the service needs of a store of cases, and what a store may say instead of an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.outcomes.domain.breakdowns import Breakdown
from services.outcomes.domain.htcds import Said
from services.outcomes.domain.periods import Period
from services.outcomes.domain.publication.release import Content, Made
from services.outcomes.domain.reckoning import Reckoning, Spells, Wellbeing
from services.outcomes.domain.targets import Target


class StoreUnavailable(Exception):
    """The store did not answer: nothing is known, which is not zero. The same question may be asked again."""


class NumberTaken(Exception):
    """Meanwhile another release was published under the number: make the draft again."""


class ReleaseDamaged(Exception):
    """What is kept of a release is not what was published: it is not shown to anybody."""


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
        self, indicators: Sequence[str], organisations: Sequence[str], period: Period, as_of: int, breakdown: Breakdown
    ) -> Mapping[str, Reckoning]:
        """All of them by name, counted over the same: asked for together, everything is read once."""

    def state(self, organisations: Sequence[str]) -> DataState: ...

    def ping(self) -> None: ...


class OutcomesStore(TallyStore, Protocol):
    """Also lists how long things lasted, adds up pairs of assessments, counts what fields say; no case is named."""

    def spells(
        self, curves: Sequence[str], organisations: Sequence[str], period: Period, as_of: int, breakdown: Breakdown
    ) -> Mapping[str, Spells]:
        """By name, as `reckon`."""

    def wellbeing(
        self, organisations: Sequence[str], period: Period, as_of: int, breakdown: Breakdown
    ) -> Wellbeing: ...

    def htcds(self, organisations: Sequence[str], period: Period, as_of: int) -> Mapping[Said, int]:
        """How many cases say what in the fields of the standard."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A release as it is kept. hidden: what is not shown, in plain words with why; for the organisation alone.

    made_by, published_by: account ids; the times in milliseconds since 1970, None while it is a draft.
    """

    number: int
    content: Content
    hidden: Sequence[Mapping[str, str | None]]
    digest: str
    made_at: int
    made_by: str
    published_at: int | None = None
    published_by: str | None = None

    @property
    def is_published(self) -> bool:
        return self.published_at is not None

    @property
    def was_seen_by_two(self) -> bool:
        """Whether somebody else published it than who made it."""
        return self.published_by is not None and self.published_by != self.made_by


class ReleaseStore(Protocol):
    """Keeps releases. What is published is there for ever, and as it was; of an organisation there is one draft at
    most. Every method raises StoreUnavailable or ReleaseDamaged."""

    def all_of(self, organisation: str) -> list[Kept]:
        """Published ones and the draft, in the order of their numbers."""

    def keep_draft(self, organisation: str, made: Made, by: str, now: int) -> Kept:
        """In the place of a draft that was there. Raises NumberTaken."""

    def publish(self, organisation: str, number: int, digest: str, by: str, now: int) -> bool:
        """Whether there was such a draft with this digest."""


class TargetStore(Protocol):
    """Keeps targets; of one programme, indicator and day there is one. Every method raises StoreUnavailable."""

    def all_of(self, organisation: str) -> list[Target]:
        """In the order of indicator, programme and day."""

    def keep(self, organisation: str, target: Target, by: str, now: int) -> None:
        """In the place of one that was there; by: an account id."""

    def drop(self, organisation: str, target: Target) -> None:
        """Whatever its value; one that is not there is none already."""
