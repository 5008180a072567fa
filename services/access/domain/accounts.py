"""What an account is, what it must fulfil, and how long a name waits after wrong passwords. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.access.domain.permissions import Area, Principal, Role

SECOND: Final = 1000
FREE_FAILURES: Final = 5
LONGEST_WAIT: Final = 5 * 60 * SECOND
LEAST_PASSWORD: Final = 12
MOST_PASSWORD: Final = 200

_SIGN_IN_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{2,99}", re.ASCII)
_AREA: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}", re.ASCII)

GIVEN_ROLES: Final = frozenset(Role) - {Role.SYSTEM}
"""What an administrator can give."""


class InvalidAccount(ValueError):
    """The account cannot be made like that; `problems` are (field, message) pairs."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{field}: {message}" for field, message in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Account:
    """A staff member's way in. Times in milliseconds since 1970 UTC.

    sign_in_name: unique over all organisations, lower case. name: what colleagues read.
    """

    account_id: str
    organisation: str
    sign_in_name: str
    name: str
    roles: frozenset[Role]
    areas: tuple[Area, ...]
    created_at: int
    closed_at: int | None = None

    def principal(self) -> Principal:
        return Principal(self.account_id, self.organisation, self.roles, self.areas, self.name)


class Done(StrEnum):
    """What somebody did with an account, as it is recorded for ever."""

    MADE = "made"
    INVITED = "invited"
    INVITATION_WITHDRAWN = "invitation_withdrawn"
    INVITATION_USED = "invitation_used"
    ROLES_CHANGED = "roles_changed"
    CLOSED = "closed"
    SESSIONS_ENDED = "sessions_ended"
    LOCK_LIFTED = "lock_lifted"
    ABSENCE_SAID = "absence_said"
    ABSENCE_ENDED = "absence_ended"
    INVITATION_PROPOSED = "invitation_proposed"
    ROLES_PROPOSED = "roles_proposed"
    ABSENCE_PROPOSED = "absence_proposed"
    PROPOSAL_CONFIRMED = "proposal_confirmed"
    PROPOSAL_REFUSED = "proposal_refused"


@dataclass(frozen=True, slots=True)
class AccountChange:
    """number: over all organisations, later ones are higher. by_account_id: who did it. at: milliseconds.

    roles, areas: those of the account afterwards; of what was proposed, those that it would have.
    """

    number: int
    at: int
    account_id: str
    by_account_id: str
    done: Done
    roles: frozenset[Role]
    areas: tuple[Area, ...]


@dataclass(frozen=True, slots=True)
class Failures:
    """Wrong passwords for one name in a row, and the instant before which no more is tried."""

    count: int = 0
    blocked_until: int = 0

    def one_more(self, now: int) -> Failures:
        """The first five cost nothing; then 2 s, doubling up to 5 minutes."""
        count = self.count + 1
        over = count - FREE_FAILURES
        wait = 0 if over <= 0 else min(LONGEST_WAIT, 2 ** min(over, 20) * SECOND)
        return Failures(count, now + wait if wait else 0)


def normalised(sign_in_name: str) -> str:
    """The one way a sign-in name is compared: phones like to begin with a capital."""
    return unicodedata.normalize("NFKC", sign_in_name).strip().lower()


def check_password(password: str) -> None:
    """Raises InvalidAccount."""
    if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
        raise InvalidAccount([("password", f"expected {LEAST_PASSWORD} to {MOST_PASSWORD} characters")])


def check_account(account: Account) -> None:
    """Raises InvalidAccount naming every field that is wrong."""
    problems: list[tuple[str, str]] = []
    if not _SIGN_IN_NAME.fullmatch(account.sign_in_name):
        problems.append(("sign_in_name", "expected 3 to 100 of a-z, 0-9, '.', '_' and '-'"))
    if not 1 <= len(account.name.strip()) <= 100 or not account.name.isprintable():
        problems.append(("name", "expected 1 to 100 printable characters"))
    if not account.roles or not account.roles <= GIVEN_ROLES:
        problems.append(("roles", f"expected at least one of {', '.join(sorted(GIVEN_ROLES))}"))
    if Role.ADMINISTRATOR in account.roles and len(account.roles) > 1:
        problems.append(("roles", "who administers accounts has no other role: nobody gives herself cases"))
    if account.areas and Role.SUPERVISOR not in account.roles:
        problems.append(("areas", "only a supervisor is responsible for areas"))
    for area in account.areas:
        if not _AREA.fullmatch(area.district) or not (area.upazila is None or _AREA.fullmatch(area.upazila)):
            problems.append(("areas", "expected districts and upazilas as codes, like jashore"))
    if problems:
        raise InvalidAccount(problems)
