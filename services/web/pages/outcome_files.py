"""Outcomes as files: what the evaluator's pages show, as a workbook or as CSV, in the language of the pages."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from starlette.responses import Response

from services.access.domain.permissions import Role
from services.runtime.workbooks import MEDIA_TYPE, Sheet, workbook_of
from services.web.backends import Json
from services.web.catalogue import Words
from services.web.curve_answers import Curve
from services.web.faces import NoSuchPage, Visit, page, understood
from services.web.outcome_files import Found, about, sheets_of
from services.web.outcomes_answers import Indicator, Outcomes, Stretch, Told, paired_means_of
from services.web.questions import Asked
from services.web.routes import Part

_FILE: Final = re.compile(r"([a-z0-9_]{1,60})\.(csv|xlsx)", re.ASCII)
_MARK: Final = "\ufeff"
"""Before a CSV: without it a spreadsheet takes Bangla for something else."""


@page(Role.EVALUATOR)
async def outcome_file(visit: Visit) -> Response:
    named = _FILE.fullmatch(visit.request.path_params["file"])
    if named is None:
        raise NoSuchPage
    name, form = named.groups()
    asked = Asked.of(visit.request.query_params)
    every = {"every": asked.every} if asked.every else {}
    answer = await visit.get(f"/v1/outcomes/{name}", **asked.params, **every)
    with understood(Part.OUTCOMES):
        found = _found(name, answer, asked)
        sheets = sheets_of(visit.words, found)
        content = _MARK + sheets[0].to_csv() if form == "csv" else await _workbook(visit.words, found, sheets)
    media_type = "text/csv; charset=utf-8" if form == "csv" else MEDIA_TYPE
    headers = {"content-disposition": f'attachment; filename="{name}.{form}"'}
    return Response(content, media_type=media_type, headers=headers)


def _found(name: str, answer: Json, asked: Asked) -> Found:
    told = Told.of(answer)
    if name == "summary":
        all_of_them = Outcomes.of(answer, asked.by)
        return Found(told, asked, all_of_them.indicators, all_of_them.curves, all_of_them.wellbeing)
    if name == "wellbeing":
        return Found(told, asked, wellbeing=paired_means_of(answer["items"]))
    if "curve" in answer:
        return Found(told, asked, curves=(Curve.of(answer, asked.by),))
    series = tuple(Stretch.of(one) for one in answer.get("series", ()))
    return Found(told, asked, (Indicator.broken_down(answer, asked.by),), series=series)


async def _workbook(words: Words, found: Found, sheets: Sequence[Sheet]) -> bytes:
    made_at = datetime.fromisoformat(found.told.as_of).astimezone(UTC).replace(tzinfo=None)
    return await asyncio.to_thread(workbook_of, words("outcomes.title"), made_at, (about(words, found), *sheets))
