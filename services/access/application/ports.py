"""What signing in and keeping accounts need from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.access.domain.absences import Absence
from services.access.domain.accounts import Account, AccountChange, Done, Failures
from services.access.domain.device_sessions import DeviceSession
from services.access.domain.invitations import Invitation
from services.access.domain.permissions import Principal
from services.access.domain.second_factor import SecondFactor
from services.access.domain.second_person import Proposal


class NameTaken(Exception):
    """Somebody signs in under this name already."""


class NoSuchChallenge(Exception):
    """The note that the password was right is none, or too old: begin with the password."""


@dataclass(frozen=True, slots=True)
class Stored:
    """password_hash: "" until she has used her invitation; no password matches it."""

    account: Account
    password_hash: str

    @property
    def was_opened(self) -> bool:
        """Whether somebody has ever chosen a password for it."""
        return self.password_hash != ""


@dataclass(frozen=True, slots=True)
class Issued:
    """A signed token. expires_at: milliseconds since 1970 UTC."""

    token: str
    expires_at: int


class PublicKey(Protocol):
    """What everybody may know of the key that signs tokens."""

    def public_jwk(self) -> dict[str, str]: ...


class AccountStore(Protocol):
    """Accounts, durable when a call returns. `by`: the account id of who does it, recorded for ever."""

    def by_sign_in_name(self, sign_in_name: str) -> Stored | None: ...

    def by_id(self, account_id: str) -> Stored | None: ...

    def of_organisation(self, organisation: str) -> list[Account]: ...

    def opened_of(self, organisation: str) -> list[Account]:
        """Those for which somebody has ever chosen a password."""
        ...

    def closed_ids(self) -> list[str]: ...

    def supervisors(self) -> list[Account]:
        """The open accounts of all organisations that have the role."""
        ...

    def add(self, account: Account, password_hash: str, by: str) -> None:
        """Raises NameTaken."""
        ...

    def set_password_hash(self, account_id: str, password_hash: str) -> None: ...

    def close(self, account: Account, now: int, by: str) -> None: ...

    def change_roles(self, account: Account, now: int, by: str) -> None: ...

    def record(self, account: Account, done: Done, now: int, by: str) -> None: ...

    def changes_of(self, organisation: str, before: int, limit: int) -> list[AccountChange]: ...

    def is_demo(self, account_id: str) -> bool: ...


class AttemptStore(Protocol):
    """Failed attempts, durable when a call returns. `what`: whatever was typed as a name."""

    def begin(self, what: str, now: int) -> Failures:
        """The failures before this attempt, which is counted as one in the same step, unless `what` is blocked."""
        ...

    def take_back(self, what: str, before: Failures) -> None: ...

    def forget(self, what: str) -> None: ...

    def of(self, what: str) -> Failures: ...


class InvitationStore(Protocol):
    """Invitations, durable when a call returns."""

    def make(self, invitation: Invitation) -> None: ...

    def by_digest(self, code_digest: str) -> Invitation | None: ...

    def newest_of(self, account_id: str) -> Invitation | None: ...

    def use(self, invitation: Invitation, now: int, password_hash: str) -> bool: ...

    def withdraw(self, account_id: str, now: int) -> bool: ...


class ProposalStore(Protocol):
    """What waits for a second person, durable when a call returns."""

    def add(self, proposal: Proposal) -> None: ...

    def by_id(self, proposal_id: str) -> Proposal | None: ...

    def of_organisation(self, organisation: str) -> list[Proposal]: ...

    def end(self, proposal_id: str, now: int) -> bool: ...


class SecondFactorStore(Protocol):
    """Second factors, durable when a call returns."""

    def of(self, account_id: str) -> SecondFactor | None: ...

    def propose(self, account_id: str, secret: bytes) -> SecondFactor: ...

    def confirm(self, account_id: str, step: int, now: int, recovery_digests: Sequence[str]) -> bool: ...

    def use_step(self, account_id: str, step: int) -> bool: ...

    def use_recovery_code(self, account_id: str, recovery_digest: str, now: int) -> bool: ...


class Challenges(Protocol):
    """Notes that somebody's password was right, good for ten minutes."""

    def issue(self, account_id: str, now: int) -> Issued: ...

    def account_of(self, challenge: str, now: int) -> str:
        """Raises NoSuchChallenge."""
        ...


class SessionStore(Protocol):
    """Sessions and the digests of their refresh tokens, durable when a call returns."""

    def begin(self, session: DeviceSession, token_digest: str) -> None: ...

    def renew(self, token_digest: str, next_digest: str, now: int, unused_for: int) -> DeviceSession | None: ...

    def of_account(self, account_id: str) -> list[DeviceSession]: ...

    def end(self, session_id: str, account_id: str, now: int) -> bool: ...

    def end_all(self, account_id: str, now: int) -> None: ...

    def ended_since(self, instant: int) -> list[str]: ...


class AbsenceStore(Protocol):
    """Absences, durable when a call returns."""

    def add(self, absence: Absence) -> bool: ...

    def by_id(self, absence_id: str) -> Absence | None: ...

    def end(self, absence_id: str, now: int) -> None: ...

    def between(self, since: int, until: int) -> list[Absence]: ...


class ServiceSecrets(Protocol):
    """What each of our services proves itself with."""

    def proves(self, service: str, secret: str) -> bool: ...


class Passwords(Protocol):
    """Slow, salted hashes of passwords."""

    def hash(self, password: str) -> str: ...

    def matches(self, password_hash: str, password: str) -> bool: ...

    def is_outdated(self, password_hash: str) -> bool: ...


class Issuer(Protocol):
    def issue(self, principal: Principal, now: int, lifetime_seconds: int | None = None) -> Issued: ...
