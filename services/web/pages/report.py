"""The donor report: a published release as a page made for paper. Its numbers and words are the release's own."""

from __future__ import annotations

from starlette.responses import Response

from services.access.domain.permissions import Role
from services.web.faces import NoSuchPage, Visit, page, understood
from services.web.pages.releases import number_of
from services.web.released_words import in_the_language
from services.web.releases_answers import Release
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
