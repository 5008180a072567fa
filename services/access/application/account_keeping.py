"""Keeping an organisation's accounts: who is there, making one, changing what it may, closing it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from services.access.application.ports import AccountStore, NameTaken, SessionStore
from services.access.domain.accounts import Account, AccountChange, Done, InvalidAccount, check_account, normalised
from services.access.domain.permissions import Area, Principal, Role

MOST_CHANGES: Final = 500
NEWEST: Final = 2**62


class NoSuchAccount(Exception):
    """Not in this organisation, as far as the asker is told."""


class OwnAccount(Exception):
    """Nobody gives herself a role, locks herself out, or leaves her organisation without its last administrator."""


class NotForDemo(Exception):
    """The demonstration's people have tokens that outlive what is changed here."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    sign_in_name: str
    name: str
    roles: frozenset[Role]
    areas: tuple[Area, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """more: whether there are older ones."""

    items: tuple[AccountChange, ...]
    more: bool


class AccountKeeping:
    def __init__(
        self,
        store: AccountStore,
        sessions: SessionStore,
        clock: Callable[[], int],
        new_id: Callable[[], str],
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._clock = clock
        self._new_id = new_id

    def accounts(self, principal: Principal) -> list[Account]:
        """All accounts of her organisation, closed ones too."""
        return self._store.of_organisation(principal.organisation)

    def people(self, principal: Principal, everybody: bool = False) -> list[Account]:
        """The caseworkers of her organisation who have come in and not left; a caseworker sees only herself.

        Who has not come in yet is offered to nobody: whoever has her code would have the cases she is given.
        everybody: all who have or had an account; only the organisation's head sees more by it.
        """
        if everybody and principal.is_head:
            return self.accounts(principal)
        sees_all = not principal.roles.isdisjoint({Role.SUPERVISOR, Role.ADMINISTRATOR})
        return [
            account
            for account in self._store.opened_of(principal.organisation)
            if Role.CASEWORKER in account.roles
            and account.closed_at is None
            and (sees_all or account.account_id == principal.account_id)
        ]

    def create(self, organisation: str, wanted: NewAccount, by: str) -> Account:
        """The account, without a password: its person gives herself one by an invitation. Raises InvalidAccount."""
        account = Account(
            account_id=self._new_id(),
            organisation=organisation,
            sign_in_name=normalised(wanted.sign_in_name),
            name=wanted.name.strip(),
            roles=wanted.roles,
            areas=wanted.areas,
            created_at=self._clock(),
        )
        check_account(account)
        try:
            self._store.add(account, "", by)
        except NameTaken:
            raise InvalidAccount([("sign_in_name", "somebody signs in under this name already")]) from None
        return account

    def change_roles(
        self, principal: Principal, account_id: str, roles: frozenset[Role], areas: tuple[Area, ...]
    ) -> Account:
        """Her sessions end, and with them the tokens that say otherwise.

        Raises NoSuchAccount, OwnAccount, NotForDemo, InvalidAccount.
        """
        changed = self.changed(principal, account_id, roles, areas)
        self._store.change_roles(changed, self._clock(), principal.account_id)
        self._sessions.end_all(account_id, self._clock())
        return changed

    def changed(
        self, principal: Principal, account_id: str, roles: frozenset[Role], areas: tuple[Area, ...]
    ) -> Account:
        """The account as it would be, nothing done. Raises NoSuchAccount, OwnAccount, NotForDemo, InvalidAccount."""
        account = self.others_account(principal, account_id)
        if self._store.is_demo(account_id):
            raise NotForDemo
        changed = replace(account, roles=roles, areas=areas)
        check_account(changed)
        return changed

    def close(self, principal: Principal, account_id: str) -> Account:
        """From now on she cannot sign in, and within a minute her tokens are refused everywhere.

        Raises NoSuchAccount, OwnAccount.
        """
        account = self.others_account(principal, account_id)
        self._store.close(account, self._clock(), principal.account_id)
        self._sessions.end_all(account_id, self._clock())
        return self.own_account(principal, account_id)

    def end_sessions(self, principal: Principal, account_id: str) -> Account:
        """She is signed out on every device. Raises NoSuchAccount, OwnAccount."""
        account = self.others_account(principal, account_id)
        self._store.record(account, Done.SESSIONS_ENDED, self._clock(), principal.account_id)
        self._sessions.end_all(account_id, self._clock())
        return account

    def own_account(self, principal: Principal, account_id: str) -> Account:
        """An account of her organisation. Raises NoSuchAccount."""
        stored = self._store.by_id(account_id)
        if stored is None or stored.account.organisation != principal.organisation:
            raise NoSuchAccount
        return stored.account

    def others_account(self, principal: Principal, account_id: str) -> Account:
        """One that is not the asker's own. Raises NoSuchAccount, OwnAccount."""
        account = self.own_account(principal, account_id)
        if account_id == principal.account_id:
            raise OwnAccount
        return account

    def changes(self, principal: Principal, before: int = NEWEST, limit: int = MOST_CHANGES) -> Changes:
        """What was done with accounts of her organisation, the newest first; before: only with a lower number."""
        found = self._store.changes_of(principal.organisation, before, limit + 1)
        return Changes(tuple(found[:limit]), more=len(found) > limit)
