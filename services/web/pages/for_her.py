"""Everything that is held about one survivor, for herself: as a page for paper, and as a file."""

from __future__ import annotations

import json
from typing import Any, Final

from starlette.responses import Response

from services.access.domain.permissions import Role
from services.casework.domain.case_code import case_code
from services.web.backends import Json, PartAway, Refused
from services.web.casework_answers import CaseView, Timeline, TimelineEntry
from services.web.faces import Visit, fields_of, now_text, page, posted_form, understood
from services.web.pages.staff import case_id_of, phrase_of, shown_value
from services.web.people import caseworkers
from services.web.routes import Part
from services.web.vault_answers import Shown
from services.web.vault_refusals import hide_the_unknown, why_not

_EVENTS_AT_ONCE: Final = "500"


@page(Role.CASEWORKER, Role.SUPERVISOR)
async def for_her_page(visit: Visit) -> Response:
    """What it is, and the form that asks for it."""
    case_id = case_id_of(visit)
    await visit.get(f"/v1/cases/{case_id}")
    return _ask(visit, case_id, 200, "")


@page(Role.CASEWORKER, Role.SUPERVISOR)
async def for_her(visit: Visit) -> Response:
    """All of it, once the audit has that it was given out; `as` json: the file."""
    case_id = case_id_of(visit)
    as_file = fields_of(await posted_form(visit.request)).get("as") == "json"
    # What is not secret comes first: nothing is said to have been shown that then could not be.
    case = await visit.get(f"/v1/cases/{case_id}", lang=visit.words.language)
    events = await _all_events(visit, case_id)
    try:
        held = await visit.post(f"/v1/vault/cases/{case_id}:export", {})
    except (Refused, PartAway) as failure:
        hide_the_unknown(failure)
        return _ask(visit, case_id, 503 if isinstance(failure, PartAway) else failure.status, why_not(visit, failure))
    return _file(case, events, held) if as_file else await _paper(visit, case, events, held)


async def _all_events(visit: Visit, case_id: str) -> Json:
    """The timeline of the case, all its pages in one."""
    items: list[Any] = []
    cursor: str | None = None
    while True:
        answer = await visit.get(f"/v1/cases/{case_id}/timeline", limit=_EVENTS_AT_ONCE, cursor=cursor)
        with understood(Part.CASEWORK):
            items += answer["items"]
            cursor = answer["next_cursor"]
        if cursor is None:
            return {**answer, "items": items}


def _file(case: Json, events: Json, held: Json) -> Response:
    with understood(Part.VAULT):
        kept = {name: value for name, value in held.items() if name not in ("case_id", "audit")}
    with understood(Part.CASEWORK):
        told = {
            "case_id": case["case_id"],
            "code": case["code"],
            "as_of": now_text(),
            "who_she_is": kept,
            "known": case["attributes"],
            "owed": case["owed"],
            "events": events["items"],
            "unreadable": events["unreadable"],
        }
    text = json.dumps(told, ensure_ascii=False, indent=1)
    # A name that says nothing to whoever finds it among the downloads.
    headers = {"content-disposition": 'attachment; filename="notebook.json"'}
    return Response(text, media_type="application/json", headers=headers)


async def _paper(visit: Visit, case_answer: Json, events: Json, held: Json) -> Response:
    people = await caseworkers(visit)
    with understood(Part.CASEWORK):
        case, timeline = CaseView.of(case_answer), Timeline.of(events)
    with understood(Part.VAULT):
        kept = Shown.of(held)

    def shown(field: str, value: object) -> str:
        return shown_value(visit.words, people.names, field, value)

    def phrase(entry: TimelineEntry) -> str:
        return phrase_of(visit.words, people.names, entry)

    said_of_events = {entry.note_id for entry in timeline.entries}
    return visit.show(
        "held.html",
        case=case,
        timeline=timeline,
        kept=kept,
        loose=[note for note_id, note in kept.notes.items() if note_id not in said_of_events],
        shown=shown,
        phrase=phrase,
    )


def _ask(visit: Visit, case_id: str, status: int, said: str) -> Response:
    return visit.show("for_her.html", status, case_id=case_id, code=case_code(case_id), said=said)
