"""How a supervisor is told outside the inbox, and what an administrator sees of it: who is told, and what failed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Final

from starlette.responses import RedirectResponse, Response

from services.access.domain.permissions import Role
from services.web.backends import PartAway, Refused
from services.web.catalogue import latin_digits
from services.web.faces import NoSuchPage, Visit, fields_of, page, posted_form, understood
from services.web.notification_answers import EverybodysNotifications, OwnNotifications
from services.web.routes import Part

_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_SEVERITIES: Final = ("critical", "high", "medium", "low")
_LEVELS: Final = ("1", "2", "3")
_TIMES: Final = ("language", "digest_at", "quiet_from", "quiet_until")
_DAYS: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_NOTHING_TYPED: Final = {"kind": "", "address": ""}
WHY: Final = frozenset({"not_taken", "forbidden_destination", "unusable_address", "not_set_up", "failed"})
"""Why something was not sent; a word that is not among them is said as the last."""


@page(Role.SUPERVISOR)
async def own(visit: Visit) -> Response:
    return await _own(visit)


@page(Role.SUPERVISOR)
async def add_channel(visit: Visit) -> Response:
    form = await posted_form(visit.request)
    typed = _NOTHING_TYPED | fields_of(form)
    severities = [str(one) for one in form.getlist("severities")]
    levels = [str(one) for one in form.getlist("levels") if one in _LEVELS]
    body = {"kind": typed["kind"], "address": latin_digits(typed["address"]), "severities": severities}
    try:
        await visit.post("/v1/notifications/channels", body | {"levels": [int(level) for level in levels]})
    except Refused as refusal:
        if refusal.status != 422:
            raise
        return await _own(visit, 422, refusal, typed, severities, levels)
    return RedirectResponse("/notifications?done=added", 303)


@page(Role.SUPERVISOR)
async def act_on(visit: Visit) -> Response:
    """Remove a channel, or try it out."""
    await posted_form(visit.request)
    channel_id, act = visit.request.path_params["channel_id"], visit.request.path_params["act"]
    if not _ID.fullmatch(channel_id) or act not in ("remove", "test"):
        raise NoSuchPage
    path = f"/v1/notifications/channels/{channel_id}"
    if act == "remove":
        await visit.backends.delete(path, visit.token)
        return RedirectResponse("/notifications?done=removed", 303)
    try:
        # It takes as long as whoever receives it.
        answer = await visit.post(f"{path}:test", {}, patience_seconds=60)
    except Refused as refusal:
        if refusal.status != 429:
            raise
        return RedirectResponse("/notifications?done=too_soon", 303)
    with understood(Part.ALERTING):
        done = "sent" if answer["sent"] else _why(str(answer["why"]))
    return RedirectResponse(f"/notifications?done={done}", 303)


@page(Role.SUPERVISOR)
async def say_times(visit: Visit) -> Response:
    typed = fields_of(await posted_form(visit.request))
    try:
        said = {name: latin_digits(typed.get(name, "")) for name in _TIMES}
        await visit.post("/v1/notifications/preferences", said)
    except Refused as refusal:
        if refusal.status != 422:
            raise
        return await _own(visit, 422, refusal, times={name: typed.get(name, "") for name in _TIMES})
    return RedirectResponse("/notifications?done=times", 303)


@page(Role.ADMINISTRATOR)
async def everybodys(visit: Visit) -> Response:
    return await _everybodys(visit)


@page(Role.ADMINISTRATOR)
async def say_working_days(visit: Visit) -> Response:
    form = await posted_form(visit.request)
    days = [str(day) for day in form.getlist("days")]
    try:
        await visit.post("/v1/notifications/working-days", {"days": days})
    except Refused as refusal:
        if refusal.status != 422:
            raise
        return await _everybodys(visit, 422, visit.words("notifications.say_a_day"))
    return RedirectResponse("/notifications/people?done=days", 303)


async def only_here(visit: Visit) -> bool | None:
    """Whether she is told in the inbox alone; None while that is not known."""
    try:
        answer = await visit.get("/v1/notifications")
        with understood(Part.ALERTING):
            return not OwnNotifications.of(answer).channels
    except PartAway:
        return None


async def _own(
    visit: Visit,
    status: int = 200,
    refusal: Refused | None = None,
    typed: Mapping[str, str] = _NOTHING_TYPED,
    severities: list[str] | None = None,
    levels: list[str] | None = None,
    times: Mapping[str, str] | None = None,
) -> Response:
    answer = await visit.get("/v1/notifications")
    with understood(Part.ALERTING):
        found = OwnNotifications.of(answer)
    done = visit.request.query_params.get("done", "")
    return visit.show(
        "notifications.html",
        status,
        own=found,
        times=times or found.said,
        typed=typed,
        chosen_severities=_SEVERITIES if severities is None else severities,
        chosen_levels=_LEVELS if levels is None else levels,
        severities=_SEVERITIES,
        levels=_LEVELS,
        days=[day for day in _DAYS if day in found.working_days],
        wrong=_wrong(refusal),
        done=done if done in {"added", "removed", "times", "sent", "too_soon"} else "",
        why=done if done in WHY else "",
    )


async def _everybodys(visit: Visit, status: int = 200, said: str = "") -> Response:
    answer, accounts = await asyncio.gather(visit.get("/v1/notifications/people"), visit.get("/v1/accounts"))
    with understood(Part.ACCESS):
        names = {str(told["account_id"]): str(told["name"]) for told in accounts["items"]}
    with understood(Part.ALERTING):
        found = EverybodysNotifications.of(answer, names, visit.words("case.somebody"))
    return visit.show(
        "notifications_of_people.html",
        status,
        told=found,
        days=_DAYS,
        why_of=lambda failing: visit.words(f"notifications.why_{_why(failing.why)}"),
        said=said,
        done=visit.request.query_params.get("done", "") == "days",
    )


def _wrong(refusal: Refused | None) -> frozenset[str]:
    """The fields that alerting names: how they are wrong is said in the catalogue's words."""
    return frozenset(error.field for error in refusal.errors) if refusal else frozenset()


def _why(told: str) -> str:
    return told if told in WHY else "failed"
