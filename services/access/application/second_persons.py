"""What one administrator asks for and a second person confirms. The only way in to what would open somebody's cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import assert_never

from services.access.application.account_keeping import AccountKeeping, NoSuchAccount
from services.access.application.away import Away
from services.access.application.inviting import AlreadyClosed, Invited, Inviting
from services.access.application.ports import AccountStore, ProposalStore
from services.access.domain.absences import Absence
from services.access.domain.accounts import Account, Done
from services.access.domain.one_time_codes import digest, read_code
from services.access.domain.permissions import Area, Principal, Role
from services.access.domain.second_person import (
    Act,
    GiveRoles,
    Invite,
    LetStandIn,
    Proposal,
    change_needs_two,
    invitation_needs_two,
    may_confirm,
    standing_in_needs_two,
)


class NoSuchProposal(Exception):
    """None that she may know of, or it was confirmed, refused or replaced, or has waited too long."""


class NotTheSecond(Exception):
    """Who asked does not confirm, and nobody confirms what she gains by."""


class AskerGone(Exception):
    """Who asked administers accounts no more."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """half: of the invitation's code, shown this once to who asked; "" where there is no code."""

    proposal: Proposal
    half: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A proposal with the names of who it is about. may_confirm: whether the one who looks may."""

    proposal: Proposal
    account: Account
    asked_by: str
    delegate: str
    may_confirm: bool


class SecondPersons:
    def __init__(
        self,
        accounts: AccountStore,
        proposals: ProposalStore,
        keeping: AccountKeeping,
        inviting: Inviting,
        away: Away,
        clock: Callable[[], int],
        new_id: Callable[[], str],
    ) -> None:
        """clock: milliseconds since 1970 UTC."""
        self._accounts = accounts
        self._proposals = proposals
        self._keeping = keeping
        self._inviting = inviting
        self._away = away
        self._clock = clock
        self._new_id = new_id

    # --- asking ---------------------------------------------------------------------------------------------------

    def invite(self, principal: Principal, account: Account) -> Invited | Proposed:
        """The invitation, or half of its code. Raises AlreadyClosed."""
        if account.closed_at is not None:
            raise AlreadyClosed
        if not invitation_needs_two(account, self._was_opened(account)):
            return self._inviting.invite(account, principal.account_id)
        half = self._inviting.new_half()
        proposal = self._propose(principal, account, Invite(digest(read_code(half))))
        self._accounts.record(account, Done.INVITATION_PROPOSED, proposal.asked_at, principal.account_id)
        return Proposed(proposal, half)

    def change_roles(
        self, principal: Principal, account_id: str, roles: frozenset[Role], areas: tuple[Area, ...]
    ) -> Account | Proposed:
        """The account as it is now. Raises NoSuchAccount, OwnAccount, NotForDemo, InvalidAccount."""
        changed = self._keeping.changed(principal, account_id, roles, areas)
        account = self._keeping.own_account(principal, account_id)
        if not change_needs_two(account, roles, areas):
            return self._keeping.change_roles(principal, account_id, roles, areas)
        proposal = self._propose(principal, account, GiveRoles(roles, areas))
        self._accounts.record(changed, Done.ROLES_PROPOSED, proposal.asked_at, principal.account_id)
        return Proposed(proposal)

    def say_away(
        self, principal: Principal, account_id: str, since: int, until: int, delegate_id: str
    ) -> Absence | Proposed:
        """Raises NoSuchAccount, InvalidAbsence."""
        if not standing_in_needs_two(principal, account_id, delegate_id):
            return self._away.say(principal, account_id, since, until, delegate_id)
        account, absence = self._away.checked(principal, account_id, since, until, delegate_id)
        act = LetStandIn(absence.delegate_id, absence.since, absence.until)
        proposal = self._propose(principal, account, act)
        self._accounts.record(account, Done.ABSENCE_PROPOSED, proposal.asked_at, principal.account_id)
        return Proposed(proposal)

    def withdraw_invitation(self, principal: Principal, account: Account) -> None:
        """One that was made, and one that waits."""
        for waiting in self._open(account.organisation):
            if waiting.account_id == account.account_id and isinstance(waiting.act, Invite):
                self._end(waiting, principal, account, Done.PROPOSAL_REFUSED)
        self._inviting.withdraw(account, principal.account_id)

    def _propose(self, principal: Principal, account: Account, act: Act) -> Proposal:
        proposal = Proposal(
            self._new_id(), account.organisation, account.account_id, principal.account_id, self._clock(), act
        )
        self._proposals.add(proposal)
        return proposal

    # --- confirming -----------------------------------------------------------------------------------------------

    def of(self, principal: Principal) -> list[Waiting]:
        """What waits in her organisation: all for administrators, for others what they may confirm; oldest first."""
        names = {account.account_id: account for account in self._accounts.of_organisation(principal.organisation)}
        found = [self._waiting(principal, each, names) for each in self._open(principal.organisation)]
        sees_all = Role.ADMINISTRATOR in principal.roles
        return [each for each in found if each.account.closed_at is None and (sees_all or each.may_confirm)]

    def confirm(self, principal: Principal, proposal_id: str) -> Invited | None:
        """It is done now, as who asked would have done it. For an invitation: the other half of its code.

        What cannot be done any more has ended all the same. Raises NoSuchProposal, NotTheSecond, AskerGone, and
        whatever doing it raises.
        """
        proposal, account = self._named(principal, proposal_id)
        if not may_confirm(principal, proposal, account):
            raise NotTheSecond
        asker = self._accounts.by_id(proposal.asked_by)
        if asker is None or asker.account.closed_at is not None or Role.ADMINISTRATOR not in asker.account.roles:
            raise AskerGone
        self._end(proposal, principal, account, Done.PROPOSAL_CONFIRMED)
        return self._do(proposal, account, asker.account.principal())

    def refuse(self, principal: Principal, proposal_id: str) -> None:
        """By who could confirm it, or by any administrator, who asked included. Raises NoSuchProposal."""
        proposal, account = self._named(principal, proposal_id)
        self._end(proposal, principal, account, Done.PROPOSAL_REFUSED)

    def _do(self, proposal: Proposal, account: Account, asker: Principal) -> Invited | None:
        match proposal.act:
            case Invite(half_digest):
                return self._inviting.invite_by_halves(account, asker.account_id, half_digest)
            case GiveRoles(roles, areas):
                if not self._was_opened(account):
                    # Its code may be in one hand, and would open more than it was given for.
                    self._inviting.withdraw(account, asker.account_id)
                self._keeping.change_roles(asker, account.account_id, roles, areas)
            case LetStandIn(delegate_id, since, until):
                self._away.say(asker, account.account_id, since, until, delegate_id)
            case _:
                assert_never(proposal.act)
        return None

    def _named(self, principal: Principal, proposal_id: str) -> tuple[Proposal, Account]:
        """One that she may know of, and whom it concerns. Raises NoSuchProposal."""
        proposal = self._proposals.by_id(proposal_id)
        if proposal is None or not proposal.is_open(self._clock()):
            raise NoSuchProposal
        try:
            account = self._keeping.own_account(principal, proposal.account_id)
        except NoSuchAccount:
            raise NoSuchProposal from None
        may_know = Role.ADMINISTRATOR in principal.roles or may_confirm(principal, proposal, account)
        if account.closed_at is not None or not may_know:
            raise NoSuchProposal
        return proposal, account

    def _end(self, proposal: Proposal, principal: Principal, account: Account, done: Done) -> None:
        """Of many who end it at once, one does. Raises NoSuchProposal."""
        now = self._clock()
        if not self._proposals.end(proposal.proposal_id, now):
            raise NoSuchProposal
        told = account
        if isinstance(proposal.act, GiveRoles):
            told = replace(account, roles=proposal.act.roles, areas=proposal.act.areas)
        self._accounts.record(told if done is Done.PROPOSAL_CONFIRMED else account, done, now, principal.account_id)

    def _open(self, organisation: str) -> list[Proposal]:
        now = self._clock()
        return [each for each in self._proposals.of_organisation(organisation) if each.is_open(now)]

    def _waiting(self, principal: Principal, proposal: Proposal, known: dict[str, Account]) -> Waiting:
        account = known[proposal.account_id]
        delegate_id = proposal.act.delegate_id if isinstance(proposal.act, LetStandIn) else ""
        asker, delegate = known[proposal.asked_by], known.get(delegate_id)
        may = may_confirm(principal, proposal, account)
        return Waiting(proposal, account, asker.name, delegate.name if delegate else "", may)

    def _was_opened(self, account: Account) -> bool:
        stored = self._accounts.by_id(account.account_id)
        return stored is not None and stored.was_opened
