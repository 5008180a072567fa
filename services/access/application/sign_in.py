"""Signing in: a name and a password for a token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.access.application.attempts import Attempts
from services.access.application.ports import AccountStore, Issued, Issuer, Passwords
from services.access.domain.accounts import MOST_PASSWORD, Account, normalised
from services.access.domain.permissions import Principal


class WrongNameOrPassword(Exception):
    """Either; which one is nobody's business."""


@dataclass(frozen=True, slots=True)
class Session:
    issued: Issued
    principal: Principal


class SignIn:
    def __init__(
        self,
        store: AccountStore,
        attempts: Attempts,
        passwords: Passwords,
        issuer: Issuer,
        clock: Callable[[], int],
    ) -> None:
        """clock: milliseconds since 1970 UTC."""
        self._store = store
        self._attempts = attempts
        self._passwords = passwords
        self._issuer = issuer
        self._clock = clock
        # For names nobody has: checking against this takes as long as checking against a real one.
        self._nobody = passwords.hash("nobody signs in with this")

    def sign_in(self, name: str, password: str) -> Session:
        """Slow by design (Argon2). Raises WrongNameOrPassword, TryLater."""
        sign_in_name = normalised(name)[:200]
        now = self._clock()
        attempt = self._attempts.begin(sign_in_name, now)
        stored = self._store.by_sign_in_name(sign_in_name)
        matches = self._passwords.matches(
            stored.password_hash if stored and stored.password_hash else self._nobody, password[: MOST_PASSWORD + 1]
        )
        if stored is None or not stored.password_hash or not matches or stored.account.closed_at is not None:
            raise WrongNameOrPassword
        attempt.succeed()
        if self._passwords.is_outdated(stored.password_hash):
            self._store.set_password_hash(stored.account.account_id, self._passwords.hash(password))
        return self.session_of(stored.account)

    def session_of(self, account: Account) -> Session:
        """For somebody who has proved to be the account's person."""
        principal = account.principal()
        return Session(self._issuer.issue(principal, self._clock()), principal)
