"""The supervisor's inbox: who was forgotten, why the system says so, and that it is awake."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from starlette.responses import RedirectResponse, Response

from services.access.domain.permissions import Role
from services.web.alerting_answers import Inbox
from services.web.backends import Refused
from services.web.catalogue import Words, latin_digits
from services.web.chosen_lines import NOTHING_CHOSEN, Chosen
from services.web.dhaka import typed_instant
from services.web.faces import NoSuchPage, Visit, fields_of, now_text, overdue_words, page, posted_form, understood
from services.web.inbox_filters import InboxFilters, areas_offered
from services.web.one_by_one import refusal_in_words
from services.web.pages.notifications import only_here
from services.web.people import absent_now, caseworkers
from services.web.routes import Part
from services.web.turning import page_or_beginning

_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_NUMBER: Final = re.compile(r"[1-9]\d{0,3}", re.ASCII)
ACTS: Final = ("acknowledge", "snooze", "reassign")
SNOOZE_REASONS: Final = ("visit_planned", "caseworker_on_leave", "waiting_for_partner", "her_wish", "other")


@page(Role.SUPERVISOR)
async def inbox(visit: Visit) -> Response:
    return await show_inbox(visit)


@page(Role.SUPERVISOR)
async def act_on(visit: Visit) -> Response:
    """Acknowledge, snooze or reassign one alert; refused, the inbox comes back with what was typed and why."""
    alert_id, act = visit.request.path_params["alert_id"], visit.request.path_params["act"]
    if not _ID.fullmatch(alert_id) or act not in ACTS:
        raise NoSuchPage
    typed = fields_of(await posted_form(visit.request))
    event_id = {"event_id": typed["event_id"]} if typed.get("event_id") else {}
    try:
        body = event_id | said_in(act, typed)
    except ValueError:
        return await show_inbox(visit, 422, alert_id, visit.words("expected.time"), typed)
    try:
        await visit.post(f"/v1/alerts/{alert_id}:{act}", body)
    except Refused as refusal:
        return await show_inbox(visit, refusal.status, alert_id, refusal_in_words(refusal), typed)
    return RedirectResponse("/inbox" + kept_query(visit, done=act), 303)


def said_in(act: str, typed: Mapping[str, str]) -> dict[str, object]:
    """The action's JSON without its event_id. Raises ValueError for a time that is none."""
    match act:
        case "snooze":
            until = typed_instant(latin_digits(typed.get("until", "")))
            return {"until": until, "reason": typed.get("reason", "")}
        case "reassign":
            return {"caseworker_id": typed.get("caseworker_id", "")}
        case _:
            return {}


def kept_query(visit: Visit, **more: str) -> str:
    """Of the inbox as it was narrowed, at the page that was read."""
    query = visit.request.query_params
    return InboxFilters.of(query).query(cursor=query.get("cursor", ""), **more)


async def show_inbox(
    visit: Visit,
    status: int = 200,
    alert_id: str = "",
    said: str = "",
    typed: Mapping[str, str] | None = None,
    chosen: Chosen = NOTHING_CHOSEN,
) -> Response:
    """alert_id, said, typed: of the alert whose action was refused. chosen: what became of several at once."""
    query = visit.request.query_params
    filters, cursor = InboxFilters.of(query), query.get("cursor", "")
    (answer, begun_again), areas, people, is_told_only_here = await asyncio.gather(
        page_or_beginning(visit, "/v1/alerts", cursor, lang=visit.words.language, limit="200", **filters.asked),
        _areas_elsewhere(visit, filters),
        caseworkers(visit),
        only_here(visit),
    )
    with understood(Part.ALERTING):
        inbox_now = Inbox.of(answer)
    absent = await absent_now(visit, people.names)
    done, number = query.get("done", ""), query.get("n", "")
    return visit.show(
        "inbox.html",
        status,
        inbox=inbox_now,
        begun_again=begun_again,
        people=people,
        names=people.names,
        absent=absent or {},
        absences_known=absent is not None,
        is_told_only_here=is_told_only_here,
        since=lambda instant: overdue_words(visit.words, instant, now_text()),
        new_id=lambda: str(uuid.uuid4()),
        area=visit.words.area,
        areas=_named(visit.words, areas_offered((*inbox_now.areas, *areas), filters.area)),
        reasons=SNOOZE_REASONS,
        wanted=filters,
        # What a refused or chosen line is sent with again, and what the live list is made anew from.
        kept=kept_query(visit),
        next_page=filters.query(cursor=inbox_now.next_cursor),
        said=said,
        said_of=alert_id,
        typed=typed or {},
        chosen=chosen,
        done=done if done in ACTS else "",
        done_number=int(number) if _NUMBER.fullmatch(number) else 0,
    )


async def _areas_elsewhere(visit: Visit, filters: InboxFilters) -> tuple[tuple[str, str], ...]:
    """Where else there are alerts: while the list is narrowed to an area, it does not say."""
    if not filters.area:
        return ()
    answer = await visit.get("/v1/alerts", limit="1", **replace(filters, area="").asked)
    with understood(Part.ALERTING):
        return Inbox.of(answer).areas


def _named(words: Words, areas: list[str]) -> list[tuple[str, str]]:
    named = ((area, *area.partition("/")) for area in areas)
    return [(area, words.area(upazila, district)) for area, district, _, upazila in named]
