"""What has changed of an indicator since the last release: its quarter, as known then and as known now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.web.backends import Json
from services.web.outcomes_answers import Cell
from services.web.releases_answers import Release, Row


@dataclass(frozen=True, slots=True)
class Published:
    """A number of a release, as outsiders read it; row None: the release does not show it."""

    number: int
    row: Row | None

    @property
    def is_shown(self) -> bool:
        return self.row is not None and self.row.counted.shown is not None

    @property
    def is_a_share(self) -> bool:
        return self.row is not None and self.row.percent is not None


@dataclass(frozen=True, slots=True)
class SinceRelease:
    """then, now: the exact value in the quarter of the last release, as known at it and as known now.

    has_definitions_of_today: as far as the words of what is released go. published: in the last release and in the one
    before; none where the indicator is in no release, or where a filter makes it another number.
    """

    release: Release
    then: Cell
    now: Cell
    has_definitions_of_today: bool
    published: tuple[Published, ...]


def numbers_of_last(listing: Json) -> tuple[int, ...]:
    """The last release that was published and the one before it, as far as there are any."""
    published = sorted(int(one["number"]) for one in listing["items"] if one["state"] == "published")
    return tuple(reversed(published[-2:]))


def published_in(releases: Sequence[Release], released_as: str) -> tuple[Published, ...]:
    """The total of what an indicator is released as, in each of the releases."""
    return tuple(Published(release.listed.number, _total(release, released_as)) for release in releases)


def _total(release: Release, name: str) -> Row | None:
    rows = (indicator.tables[0].rows for indicator in release.indicators if indicator.name == name)
    return next((row for found in rows for row in found), None)
