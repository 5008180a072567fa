"""Invitations: made for an account, used once by the person it is for, who chooses her own password."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.access.application.attempts import Attempts
from services.access.application.ports import AccountStore, InvitationStore, Passwords
from services.access.domain.accounts import Account, Done, check_password
from services.access.domain.invitations import Invitation
from services.access.domain.one_time_codes import (
    HALF_BYTES,
    INVITATION_BYTES,
    digest,
    digest_of_halves,
    possible_digests,
    read_code,
    written,
)

RandomBytes = Callable[[int], bytes]

_SELECTING_CHARACTERS = 8
"""So many characters of a code say which one is tried: attempts at it are counted under them."""


class NoSuchInvitation(Exception):
    """Unknown, used, withdrawn or too old; which one is nobody's business."""


class AlreadyClosed(Exception):
    """Nobody is invited to a closed account."""


@dataclass(frozen=True, slots=True)
class Invited:
    """code: shown this once, and given to her by hand; or half of one. expires_at: milliseconds since 1970 UTC."""

    code: str
    expires_at: int


class Inviting:
    def __init__(
        self,
        accounts: AccountStore,
        invitations: InvitationStore,
        attempts: Attempts,
        passwords: Passwords,
        clock: Callable[[], int],
        random_bytes: RandomBytes,
    ) -> None:
        """clock: milliseconds since 1970 UTC."""
        self._accounts = accounts
        self._invitations = invitations
        self._attempts = attempts
        self._passwords = passwords
        self._clock = clock
        self._random_bytes = random_bytes

    def invite(self, account: Account, by: str) -> Invited:
        """A new invitation; an earlier one ends. Her password, if she has one, is good until this is used.

        Raises AlreadyClosed.
        """
        code = written(self._random_bytes(INVITATION_BYTES))
        return self._made(account, by, code, digest(read_code(code)))

    def new_half(self) -> str:
        """Half of a code, for who asks for an invitation that somebody else must confirm."""
        return written(self._random_bytes(HALF_BYTES))

    def invite_by_halves(self, account: Account, by: str, half_digest: str) -> Invited:
        """A new invitation whose code is the half with this digest and the one in the answer; an earlier one ends.

        Raises AlreadyClosed.
        """
        half = self.new_half()
        return self._made(account, by, half, digest_of_halves(half_digest, digest(read_code(half))))

    def _made(self, account: Account, by: str, shown: str, code_digest: str) -> Invited:
        if account.closed_at is not None:
            raise AlreadyClosed
        now = self._clock()
        invitation = Invitation(code_digest, account.account_id, now)
        self._accounts.record(account, Done.INVITED, now, by)
        self._invitations.make(invitation)
        return Invited(shown, invitation.expires_at)

    def withdraw(self, account: Account, by: str) -> None:
        """Withdrawing what is not there is no error."""
        now = self._clock()
        if self._invitations.withdraw(account.account_id, now):
            self._accounts.record(account, Done.INVITATION_WITHDRAWN, now, by)

    def open_until(self, account_id: str) -> int | None:
        """Until when the account's invitation can be used (milliseconds), None without one."""
        newest = self._invitations.newest_of(account_id)
        return newest.expires_at if newest is not None and newest.is_open(self._clock()) else None

    def invited(self, code: str) -> Account:
        """Whom an invitation is for. Raises NoSuchInvitation, TryLater."""
        return self._open(code)[1]

    def use(self, code: str, password: str) -> Account:
        """She has this password now. Slow by design. Raises NoSuchInvitation, TryLater, InvalidAccount."""
        invitation, account = self._open(code)
        check_password(password)
        now = self._clock()
        if not self._invitations.use(invitation, now, self._passwords.hash(password)):
            raise NoSuchInvitation
        self._accounts.record(account, Done.INVITATION_USED, now, account.account_id)
        # Who has lost her password may have guessed at it first.
        self._attempts.forget(account.sign_in_name)
        return account

    def _open(self, code: str) -> tuple[Invitation, Account]:
        typed = read_code(code)
        attempt = self._attempts.begin(f"invitation {typed[:_SELECTING_CHARACTERS]}", self._clock())
        invitation = next(filter(None, map(self._invitations.by_digest, possible_digests(typed))), None)
        if invitation is None or not invitation.is_open(self._clock()):
            raise NoSuchInvitation
        stored = self._accounts.by_id(invitation.account_id)
        if stored is None or stored.account.closed_at is not None:
            raise NoSuchInvitation
        attempt.take_back()
        return invitation, stored.account
