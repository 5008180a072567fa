"""One indicator or curve by itself: filters, up to two break-downs, month by month, as a file. A link is a citation."""

from __future__ import annotations

import re
from typing import Final

from starlette.responses import Response

from services.access.domain.permissions import Role
from services.web.backends import Json, Refused
from services.web.curve_answers import Curve
from services.web.drawings import of_curve, of_series
from services.web.faces import NoSuchPage, Visit, page, understood
from services.web.outcomes_answers import Indicator, Stretch, Told
from services.web.pages.evaluator import said_of
from services.web.pages.since_release import NotRead, since_last_release
from services.web.questions import DIMENSIONS, Asked
from services.web.routes import Part
from services.web.targets_answers import Targets

_NAME: Final = re.compile(r"[a-z0-9_]{1,60}", re.ASCII)


@page(Role.EVALUATOR)
async def indicator(visit: Visit) -> Response:
    asked = Asked.of(visit.request.query_params)
    every = asked.every or "month"
    try:
        answer = await _ask(visit, asked, every=every)
    except Refused as refusal:
        return _refused(visit, asked, refusal)
    set_by_now = await visit.get("/v1/targets")
    with understood(Part.OUTCOMES):
        targets = Targets.of(set_by_now)
        found, series = Indicator.broken_down(answer, asked.by), tuple(Stretch.of(one) for one in answer["series"])
        drawing = of_series([one.cell.value for one in series], [_stretch_name(one.start, every) for one in series])
        told = Told.of(answer)
    try:
        since, is_since_away = await since_last_release(visit, asked, found), False
    except NotRead:
        since, is_since_away = None, True
    return _shown(
        visit,
        asked,
        told=told,
        indicator=found,
        series=series,
        drawing=drawing,
        targets=targets,
        since=since,
        is_since_away=is_since_away,
    )


@page(Role.EVALUATOR)
async def curve(visit: Visit) -> Response:
    asked = Asked.of(visit.request.query_params)
    try:
        answer = await _ask(visit, asked)
    except Refused as refusal:
        return _refused(visit, asked, refusal)
    if "indicator" in answer or "curves" in answer:
        raise NoSuchPage
    with understood(Part.OUTCOMES):
        found, told = Curve.of(answer, asked.by), Told.of(answer)
    return _shown(visit, asked, told=told, curve=found, drawing=of_curve(found.total))


async def _ask(visit: Visit, asked: Asked, **more: str) -> Json:
    name: str = visit.request.path_params["name"]
    if not _NAME.fullmatch(name):
        raise NoSuchPage
    return await visit.get(f"/v1/outcomes/{name}", **asked.params, **more)


def _stretch_name(start: str, every: str) -> str:
    return start[:7] if every == "month" else f"{start[:4]}-Q{(int(start[5:7]) + 2) // 3}"


def _refused(visit: Visit, asked: Asked, refusal: Refused) -> Response:
    if refusal.status != 422:
        raise refusal
    return _shown(visit, asked, 422, said_of(refusal, visit.words))


def _shown(
    visit: Visit,
    asked: Asked,
    status: int = 200,
    said: str = "",
    told: Told | None = None,
    **found: object,
) -> Response:
    values: dict[str, object] = {
        "indicator": None,
        "curve": None,
        "series": (),
        "drawing": None,
        "targets": Targets(),
        "since": None,
        "is_since_away": False,
    } | found
    return visit.show("outcome.html", status, asked=asked, dimensions=DIMENSIONS, told=told, said=said, **values)
