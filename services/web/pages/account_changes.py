"""What was done with the organisation's accounts, by whom: a record that only grows, for its head."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.responses import Response

from services.access.domain.permissions import Role
from services.web.faces import NotForThisRole, Visit, page, understood
from services.web.people import AccountChange, caseworkers
from services.web.routes import Part

_ENTRIES: Final = "100"


@page(Role.SUPERVISOR)
async def account_changes(visit: Visit) -> Response:
    """Newest first; page in the URL."""
    if not visit.person.is_head:
        raise NotForThisRole
    reading = visit.get("/v1/account-changes", before=visit.request.query_params.get("before"), limit=_ENTRIES)
    answer, people = await asyncio.gather(reading, caseworkers(visit, everybody=True))
    with understood(Part.ACCESS):
        changes = [AccountChange.of(told) for told in answer["items"]]
        more = answer["more"] is True
    before = changes[-1].number if changes and more else None
    return visit.show("account_changes.html", changes=changes, people=people, names=people.names, before=before)
