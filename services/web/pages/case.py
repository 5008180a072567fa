"""A case's page: how she may be contacted comes first, and who she is stands there only when somebody asks.

What the vault shows is in the answer to the form that asked for it, which nobody keeps: leaving the page is the end of
it, and loading the page again shows none of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from starlette.responses import RedirectResponse, Response

from services.access.domain.permissions import Role
from services.vault.domain.looks import Purpose, Reason
from services.web.backends import Json, PartAway, Refused
from services.web.broken_glass import broken_glass, open_until
from services.web.casework_answers import CaseView, Timeline, TimelineEntry
from services.web.faces import NoSuchPage, Visit, fields_of, page, posted_form, understood
from services.web.pages.staff import case_id_of, phrase_of, shown_value
from services.web.people import Caseworkers, caseworkers
from services.web.routes import Part
from services.web.vault_answers import Glass, Shown
from services.web.vault_refusals import hide_the_unknown, why_not

_CARD: Final = ("names", "phones", "plan")
_WHERE: Final = ("names", "address", "plan")
_TO_KNOW_HER_BY: Final = ("photo",)
SHOWN_FOR: Final[Mapping[str, tuple[str, ...]]] = {
    Purpose.CALL: _CARD,
    Purpose.MESSAGE: _CARD,
    Purpose.VISIT: (*_WHERE, *_TO_KNOW_HER_BY),
    Purpose.REFERRAL: _WHERE,
    Purpose.DOCUMENTS: _WHERE,
    Purpose.EMERGENCY: ("names", "phones", "address", "plan", *_TO_KNOW_HER_BY),
}
"""What a purpose needs and no more: who only visits her is not shown her number, and needs no reason at night."""
CARD, WORDS = "card", "words"


@dataclass(frozen=True, slots=True)
class Look:
    """What was asked of who she is, and what came of it: shown, or why not in words. what: CARD or WORDS."""

    purpose: str = Purpose.CALL
    what: str = CARD
    shown: Shown | None = None
    refusal: str = ""
    status: int = 200
    needs_reason: bool = False


@page(Role.CASEWORKER, Role.SUPERVISOR)
async def case_page(visit: Visit) -> Response:
    return await _show(visit, case_id_of(visit), Look())


@page(Role.CASEWORKER, Role.SUPERVISOR)
async def look_at_her(visit: Visit) -> Response:
    """The same page, with what the purpose needs or with why that is not shown."""
    case_id = case_id_of(visit)
    typed = fields_of(await posted_form(visit.request))
    purpose, what = typed.get("purpose", ""), typed.get("what", CARD)
    if purpose not in SHOWN_FOR or what not in (CARD, WORDS):
        raise NoSuchPage
    fields = ("notes",) if what == WORDS else SHOWN_FOR[purpose]
    found = await looked(visit, case_id, Look(purpose, what), fields, typed.get("reason", ""))
    return await _show(visit, case_id, found)


@page(Role.SUPERVISOR)
async def break_glass(visit: Visit) -> Response:
    """For three hours she may look; the case's page says so, and to her caseworker too."""
    case_id = case_id_of(visit)
    typed = fields_of(await posted_form(visit.request))
    if typed.get("sure") != "yes" or typed.get("reason") not in tuple(Reason):
        return await _show(visit, case_id, Look(refusal=visit.words("glass.say_both"), status=422))
    try:
        await visit.post(f"/v1/vault/cases/{case_id}:break-glass", {"reason": typed["reason"]})
    except (Refused, PartAway) as failure:
        return await _show(visit, case_id, _not_shown(visit, Look(), failure))
    return RedirectResponse(f"/cases/{case_id}", 303)


async def looked(visit: Visit, case_id: str, asked: Look, fields: tuple[str, ...], reason: str) -> Look:
    """Asks the vault, which audits before it answers. Raises Refused when she must not know of the case."""
    question = {"fields": list(fields), "purpose": asked.purpose} | ({"reason": reason} if reason else {})
    try:
        answer = await visit.post(f"/v1/vault/cases/{case_id}:reveal", question)
    except (Refused, PartAway) as failure:
        return _not_shown(visit, asked, failure)
    with understood(Part.VAULT):
        return replace(asked, shown=Shown.of(answer))


def _not_shown(visit: Visit, asked: Look, failure: Refused | PartAway) -> Look:
    """Raises Refused when she must not know of the case."""
    hide_the_unknown(failure)
    said = why_not(visit, failure)
    if isinstance(failure, PartAway):
        return replace(asked, refusal=said, status=503)
    return replace(asked, refusal=said, status=failure.status, needs_reason=failure.kind == "outside_window")


@dataclass(frozen=True, slots=True)
class Beside:
    """What is not the case's own: who people are, and who broke which glass (None: the vault does not say)."""

    people: Caseworkers
    glass: tuple[Glass, ...] | None


async def _show(visit: Visit, case_id: str, look: Look) -> Response:
    case_answer, timeline_answer, people, glass = await asyncio.gather(
        visit.get(f"/v1/cases/{case_id}", lang=visit.words.language),
        visit.get(f"/v1/cases/{case_id}/timeline", cursor=visit.request.query_params.get("cursor")),
        caseworkers(visit),
        broken_glass(visit),
    )
    values = case_values(visit, case_answer, timeline_answer, Beside(people, glass), look)
    return visit.show("case.html", look.status, **values)


def case_values(
    visit: Visit, case_answer: Json, timeline_answer: Json, beside: Beside, look: Look
) -> dict[str, object]:
    """What her page is made of, from what casework answers. Raises PartAway when that is not understood."""
    with understood(Part.CASEWORK):
        case = CaseView.of(case_answer)
        timeline = Timeline.of(timeline_answer)

    names, glass = beside.people.names, beside.glass
    hers = None if glass is None else tuple(one for one in glass if one.case_id == case.case_id)

    def shown(field: str, value: object) -> str:
        return shown_value(visit.words, names, field, value)

    def phrase(entry: TimelineEntry) -> str:
        return phrase_of(visit.words, names, entry)

    return {
        "case": case,
        "timeline": timeline,
        "people": beside.people,
        "names": names,
        "shown": shown,
        "phrase": phrase,
        "look": look,
        "glass": hers,
        "open_until": open_until(hers or (), visit.person.account_id),
        "may_ask": Role.CASEWORKER in visit.person.roles,
        "purposes": tuple(SHOWN_FOR),
        "reasons": tuple(Reason),
    }
