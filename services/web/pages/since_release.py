"""Beside an indicator: what has changed since the last release."""

from __future__ import annotations

import asyncio

from services.web.backends import Json, PartAway
from services.web.catalogue import Language, words_of
from services.web.faces import Visit, understood
from services.web.outcomes_answers import Cell, Indicator
from services.web.questions import Asked
from services.web.releases_answers import Release
from services.web.routes import Part
from services.web.since_answers import SinceRelease, numbers_of_last, published_in


class NotRead(Exception):
    """Releases cannot be read now; the page of the indicator is shown without them, and says so."""


async def since_last_release(visit: Visit, asked: Asked, indicator: Indicator) -> SinceRelease | None:
    """None where nothing was published yet. Raises NotRead."""
    try:
        listing = await visit.get("/v1/releases")
        with understood(Part.OUTCOMES):
            numbers = numbers_of_last(listing)
        if not numbers:
            return None
        told = await asyncio.gather(*(visit.get(f"/v1/releases/{number}") for number in numbers))
        with understood(Part.OUTCOMES):
            releases = [Release.of({name: said for name, said in one.items() if name != "hidden"}) for one in told]
        return await _since(visit, asked, indicator, releases)
    except PartAway as error:
        raise NotRead from error


async def _since(visit: Visit, asked: Asked, indicator: Indicator, releases: list[Release]) -> SinceRelease:
    last = releases[0]
    then, now = await asyncio.gather(
        _in_the_quarter(visit, asked, indicator, last, as_of=last.as_of),
        _in_the_quarter(visit, asked, indicator, last),
    )
    with understood(Part.OUTCOMES):
        is_of_everybody = not asked.where and indicator.released_as is not None
        published = published_in(releases, indicator.released_as or "") if is_of_everybody else ()
        of_today = words_of(Language.ENGLISH)("released.version") == last.definitions_version
        return SinceRelease(last, Cell.of(then["total"]), Cell.of(now["total"]), of_today, published)


async def _in_the_quarter(visit: Visit, asked: Asked, indicator: Indicator, release: Release, **known: str) -> Json:
    start, end = release.period
    where = {name: [key] for name, key in asked.where}
    return await visit.get(f"/v1/outcomes/{indicator.name}", **{"from": start, "to": end}, **where, **known)
