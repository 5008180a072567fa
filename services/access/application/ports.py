"""What signing in and keeping accounts need from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from services.access.domain.accounts import Account, Failures
from services.access.domain.permissions import Principal


class NameTaken(Exception):
    """Somebody signs in under this name already."""


@dataclass(frozen=True, slots=True)
class Stored:
    account: Account
    password_hash: str


@dataclass(frozen=True, slots=True)
class Issued:
    """A signed token. expires_at: milliseconds since 1970 UTC."""

    token: str
    expires_at: int


class PublicKey(Protocol):
    """What everybody may know of the key that signs tokens."""

    def public_jwk(self) -> dict[str, str]: ...


class AccountStore(Protocol):
    """Accounts and failed sign-ins, durable when a call returns."""

    def by_sign_in_name(self, sign_in_name: str) -> Stored | None: ...

    def by_id(self, account_id: str) -> Stored | None: ...

    def of_organisation(self, organisation: str) -> list[Account]: ...

    def closed_ids(self) -> list[str]: ...

    def add(self, account: Account, password_hash: str) -> None:
        """Raises NameTaken."""
        ...

    def set_password_hash(self, account_id: str, password_hash: str) -> None: ...

    def close(self, account_id: str, now: int) -> None: ...

    def begin_attempt(self, sign_in_name: str, now: int) -> Failures:
        """The failures before this attempt, which is counted as one in the same step, unless the name is blocked."""
        ...

    def forget_failures(self, sign_in_name: str) -> None: ...


class Passwords(Protocol):
    """Slow, salted hashes of passwords."""

    def hash(self, password: str) -> str: ...

    def matches(self, password_hash: str, password: str) -> bool: ...

    def is_outdated(self, password_hash: str) -> bool: ...


class Issuer(Protocol):
    def issue(self, principal: Principal, now: int, lifetime_seconds: int | None = None) -> Issued: ...
