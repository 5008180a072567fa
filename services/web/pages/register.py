"""Bringing in a register: uploaded, its columns said, tried without recording, recorded, followed up, taken back."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.responses import JSONResponse, RedirectResponse, Response

from services.access.domain.permissions import Role
from services.casework.domain.register.columns import IDENTITY, Column
from services.casework.domain.register.places import DISTRICTS
from services.web.backends import PartAway, Refused
from services.web.faces import NoSuchPage, Visit, fields_of, page, posted_form, understood
from services.web.imports_answers import Import, WrongLine, imports, wrong_lines
from services.web.people import Caseworkers, caseworkers
from services.web.routes import Part
from services.web.uploads import FileTooLarge, posted_file

_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,6}", re.ASCII)
_READING_SECONDS: Final = 90.0
"""For reading a whole register: nobody else waits for it."""
_A_PAGE: Final = 100
_ACTS: Final = frozenset({"start", "start-follow-up", "undo"})


@page(Role.SUPERVISOR)
async def imports_page(visit: Visit) -> Response:
    return await _show_list(visit)


@page(Role.SUPERVISOR)
async def upload(visit: Visit) -> Response:
    """The file goes to casework and is nowhere else; refused, the page says why."""
    try:
        content = await posted_file(visit.request, "register")
    except FileTooLarge:
        return await _show_list(visit, 422, visit.words("import.no_too_large"))
    if not content:
        return await _show_list(visit, 422, visit.words("import.choose_file"))
    body = {"content": base64.b64encode(content).decode()}
    try:
        answer = await visit.post("/v1/imports", body, _READING_SECONDS)
    except Refused as refusal:
        return await _show_list(visit, refusal.status, _said(visit, refusal))
    with understood(Part.CASEWORK):
        return RedirectResponse(f"/import/{Import.of(answer).import_id}", 303)


@page(Role.SUPERVISOR)
async def import_page(visit: Visit) -> Response:
    return await _show(visit)


@page(Role.SUPERVISOR)
async def progress(visit: Visit) -> Response:
    """For the page's script: how far it is."""
    one = await _import_of(visit)
    return JSONResponse({"stage": one.stage, "done": one.done, "total": one.total, "waits_for": one.waits_for})


@page(Role.SUPERVISOR)
async def check(visit: Visit) -> Response:
    """What would be recorded if the register were read as was said."""
    import_id, typed = _import_id(visit), fields_of(await posted_form(visit.request))
    one, people = await asyncio.gather(_import_of(visit), caseworkers(visit))
    columns = [typed.get(f"column_{index}", "") for index in range(len(one.headings))]
    body = {
        "columns": [column or None for column in columns],
        "day_first": typed.get("day_first") != "no",
        "district": typed.get("district", ""),
        "caseworker_id": typed.get("caseworker_id", ""),
        "caseworkers": {person.name: person.account_id for person in people.known},
    }
    try:
        await visit.post(f"/v1/imports/{import_id}:check", body, _READING_SECONDS)
    except Refused as refusal:
        return await _show(visit, refusal.status, _said(visit, refusal), _Typed.of(columns, typed))
    return RedirectResponse(f"/import/{import_id}#lines", 303)


@page(Role.SUPERVISOR)
async def act_on(visit: Visit) -> Response:
    """Start, begin the follow-up, undo, or throw the upload away."""
    import_id, act = _import_id(visit), visit.request.path_params["act"]
    typed = fields_of(await posted_form(visit.request))
    if act == "undo" and typed.get("sure") != "yes":
        return await _show(visit, 422, visit.words("import.say_sure"))
    try:
        if act == "discard":
            await visit.backends.delete(f"/v1/imports/{import_id}", visit.token)
            return RedirectResponse("/import", 303)
        if act not in _ACTS:
            raise NoSuchPage
        await visit.post(f"/v1/imports/{import_id}:{act}", {}, _READING_SECONDS)
    except Refused as refusal:
        return await _show(visit, refusal.status, _said(visit, refusal))
    return RedirectResponse(f"/import/{import_id}", 303)


@dataclass(frozen=True, slots=True)
class _Typed:
    """What was said of the columns, before it is known to be right."""

    columns: tuple[str, ...]
    day_first: bool
    district: str
    caseworker_id: str

    @staticmethod
    def of(columns: list[str], typed: Mapping[str, str]) -> _Typed:
        return _Typed(
            tuple(columns), typed.get("day_first") != "no", typed.get("district", ""), typed.get("caseworker_id", "")
        )


async def _show_list(visit: Visit, status: int = 200, said: str = "") -> Response:
    answer, people = await asyncio.gather(visit.get("/v1/imports"), caseworkers(visit, everybody=visit.person.is_head))
    with understood(Part.CASEWORK):
        found = imports(answer)
    return visit.show("imports.html", status, imports=found, names=people.names, said=said)


async def _show(visit: Visit, status: int = 200, said: str = "", typed: _Typed | None = None) -> Response:
    (one, people), (lines, more, after) = await asyncio.gather(_import_and_people(visit), _wrong_lines(visit))
    return visit.show(
        "import.html",
        status,
        one=one,
        people=people,
        said=said,
        shown=typed or one.asked,
        columns=[column.value for column in Column],
        identity=[column.value for column in IDENTITY],
        districts=DISTRICTS,
        lines=lines if one.stage == "checked" else (),
        next_lines=after + _A_PAGE if more and one.stage == "checked" else None,
    )


async def _import_and_people(visit: Visit) -> tuple[Import, Caseworkers]:
    return await asyncio.gather(_import_of(visit), caseworkers(visit))


async def _import_of(visit: Visit) -> Import:
    answer = await visit.get(f"/v1/imports/{_import_id(visit)}")
    with understood(Part.CASEWORK):
        return Import.of(answer)


async def _wrong_lines(visit: Visit) -> tuple[tuple[WrongLine, ...], bool, int]:
    """A page of them, whether there is another, and where this one begins; none at a stage that has none."""
    asked = visit.request.query_params.get("after", "")
    after = int(asked) if _NUMBER.fullmatch(asked) else 0
    path = f"/v1/imports/{_import_id(visit)}/wrong-lines"
    try:
        answer = await visit.get(path, after=str(after), limit=str(_A_PAGE))
    except Refused as refusal:
        if refusal.kind != "not_now":
            raise
        return (), False, after
    with understood(Part.CASEWORK):
        return wrong_lines(answer), answer["more"] is True, after


def _import_id(visit: Visit) -> str:
    """Raises NoSuchPage."""
    import_id: str = visit.request.path_params["import_id"]
    if not _ID.fullmatch(import_id):
        raise NoSuchPage
    return import_id


def _said(visit: Visit, refusal: Refused) -> str:
    """Why, in the words of the page. Raises the refusal that hides something."""
    if refusal.status in (403, 404):
        raise refusal
    key = f"import.no_{refusal.kind.removeprefix('register_')}"
    if not visit.words.knows(key):
        raise PartAway(Part.CASEWORK, f"refused for a reason that is not known: {refusal.kind}")
    return visit.words(key)
