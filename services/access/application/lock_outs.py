"""Who in an organisation has to wait after wrong attempts; seen and lifted by those who answer for her."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.access.application.account_keeping import NoSuchAccount
from services.access.application.attempts import Attempts
from services.access.application.ports import AccountStore
from services.access.domain.accounts import FREE_FAILURES, Account, Done, Failures
from services.access.domain.permissions import Principal, Role


@dataclass(frozen=True, slots=True)
class LockOut:
    account: Account
    failures: Failures


class LockOuts:
    def __init__(self, accounts: AccountStore, attempts: Attempts, clock: Callable[[], int]) -> None:
        self._accounts = accounts
        self._attempts = attempts
        self._clock = clock

    def of(self, principal: Principal) -> list[LockOut]:
        """Names of open accounts with more wrong attempts in a row than cost nothing: administrators see all of the
        organisation, supervisors the caseworkers."""
        found = (
            LockOut(account, self._attempts.of(account.sign_in_name))
            for account in self._accounts.of_organisation(principal.organisation)
            if _answers_for(principal, account)
        )
        return [lock_out for lock_out in found if lock_out.failures.count > FREE_FAILURES]

    def lift(self, principal: Principal, account_id: str) -> Account:
        """She need not wait any longer. Raises NoSuchAccount."""
        stored = self._accounts.by_id(account_id)
        if stored is None or not _answers_for(principal, stored.account):
            raise NoSuchAccount
        self._accounts.record(stored.account, Done.LOCK_LIFTED, self._clock(), principal.account_id)
        self._attempts.forget(stored.account.sign_in_name)
        return stored.account


def _answers_for(principal: Principal, account: Account) -> bool:
    if account.organisation != principal.organisation or account.closed_at is not None:
        return False
    return Role.ADMINISTRATOR in principal.roles or Role.CASEWORKER in account.roles
