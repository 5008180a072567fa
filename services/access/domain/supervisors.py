"""Who supervises, as our own services are told: who tells people of alerts must know for whom they are. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from services.access.domain.permissions import Area, Principal, Role


@dataclass(frozen=True, slots=True)
class Supervisor:
    """An open account with that role. areas: none means the whole organisation."""

    account_id: str
    organisation: str
    areas: tuple[Area, ...] = ()

    def principal(self) -> Principal:
        """She as a supervisor, whatever other roles she has."""
        return Principal(self.account_id, self.organisation, frozenset({Role.SUPERVISOR}), self.areas)
