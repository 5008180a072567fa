"""Keeping an organisation's accounts: who is there, making one, closing one."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from services.access.application.ports import AccountStore, NameTaken, Passwords
from services.access.domain.accounts import Account, InvalidAccount, check_account, normalised
from services.access.domain.permissions import Area, Principal, Role


class NoSuchAccount(Exception):
    """Not in this organisation, as far as the asker is told."""


class CannotCloseOwnAccount(Exception):
    """Nobody locks herself out, and no organisation loses its last administrator that way."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    sign_in_name: str
    name: str
    roles: frozenset[Role]
    areas: tuple[Area, ...] = ()
    password: str | None = None


class AccountKeeping:
    def __init__(
        self, store: AccountStore, passwords: Passwords, clock: Callable[[], int], new_id: Callable[[], str]
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._clock = clock
        self._new_id = new_id

    def accounts(self, principal: Principal) -> list[Account]:
        """All accounts of her organisation, closed ones too."""
        return self._store.of_organisation(principal.organisation)

    def people(self, principal: Principal) -> list[Account]:
        """The caseworkers of her organisation whose accounts are open; a caseworker sees only herself."""
        sees_all = not principal.roles.isdisjoint({Role.SUPERVISOR, Role.ADMINISTRATOR})
        return [
            account
            for account in self._store.of_organisation(principal.organisation)
            if Role.CASEWORKER in account.roles
            and account.closed_at is None
            and (sees_all or account.account_id == principal.account_id)
        ]

    def create(self, principal: Principal, wanted: NewAccount) -> tuple[Account, str | None]:
        """The account, in the administrator's own organisation, and its password if one had to be made.

        Raises InvalidAccount.
        """
        account = Account(
            account_id=self._new_id(),
            organisation=principal.organisation,
            sign_in_name=normalised(wanted.sign_in_name),
            name=wanted.name.strip(),
            roles=wanted.roles,
            areas=wanted.areas,
            created_at=self._clock(),
        )
        check_account(account, wanted.password)
        made = None if wanted.password else secrets.token_urlsafe(15)
        try:
            self._store.add(account, self._passwords.hash(wanted.password or made or ""))
        except NameTaken:
            raise InvalidAccount([("sign_in_name", "somebody signs in under this name already")]) from None
        return account, made

    def close(self, principal: Principal, account_id: str) -> Account:
        """From now on she cannot sign in, and within a minute her tokens are refused everywhere.

        Raises NoSuchAccount, CannotCloseOwnAccount.
        """
        stored = self._store.by_id(account_id)
        if stored is None or stored.account.organisation != principal.organisation:
            raise NoSuchAccount
        if account_id == principal.account_id:
            raise CannotCloseOwnAccount
        self._store.close(account_id, self._clock())
        closed = self._store.by_id(account_id)
        assert closed is not None
        return closed.account
