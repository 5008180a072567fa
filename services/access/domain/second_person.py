"""What one administrator does not do alone, and who may confirm it. Pure.

Whoever has the code of an invitation is, for every other service, the person it was made for. So a code that would open
somebody's cases is never one person's: half of it is shown to who asked, half to who confirmed, and the person types
both. Roles that open cases or accounts, wider areas, and a colleague who stands in with somebody's cases wait for the
second person, too: each would otherwise be a way round.

What stays in one hand cannot be used to take over anything: the first invitation of an account that nobody has opened
and that sees no case (a caseworker's has none until a supervisor gives her some, and who has not come in yet is offered
to nobody), and whatever only takes away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, assert_never

from services.access.domain.accounts import Account
from services.access.domain.invitations import INVITATION_LASTS
from services.access.domain.permissions import Area, Principal, Role

ANSWERS_FOR_OTHERS: Final = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
"""The roles whose first invitation would open cases at once, or confirm what its own maker asks."""

_OPENS_CASES: Final = ANSWERS_FOR_OTHERS | {Role.CASEWORKER}


@dataclass(frozen=True, slots=True)
class Invite:
    """half_digest: of the half of the code that was shown to who asked."""

    half_digest: str


@dataclass(frozen=True, slots=True)
class GiveRoles:
    roles: frozenset[Role]
    areas: tuple[Area, ...]


@dataclass(frozen=True, slots=True)
class LetStandIn:
    """Somebody has the cases of who is away, from `since` until before `until` (milliseconds since 1970 UTC)."""

    delegate_id: str
    since: int
    until: int


Act = Invite | GiveRoles | LetStandIn


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an administrator asked for and nobody has confirmed yet. account_id: whom it concerns.

    ended_at: when it was confirmed, refused or replaced by a newer one. Times in milliseconds since 1970 UTC.
    """

    proposal_id: str
    organisation: str
    account_id: str
    asked_by: str
    asked_at: int
    act: Act
    ended_at: int | None = None

    @property
    def expires_at(self) -> int:
        return self.asked_at + INVITATION_LASTS

    def is_open(self, now: int) -> bool:
        return self.ended_at is None and now < self.expires_at


def invitation_needs_two(account: Account, was_opened: bool) -> bool:
    """was_opened: whether somebody has ever chosen a password for it."""
    return was_opened or not account.roles.isdisjoint(ANSWERS_FOR_OTHERS)


def change_needs_two(account: Account, roles: frozenset[Role], areas: tuple[Area, ...]) -> bool:
    """Whether she would have more than now: a role that opens cases or accounts, or a wider area."""
    if (roles - account.roles) & _OPENS_CASES:
        return True
    return Role.SUPERVISOR in roles and _are_wider(areas, account.areas)


def standing_in_needs_two(principal: Principal, account_id: str, delegate_id: str) -> bool:
    """Who says of herself that she is away gives what is hers; without a delegate nobody gains anything."""
    return account_id != principal.account_id and delegate_id != ""


def may_confirm(principal: Principal, proposal: Proposal, account: Account) -> bool:
    """Another administrator, or the head; of a caseworker any supervisor. Never who asked, nor who gains by it.

    account: whom the proposal concerns.
    """
    if principal.organisation != proposal.organisation or principal.account_id in _gaining(proposal):
        return False
    if Role.ADMINISTRATOR in principal.roles or principal.is_head:
        return True
    return Role.SUPERVISOR in principal.roles and _roles_concerned(proposal.act, account) == {Role.CASEWORKER}


def _gaining(proposal: Proposal) -> frozenset[str]:
    delegate = {proposal.act.delegate_id} if isinstance(proposal.act, LetStandIn) else set()
    return frozenset({proposal.asked_by, proposal.account_id} | delegate)


def _roles_concerned(act: Act, account: Account) -> frozenset[Role]:
    match act:
        case GiveRoles(roles, _):
            return account.roles | roles
        case Invite() | LetStandIn():
            return account.roles
        case _:
            assert_never(act)


def _are_wider(areas: tuple[Area, ...], before: tuple[Area, ...]) -> bool:
    """No areas are the whole organisation."""
    if not before:
        return False
    return not areas or not all(any(_is_within(area, known) for known in before) for area in areas)


def _is_within(area: Area, known: Area) -> bool:
    return area.district == known.district and known.upazila in (None, area.upazila)
