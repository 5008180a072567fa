"""Signing in: a name, a password and a second factor for a session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from services.access.application.attempts import Attempts
from services.access.application.device_sessions import DeviceSessions, SignedIn
from services.access.application.ports import AccountStore, Passwords
from services.access.application.second_factors import Asked, SecondFactors
from services.access.domain.accounts import MOST_PASSWORD, Account, normalised


class WrongNameOrPassword(Exception):
    """Either; which one is nobody's business."""


class SignIn:
    def __init__(
        self,
        store: AccountStore,
        attempts: Attempts,
        passwords: Passwords,
        second_factors: SecondFactors,
        sessions: DeviceSessions,
        clock: Callable[[], int],
    ) -> None:
        """clock: milliseconds since 1970 UTC."""
        self._store = store
        self._attempts = attempts
        self._passwords = passwords
        self._second_factors = second_factors
        self._sessions = sessions
        self._clock = clock
        # For names nobody has: checking against this takes as long as checking against a real one.
        self._nobody = passwords.hash("nobody signs in with this")

    def sign_in(self, name: str, password: str, device: str = "") -> SignedIn | Asked:
        """Slow by design (Argon2). Raises WrongNameOrPassword, TryLater."""
        sign_in_name = normalised(name)[:200]
        attempt = self._attempts.begin(sign_in_name, self._clock())
        stored = self._store.by_sign_in_name(sign_in_name)
        matches = self._passwords.matches(
            stored.password_hash if stored and stored.password_hash else self._nobody, password[: MOST_PASSWORD + 1]
        )
        if stored is None or not stored.password_hash or not matches or stored.account.closed_at is not None:
            raise WrongNameOrPassword
        if self._passwords.is_outdated(stored.password_hash):
            self._store.set_password_hash(stored.account.account_id, self._passwords.hash(password))
        opened = self.past_password(stored.account, device)
        if isinstance(opened, Asked):
            # Wrong codes before this one still count: a right password does not make guessing them free.
            attempt.take_back()
        else:
            attempt.succeed()
        return opened

    def past_password(self, account: Account, device: str = "") -> SignedIn | Asked:
        """What follows for somebody who knows the account's password."""
        return self._second_factors.ask(account) or self._sessions.begin(account, device)

    def second_factor(self, challenge: str, code: str, device: str = "") -> SignedIn:
        """Raises NoSuchChallenge, WrongCode, TryLater."""
        account, recovery_codes = self._second_factors.answer(challenge, code)
        return replace(self._sessions.begin(account, device), recovery_codes=recovery_codes)
