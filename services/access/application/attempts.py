"""Attempts at what only one person knows: counted before they are checked, and made to wait longer and longer."""

from __future__ import annotations

from dataclasses import dataclass

from services.access.application.ports import AttemptStore
from services.access.domain.accounts import Failures


class TryLater(Exception):
    """Too many wrong attempts at this name, whether or not anybody has it."""

    def __init__(self, wait_seconds: int) -> None:
        super().__init__(f"too many attempts: try again in {wait_seconds} seconds")
        self.wait_seconds = wait_seconds


@dataclass(frozen=True, slots=True)
class Attempt:
    """One that has been counted as failed until it is said to be none."""

    store: AttemptStore
    what: str
    before: Failures

    def take_back(self) -> None:
        """It was right, but does not end the matter: it counts neither as a failure nor as a success."""
        self.store.take_back(self.what, self.before)

    def succeed(self) -> None:
        """Everything that went wrong before is forgotten."""
        self.store.forget(self.what)


class Attempts:
    def __init__(self, store: AttemptStore) -> None:
        self._store = store

    def begin(self, what: str, now: int) -> Attempt:
        """Many at once get no more tries than one after the other. Raises TryLater."""
        before = self._store.begin(what, now)
        if now < before.blocked_until:
            raise TryLater(-(-(before.blocked_until - now) // 1000))
        return Attempt(self._store, what, before)

    def forget(self, what: str) -> None:
        self._store.forget(what)

    def of(self, what: str) -> Failures:
        return self._store.of(what)
