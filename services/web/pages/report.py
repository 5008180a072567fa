"""The donor report: a published release as a page made for paper. Its numbers and words are the release's own."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from services.access.domain.permissions import Role
from services.web.catalogue import Words
from services.web.faces import NoSuchPage, Visit, page, understood
from services.web.pages.releases import number_of
from services.web.releases_answers import Indicator, Release
from services.web.routes import Part
from services.web.targets_answers import Targets


@page(Role.EVALUATOR, Role.DONOR)
async def report(visit: Visit) -> Response:
    answer = await visit.get(f"/v1/releases/{number_of(visit)}")
    told_targets = await visit.get("/v1/targets")
    with understood(Part.OUTCOMES):
        targets = Targets.of(told_targets)
        # What an evaluator is told beside the release, and not what its readers are, stays out of what she prints.
        release = Release.of({name: told for name, told in answer.items() if name != "hidden"})
    if release.listed.published_at is None:
        # A draft may be another tomorrow: nobody prints it.
        raise NoSuchPage
    translated = in_the_language(visit.words, release)
    return visit.show(
        "report.html", release=translated or release, targets=targets, is_translated=translated is not None
    )


def in_the_language(words: Words, release: Release) -> Release | None:
    """The release with its titles and definitions as the catalogue has them; None where it has none of these very
    definitions. What was published is in English, and stays what counts."""
    if not words.has("released.version") or words("released.version") != release.definitions_version:
        return None
    return replace(release, indicators=tuple(_translated(words, indicator) for indicator in release.indicators))


def _translated(words: Words, indicator: Indicator) -> Indicator:
    def said(part: str) -> str:
        return words(f"released.{indicator.name}.{part}")

    out_of = None if indicator.out_of_words is None else said("out_of")
    return replace(
        indicator,
        title=said("title"),
        definition=said("definition"),
        counted_words=said("counted"),
        out_of_words=out_of,
    )
