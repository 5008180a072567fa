"""The second factor between a right password and a token: set up the first time, asked for ever after."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass

from services.access.application.attempts import Attempts
from services.access.application.ports import AccountStore, Challenges, Issued, NoSuchChallenge, SecondFactorStore
from services.access.domain.accounts import Account
from services.access.domain.one_time_codes import RECOVERY_BYTES, digest, read_code, written
from services.access.domain.permissions import Role
from services.access.domain.second_factor import (
    RECOVERY_CODES,
    SECRET_BYTES,
    SecondFactor,
    is_required,
    is_time_code,
    matching_step,
    otpauth_uri,
    secret_text,
)


class WrongCode(Exception):
    """Not the code of now, used already, or no recovery code; which one is nobody's business."""


@dataclass(frozen=True, slots=True)
class SetUp:
    """What an authenticator needs, as text to type and as what a QR code holds."""

    secret: str
    otpauth_uri: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The password was right: `challenge` and a code open a session. set_up: where there is no second factor yet."""

    challenge: Issued
    set_up: SetUp | None


class SecondFactors:
    def __init__(
        self,
        accounts: AccountStore,
        factors: SecondFactorStore,
        challenges: Challenges,
        attempts: Attempts,
        required_of: Set[Role],
        clock: Callable[[], int],
        random_bytes: Callable[[int], bytes],
        time_code: Callable[[bytes, int], str],
    ) -> None:
        """clock: milliseconds since 1970 UTC. time_code: of a secret at a time step."""
        self._accounts = accounts
        self._factors = factors
        self._challenges = challenges
        self._attempts = attempts
        self._required_of = required_of
        self._clock = clock
        self._random_bytes = random_bytes
        self._time_code = time_code

    def ask(self, account: Account) -> Asked | None:
        """What stands between her right password and a token; None: nothing."""
        factor = self._factors.of(account.account_id)
        is_demo = self._accounts.is_demo(account.account_id)
        if factor is None and not is_required(account.roles, self._required_of, is_demo):
            return None
        challenge = self._challenges.issue(account.account_id, self._clock())
        if factor is not None and factor.is_confirmed:
            return Asked(challenge, None)
        proposed = factor or self._factors.propose(account.account_id, self._random_bytes(SECRET_BYTES))
        uri = otpauth_uri(proposed.secret, account.sign_in_name)
        return Asked(challenge, SetUp(secret_text(proposed.secret), uri))

    def answer(self, challenge: str, typed: str) -> tuple[Account, tuple[str, ...]]:
        """Whose code it is, and her recovery codes if it set up the second factor.

        Wrong ones count like wrong passwords. Raises NoSuchChallenge, WrongCode, TryLater.
        """
        account_id = self._challenges.account_of(challenge, self._clock())
        stored, factor = self._accounts.by_id(account_id), self._factors.of(account_id)
        if stored is None or stored.account.closed_at is not None or factor is None:
            raise NoSuchChallenge
        attempt = self._attempts.begin(stored.account.sign_in_name, self._clock())
        recovery_codes = self._check(account_id, factor, read_code(typed))
        attempt.succeed()
        return stored.account, recovery_codes

    def _check(self, account_id: str, factor: SecondFactor, plain: str) -> tuple[str, ...]:
        now = self._clock()
        if not is_time_code(plain):
            if factor.is_confirmed and self._factors.use_recovery_code(account_id, digest(plain), now):
                return ()
            raise WrongCode
        step = matching_step(plain, now, factor.last_step, lambda step: self._time_code(factor.secret, step))
        if step is None:
            raise WrongCode
        if factor.is_confirmed:
            if not self._factors.use_step(account_id, step):
                raise WrongCode
            return ()
        return self._confirm(account_id, step, now)

    def _confirm(self, account_id: str, step: int, now: int) -> tuple[str, ...]:
        codes = tuple(written(self._random_bytes(RECOVERY_BYTES)) for _ in range(RECOVERY_CODES))
        if not self._factors.confirm(account_id, step, now, [digest(read_code(code)) for code in codes]):
            raise WrongCode
        return codes
