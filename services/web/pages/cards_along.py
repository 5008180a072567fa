"""The safe-contact cards of today's list, checked out of the vault to be read without a connection until midnight.

The vault audits each before it leaves (`checked_out`), and counts them among the cases of the day. A number comes with
the times at which she may be called today, and the device shows it at no other.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from starlette.responses import JSONResponse, Response

from services.access.domain.permissions import Role
from services.vault.domain.looks import day_begins
from services.vault.domain.safe_contact import DAY, Channel, SafeContactPlan, Window, open_times
from services.web.backends import Json, PartAway, Refused
from services.web.faces import Visit, page, posted_form, understood
from services.web.pages.taking_along import MOST_CASES, own_list
from services.web.routes import Part
from services.web.vault_answers import Plan, Shown
from services.web.vault_refusals import why_not

_MS: Final = 1000


@page(Role.CASEWORKER)
async def cards_along(visit: Visit) -> Response:
    """As JSON: until (ms since 1970 UTC), and by case_id card (a piece of a page), phones, open (from, until), until.

    A refusal of the vault has its status, and why in words.
    """
    await posted_form(visit.request)
    now = int(datetime.now(UTC).timestamp() * _MS)
    midnight = day_begins(now) + DAY
    case_ids = [line.case_id for line in (await own_list(visit)).lines[:MOST_CASES]]
    try:
        checked_out = await _checked_out(visit, case_ids)
    except (Refused, PartAway) as failure:
        status = failure.status if isinstance(failure, Refused) else 503
        return JSONResponse({"why": why_not(visit, failure)}, status)
    with understood(Part.VAULT):
        cards = {str(told["case_id"]): _card(visit, Shown.of(told), now, midnight) for told in checked_out}
    return JSONResponse({"until": midnight, "cards": cards})


async def _checked_out(visit: Visit, case_ids: list[str]) -> list[Json]:
    """Raises Refused, PartAway."""
    if not case_ids:
        return []
    answer = await visit.post("/v1/vault/cards:check-out", {"case_ids": case_ids})
    with understood(Part.VAULT):
        return list(answer["cards"])


def _card(visit: Visit, shown: Shown, now: int, midnight: int) -> dict[str, object]:
    times = open_times(_agreed(shown.plan), now, midnight) if shown.plan else []
    card = visit.main_of("card_along.html", shown=shown)
    return {"card": card, "phones": list(shown.phones), "open": times, "until": midnight}


def _agreed(plan: Plan) -> SafeContactPlan:
    """The plan as the vault reckons with it."""
    windows = tuple(Window(hours.weekdays, hours.begins, hours.ends) for hours in plan.windows)
    return SafeContactPlan(Channel(plan.channel), windows)
