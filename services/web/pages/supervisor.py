"""The supervisor's inbox: who was forgotten, why the system says so, and that it is awake."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from services.access.domain.permissions import Role
from services.web.alerting_answers import Inbox
from services.web.backends import Json, Refused
from services.web.catalogue import latin_digits
from services.web.dhaka import typed_instant
from services.web.faces import NoSuchPage, Visit, fields_of, now_text, overdue_words, page, posted_form, understood
from services.web.pages.notifications import only_here
from services.web.people import caseworkers
from services.web.routes import Part
from services.web.turning import page_or_beginning

_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
FILTERS: Final = ("caseworker_id", "severity", "level")
SNOOZE_REASONS: Final = ("visit_planned", "caseworker_on_leave", "waiting_for_partner", "her_wish", "other")


@page(Role.SUPERVISOR)
async def inbox(visit: Visit) -> Response:
    return await _show(visit)


@page(Role.SUPERVISOR)
async def act_on(visit: Visit) -> Response:
    """Acknowledge, snooze or reassign one alert; refused, the inbox comes back with what was typed and why."""
    alert_id, act = visit.request.path_params["alert_id"], visit.request.path_params["act"]
    if not _ID.fullmatch(alert_id) or act not in ("acknowledge", "snooze", "reassign"):
        raise NoSuchPage
    typed = fields_of(await posted_form(visit.request))
    try:
        body = _body_of(act, typed)
    except ValueError:
        return await _show(visit, 422, alert_id, visit.words("expected.time"), typed)
    try:
        await visit.post(f"/v1/alerts/{alert_id}:{act}", body)
    except Refused as refusal:
        said = "; ".join([refusal.detail or refusal.title, *(error.message for error in refusal.errors)])
        return await _show(visit, refusal.status, alert_id, said, typed)
    return RedirectResponse(f"/inbox?done={act}", 303)


def _body_of(act: str, typed: Mapping[str, str]) -> Json:
    """The action's JSON. Raises ValueError for a time that is none."""
    event_id = {"event_id": typed["event_id"]} if typed.get("event_id") else {}
    match act:
        case "snooze":
            until = typed_instant(latin_digits(typed.get("until", "")))
            return event_id | {"until": until, "reason": typed.get("reason", "")}
        case "reassign":
            return event_id | {"caseworker_id": typed.get("caseworker_id", "")}
        case _:
            return event_id


async def _show(
    visit: Visit, status: int = 200, alert_id: str = "", said: str = "", typed: Mapping[str, str] | None = None
) -> Response:
    query = visit.request.query_params
    wanted = {name: query.get(name, "") for name in FILTERS}
    asked = {"lang": visit.words.language, "limit": "200", **wanted}
    listing = page_or_beginning(visit, "/v1/alerts", query.get("cursor"), **asked)
    (answer, begun_again), people, is_told_only_here = await asyncio.gather(
        listing, caseworkers(visit), only_here(visit)
    )
    with understood(Part.ALERTING):
        inbox_now = Inbox.of(answer)
    done = query.get("done", "")
    return visit.show(
        "inbox.html",
        status,
        inbox=inbox_now,
        begun_again=begun_again,
        people=people,
        names=people.names,
        is_told_only_here=is_told_only_here,
        since=lambda instant: overdue_words(visit.words, instant, now_text()),
        new_id=lambda: str(uuid.uuid4()),
        area=visit.words.area,
        reasons=SNOOZE_REASONS,
        wanted=wanted,
        next_page=urlencode(wanted | {"cursor": inbox_now.next_cursor or ""}),
        said=said,
        said_of=alert_id,
        typed=typed or {},
        done=done if done in ("acknowledge", "snooze", "reassign") else "",
    )
