"""Who looks at whom, what for, and how often. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.access.domain.permissions import Principal, Role
from services.vault.domain.safe_contact import DAY, DHAKA_AHEAD

GLASS_STAYS_BROKEN: Final = 3 * 3_600_000
MOST_CHECKED_OUT: Final = 30

CASES_A_DAY: Final[Mapping[Role, int]] = {Role.CASEWORKER: 30, Role.SUPERVISOR: 10}
"""How many different cases one person may look at between two midnights of Dhaka."""

SPENT_IS_TOLD_FOR: Final = 14 * DAY
"""So long the organisation's head is told that somebody asked for more."""


class Purpose(StrEnum):
    """What a look is for. A closed list: words would tell about her."""

    CALL = "call"
    MESSAGE = "message"
    VISIT = "visit"
    REFERRAL = "referral"
    DOCUMENTS = "documents"
    EMERGENCY = "emergency"
    CORRECTION = "correction"
    FOR_HER = "for_her"


class Reason(StrEnum):
    """Why her number is needed outside of the hours she agreed to, or the glass is broken."""

    DANGER = "danger"
    SHE_ASKED = "she_asked"
    CASEWORKER_ABSENT = "caseworker_absent"
    COMPLAINT = "complaint"
    COURT = "court"
    PLAN_OUTDATED = "plan_outdated"


class ErasureReason(StrEnum):
    """Why a survivor is forgotten. erased_before: the log says so, and the store had been brought back from before."""

    HER_WISH = "her_wish"
    RETENTION = "retention"
    DIED = "died"
    ERASED_BEFORE = "erased_before"


class Ground(StrEnum):
    """By what right somebody looked."""

    IN_CHARGE = "in_charge"
    BROKEN_GLASS = "broken_glass"


@dataclass(frozen=True, slots=True)
class BrokenGlass:
    """A supervisor opened a case for herself. until: no longer from then on. Milliseconds since 1970 UTC."""

    organisation: str
    case_id: str
    account_id: str
    reason: Reason
    at: int
    until: int


@dataclass(frozen=True, slots=True)
class BudgetSpent:
    """Somebody asked for more different cases than one day allows. last_at: milliseconds since 1970 UTC."""

    account_id: str
    times: int
    last_at: int


def day_begins(now: int) -> int:
    """The last midnight of Dhaka at or before `now`, in milliseconds since 1970 UTC."""
    return (now + DHAKA_AHEAD) // DAY * DAY - DHAKA_AHEAD


def is_within_budget(principal: Principal, looked_at: frozenset[str], wanted: frozenset[str]) -> bool:
    """Whether she may look at `wanted` too after the cases she `looked_at` today. A case counts once a day."""
    most = max((CASES_A_DAY.get(role, 0) for role in principal.roles), default=0)
    return len(looked_at | wanted) <= most
