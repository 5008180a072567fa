"""The administrator's list of accounts: people and what they may, no case."""

from __future__ import annotations

from starlette.responses import Response

from services.access.domain.permissions import Role
from services.web.faces import Visit, page, understood
from services.web.people import Account
from services.web.routes import Part


@page(Role.ADMINISTRATOR)
async def people(visit: Visit) -> Response:
    answer = await visit.get("/v1/accounts")
    with understood(Part.ACCESS):
        accounts = tuple(Account.of(told) for told in answer["items"])
    return visit.show("people.html", accounts=accounts)
