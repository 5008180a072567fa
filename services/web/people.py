"""The colleagues whom a form offers and a page names, as access answers."""

from __future__ import annotations

from dataclasses import dataclass

from services.web.faces import Role, Visit, understood
from services.web.routes import Part


@dataclass(frozen=True, slots=True)
class Colleague:
    account_id: str
    name: str
    roles: tuple[str, ...]


async def colleagues(visit: Visit) -> tuple[Colleague, ...]:
    """Everybody of the organisation. Raises PartAway, Refused."""
    answer = await visit.get("/v1/people")
    with understood(Part.ACCESS):
        return tuple(Colleague(told["account_id"], told["name"], tuple(told["roles"])) for told in answer["items"])


async def caseworkers(visit: Visit) -> tuple[Colleague, ...]:
    return tuple(found for found in await colleagues(visit) if Role.CASEWORKER in found.roles)
