"""How access writes people and accounts as JSON, how it reads what is asked of it, and how it says no."""

from __future__ import annotations

from typing import Annotated, Any, Final, assert_never

from pydantic import BaseModel, ConfigDict, Field

from services.access.application.inviting import Invited
from services.access.application.second_persons import Proposed
from services.access.domain.accounts import Account, AccountChange, InvalidAccount
from services.access.domain.permissions import Area, Principal, Role
from services.access.domain.second_person import Act, GiveRoles, Invite, LetStandIn
from services.casework.domain.instants import format_instant
from services.runtime.http import Problem

WAITS: Final[dict[int | str, dict[str, Any]]] = {
    202: {"description": "It waits for a second person: `proposal`; `half` of the code, where there is one, this once."}
}


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class AreaBody(Strict):
    district: str
    upazila: str | None = None


class RolesBody(Strict):
    roles: Annotated[list[str], Field(min_length=1, max_length=5)]
    areas: Annotated[list[AreaBody], Field(max_length=100)] = []

    def read_roles(self) -> frozenset[Role]:
        """Raises InvalidAccount."""
        try:
            return frozenset(Role(role) for role in self.roles)
        except ValueError:
            expected = ", ".join(role for role in Role if role is not Role.SYSTEM)
            raise InvalidAccount([("roles", f"expected some of {expected}")]) from None

    def read_areas(self) -> tuple[Area, ...]:
        return tuple(Area(area.district, area.upazila) for area in self.areas)


def try_later(seconds: int) -> Problem:
    return Problem(
        429,
        "Too many attempts",
        f"try again in {seconds} seconds",
        kind="try_later",
        headers={"Retry-After": str(seconds)},
    )


def not_valid(error: InvalidAccount, what: str) -> Problem:
    return Problem(422, "Not valid", what, error.problems, kind="invalid")


def principal_json(principal: Principal) -> dict[str, Any]:
    return {
        "account_id": principal.account_id,
        "organisation": principal.organisation,
        "name": principal.name,
        "roles": sorted(principal.roles),
        "areas": areas_json(principal.areas),
    }


def account_json(account: Account) -> dict[str, Any]:
    return {
        "account_id": account.account_id,
        "sign_in_name": account.sign_in_name,
        "name": account.name,
        "roles": sorted(account.roles),
        "areas": areas_json(account.areas),
        "created_at": format_instant(account.created_at),
        "closed_at": instant_or_none(account.closed_at),
    }


def invitation_json(invited: Invited) -> dict[str, Any]:
    return {"code": invited.code, "expires_at": format_instant(invited.expires_at)}


def proposed_json(proposed: Proposed) -> dict[str, Any]:
    """half: of an invitation's code, None where there is no code."""
    proposal = proposed.proposal
    return {
        "proposal_id": proposal.proposal_id,
        "expires_at": format_instant(proposal.expires_at),
        "half": proposed.half or None,
    }


def inviting_json(invited: Invited | Proposed) -> dict[str, Any]:
    """The invitation, or what must be confirmed before there is one."""
    if isinstance(invited, Invited):
        return {"invitation": invitation_json(invited), "proposal": None}
    return {"invitation": None, "proposal": proposed_json(invited)}


def act_json(act: Act, delegate: str) -> dict[str, Any]:
    """What would be done. delegate: the name of who would stand in."""
    match act:
        case Invite():
            return {"what": "invitation"}
        case GiveRoles(roles, areas):
            return {"what": "roles", "roles": sorted(roles), "areas": areas_json(areas)}
        case LetStandIn(_, since, until):
            away = {"since": format_instant(since), "until": format_instant(until)}
            return {"what": "standing_in", "delegate": delegate, **away}
        case _:
            assert_never(act)


def change_json(change: AccountChange) -> dict[str, Any]:
    return {
        "number": change.number,
        "at": format_instant(change.at),
        "account_id": change.account_id,
        "by_account_id": change.by_account_id,
        "what": change.done,
        "roles": sorted(change.roles),
        "areas": areas_json(change.areas),
    }


def areas_json(areas: tuple[Area, ...]) -> list[dict[str, str | None]]:
    return [{"district": area.district, "upazila": area.upazila} for area in areas]


def instant_or_none(instant: int | None) -> str | None:
    return None if instant is None else format_instant(instant)
