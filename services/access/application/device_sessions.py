"""Sign-ins on devices: a short token and a refresh token that is good once; listed and ended by the person herself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from services.access.application.ports import AccountStore, Issued, Issuer, SessionStore
from services.access.domain.accounts import Account
from services.access.domain.device_sessions import DeviceSession, device_label
from services.access.domain.one_time_codes import digest
from services.access.domain.permissions import Principal


class SessionOver(Exception):
    """The refresh token is not taken: it is none, was used before, or its session has ended. Sign in again."""


class NoSuchSession(Exception):
    """She has none of this id."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """recovery_codes: shown this once, when a second factor was set up. times in milliseconds since 1970 UTC."""

    issued: Issued
    refresh_token: str
    refresh_until: int
    principal: Principal
    recovery_codes: tuple[str, ...] = ()


class DeviceSessions:
    def __init__(
        self,
        accounts: AccountStore,
        sessions: SessionStore,
        issuer: Issuer,
        clock: Callable[[], int],
        new_id: Callable[[], str],
        new_secret: Callable[[], str],
        unused_for: int,
    ) -> None:
        """unused_for: milliseconds after which a session that nobody renewed is over."""
        self._accounts = accounts
        self._sessions = sessions
        self._issuer = issuer
        self._clock = clock
        self._new_id = new_id
        self._new_secret = new_secret
        self._unused_for = unused_for

    def begin(self, account: Account, device: str) -> SignedIn:
        now, secret = self._clock(), self._new_secret()
        session = DeviceSession(self._new_id(), account.account_id, device_label(device), now, now)
        self._sessions.begin(session, digest(secret))
        return self._signed_in(account, session.session_id, secret, now)

    def renew(self, refresh_token: str) -> SignedIn:
        """With the roles she has now. A token that is presented twice ends its session. Raises SessionOver."""
        now, secret = self._clock(), self._new_secret()
        session = self._sessions.renew(digest(refresh_token), digest(secret), now, self._unused_for)
        stored = None if session is None else self._accounts.by_id(session.account_id)
        if session is None or stored is None or stored.account.closed_at is not None:
            raise SessionOver
        return self._signed_in(stored.account, session.session_id, secret, now)

    def of(self, principal: Principal) -> list[DeviceSession]:
        """Hers that have not ended and can still be renewed, the one used last first."""
        now = self._clock()
        return [
            session
            for session in self._sessions.of_account(principal.account_id)
            if now < session.last_used_at + self._unused_for
        ]

    def end(self, principal: Principal, session_id: str) -> None:
        """It cannot be renewed from now on, and its token counts nowhere within a minute. Raises NoSuchSession."""
        if not self._sessions.end(session_id, principal.account_id, self._clock()):
            raise NoSuchSession

    def end_all(self, account_id: str) -> None:
        self._sessions.end_all(account_id, self._clock())

    def _signed_in(self, account: Account, session_id: str, secret: str, now: int) -> SignedIn:
        principal = replace(account.principal(), session_id=session_id)
        return SignedIn(self._issuer.issue(principal, now), secret, now + self._unused_for, principal)
