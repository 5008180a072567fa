"""access without its HTTP face, upon its real store, on a clock that the test moves."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from services.access.adapters.absence_store import SqliteAbsences
from services.access.adapters.account_store import SqliteAccounts
from services.access.adapters.attempt_store import SqliteAttempts
from services.access.adapters.challenges import SignedChallenges
from services.access.adapters.database import Database
from services.access.adapters.invitation_store import SqliteInvitations
from services.access.adapters.proposal_store import SqliteProposals
from services.access.adapters.sealing import Sealing
from services.access.adapters.second_factor_store import SqliteSecondFactors
from services.access.adapters.session_store import SqliteSessions
from services.access.adapters.time_codes import time_code
from services.access.adapters.token_issuer import TokenIssuer
from services.access.application.account_keeping import AccountKeeping, NewAccount
from services.access.application.attempts import Attempts
from services.access.application.away import Away
from services.access.application.device_sessions import DeviceSessions
from services.access.application.inviting import Inviting
from services.access.application.key_set import KeySet
from services.access.application.lock_outs import LockOuts
from services.access.application.second_factors import SecondFactors
from services.access.application.second_persons import SecondPersons
from services.access.application.sign_in import SignIn
from services.access.domain.accounts import Account
from services.access.domain.device_sessions import DAY
from services.access.domain.permissions import Area, Principal, Role
from tests import tokens

MAR_1 = 1_772_323_200_000
PASSWORD = "a long enough password"
ADMINISTRATOR = Principal("00000000-0000-4000-8000-0000000000ff", "org-a", frozenset({Role.ADMINISTRATOR}))
THEIR_ADMINISTRATOR = Principal("00000000-0000-4000-8000-0000000000fe", "org-b", frozenset({Role.ADMINISTRATOR}))


class CountingPasswords:
    """Quick, and counts how often a password was checked."""

    def __init__(self) -> None:
        self.checks = 0

    def hash(self, password: str) -> str:
        return f"hash of {password}"

    def matches(self, password_hash: str, password: str) -> bool:
        self.checks += 1
        return password_hash == self.hash(password)

    def is_outdated(self, password_hash: str) -> bool:
        return False


class House:
    def __init__(self, directory: Path, required_of: frozenset[Role] = frozenset()) -> None:
        """required_of: roles that must have a second factor."""
        self.now = MAR_1
        self.drawn = count(1)
        self.database = Database(directory)
        self.store = SqliteAccounts(self.database)
        self.passwords = CountingPasswords()
        self.attempts = Attempts(SqliteAttempts(self.database))
        self.issuer = TokenIssuer(tokens.signing_key(), tokens.ISSUER, tokens.AUDIENCE, 900)
        self.inviting = Inviting(
            self.store, SqliteInvitations(self.database), self.attempts, self.passwords, self.clock, self.random_bytes
        )
        session_store = SqliteSessions(self.database)
        self.keeping = AccountKeeping(self.store, session_store, self.clock, self.new_id)
        self.sessions = DeviceSessions(
            self.store, session_store, self.issuer, self.clock, self.new_id, self.new_id, 14 * DAY
        )
        self.second_factors = SecondFactors(
            self.store,
            SqliteSecondFactors(self.database, Sealing(directory)),
            SignedChallenges(tokens.signing_key(), tokens.ISSUER, tokens.AUDIENCE),
            self.attempts,
            required_of,
            self.clock,
            self.random_bytes,
            time_code,
        )
        self.sign_in = SignIn(self.store, self.attempts, self.passwords, self.second_factors, self.sessions, self.clock)
        self.lock_outs = LockOuts(self.store, self.attempts, self.clock)
        self.away = Away(self.store, SqliteAbsences(self.database), self.clock, self.new_id)
        self.seconds = SecondPersons(
            self.store,
            SqliteProposals(self.database),
            self.keeping,
            self.inviting,
            self.away,
            self.clock,
            self.new_id,
        )
        self.keys = KeySet(tokens.signing_key(), self.store, session_store, self.away, self.clock, 900)

    def clock(self) -> int:
        return self.now

    def new_id(self) -> str:
        return f"00000000-0000-4000-8000-{next(self.drawn):012x}"

    def random_bytes(self, n: int) -> bytes:
        """Another one each time, differing from its first character on."""
        return bytes([next(self.drawn) * 37 % 251]) * n

    def invited(
        self, name: str = "rina", *roles: Role, areas: tuple[Area, ...] = (), by: Principal = ADMINISTRATOR
    ) -> tuple[Account, str]:
        """A new account and the code of its invitation."""
        wanted = NewAccount(name, f"{name} (invented)", frozenset(roles or {Role.CASEWORKER}), areas)
        account = self.keeping.create(by.organisation, wanted, by.account_id)
        return account, self.inviting.invite(account, by.account_id).code

    def add(
        self, name: str = "rina", *roles: Role, areas: tuple[Area, ...] = (), by: Principal = ADMINISTRATOR
    ) -> Account:
        """An account whose person has chosen PASSWORD."""
        account, code = self.invited(name, *roles, areas=areas, by=by)
        self.inviting.use(code, PASSWORD)
        return account
