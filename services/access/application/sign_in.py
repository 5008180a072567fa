"""Signing in: a name and a password for a token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.access.application.ports import AccountStore, Issued, Issuer, Passwords
from services.access.domain.accounts import MOST_PASSWORD, normalised
from services.access.domain.permissions import Principal


class WrongNameOrPassword(Exception):
    """Either; which one is nobody's business."""


class TryLater(Exception):
    """Too many wrong passwords for this name, whether or not anybody has it."""

    def __init__(self, wait_seconds: int) -> None:
        super().__init__(f"too many attempts: try again in {wait_seconds} seconds")
        self.wait_seconds = wait_seconds


@dataclass(frozen=True, slots=True)
class Session:
    issued: Issued
    principal: Principal


class SignIn:
    def __init__(self, store: AccountStore, passwords: Passwords, issuer: Issuer, clock: Callable[[], int]) -> None:
        """clock: milliseconds since 1970 UTC."""
        self._store = store
        self._passwords = passwords
        self._issuer = issuer
        self._clock = clock
        # For names nobody has: checking against this takes as long as checking against a real one.
        self._nobody = passwords.hash("nobody signs in with this")

    def sign_in(self, name: str, password: str) -> Session:
        """Slow by design (Argon2). Raises WrongNameOrPassword, TryLater."""
        sign_in_name = normalised(name)[:200]
        now = self._clock()
        # Counted before it is checked: many guesses at once do not get more tries than one after the other.
        failures = self._store.begin_attempt(sign_in_name, now)
        if now < failures.blocked_until:
            raise TryLater(-(-(failures.blocked_until - now) // 1000))
        stored = self._store.by_sign_in_name(sign_in_name)
        matches = self._passwords.matches(
            stored.password_hash if stored else self._nobody, password[: MOST_PASSWORD + 1]
        )
        if stored is None or not matches or stored.account.closed_at is not None:
            raise WrongNameOrPassword
        self._store.forget_failures(sign_in_name)
        if self._passwords.is_outdated(stored.password_hash):
            self._store.set_password_hash(stored.account.account_id, self._passwords.hash(password))
        principal = stored.account.principal()
        return Session(self._issuer.issue(principal, now), principal)
