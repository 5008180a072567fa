"""Who is away, and who stands in for her. Pure.

Nobody gains a role by standing in: a delegate has the roles of the absent person already. What is added is the absent
caseworker's cases and the absent supervisor's areas, within one organisation, from one instant to another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from services.access.domain.accounts import Account
from services.access.domain.permissions import DAY, Area, Principal, Role, Tenure

LONGEST_ABSENCE: Final = 366 * DAY
TOLD_FOR: Final = 90 * DAY
"""So long after its end an absence is still told: work done offline while standing in comes late."""
TOLD_BEFORE: Final = DAY

STOOD_IN_FOR: Final = frozenset({Role.CASEWORKER, Role.SUPERVISOR})
"""The roles in which somebody is missed."""


class InvalidAbsence(ValueError):
    """It cannot be said like that; `problems` are (field, message) pairs."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.problems = ((field, message),)


@dataclass(frozen=True, slots=True)
class Absence:
    """From `since` until before `until` she is away. delegate_id: who stands in, "" for nobody. Milliseconds."""

    absence_id: str
    account_id: str
    delegate_id: str
    since: int
    until: int

    def is_at(self, now: int) -> bool:
        return self.since <= now < self.until

    def overlaps(self, other: Absence) -> bool:
        return self.since < other.until and other.since < self.until


@dataclass(frozen=True, slots=True)
class StandIn:
    """An absence as services are told of it. roles, areas: of the absent person, as far as somebody is missed.

    is_covered: the delegate is there herself: her account is open and she is not away.
    """

    absence: Absence
    organisation: str
    roles: frozenset[Role]
    areas: tuple[Area, ...]
    is_covered: bool


def check_absence(absence: Absence, account: Account, delegate: Account | None) -> None:
    """Raises InvalidAbsence. delegate: the account of `delegate_id`, None where there is none such."""
    if not account.roles & STOOD_IN_FOR:
        raise InvalidAbsence("account_id", "only caseworkers and supervisors are stood in for")
    if not 0 < absence.until - absence.since <= LONGEST_ABSENCE:
        raise InvalidAbsence("until", "expected an instant after the beginning and within a year of it")
    if not absence.delegate_id:
        return
    if delegate is None or delegate.organisation != account.organisation or delegate.closed_at is not None:
        raise InvalidAbsence("delegate_id", "expected a colleague of the same organisation")
    if delegate.account_id == account.account_id:
        raise InvalidAbsence("delegate_id", "nobody stands in for herself")
    if not account.roles & STOOD_IN_FOR <= delegate.roles:
        raise InvalidAbsence("delegate_id", "expected a colleague with the same roles")


def with_stand_ins(principal: Principal, stand_ins: Iterable[StandIn], now: int) -> Principal:
    """The principal with what she has while she stands in for others. now: milliseconds since 1970 UTC."""
    hers = [
        each
        for each in stand_ins
        if each.absence.delegate_id == principal.account_id and each.organisation == principal.organisation
    ]
    if not hers:
        return principal
    cases = [each for each in hers if Role.CASEWORKER in each.roles & principal.roles]
    present = [each for each in hers if each.is_covered and each.absence.is_at(now)]
    return replace(
        principal,
        stands_in_for=frozenset(each.absence.account_id for each in cases if each in present),
        stood_in=tuple(Tenure(each.absence.account_id, each.absence.since, each.absence.until) for each in cases),
        areas=_areas(principal, present),
    )


def _areas(principal: Principal, present: list[StandIn]) -> tuple[Area, ...]:
    """No areas are the whole organisation: who stands in for its head has it, and loses nothing by a smaller one."""
    supervised = [each.areas for each in present if Role.SUPERVISOR in each.roles & principal.roles]
    if not supervised or not principal.areas:
        return principal.areas
    if not all(supervised):
        return ()
    return tuple(dict.fromkeys((*principal.areas, *(area for areas in supervised for area in areas))))


def uncovered_caseworkers(stand_ins: Iterable[StandIn], now: int) -> list[StandIn]:
    """The absences in which a caseworker's cases are nobody's now."""
    return [
        each for each in stand_ins if Role.CASEWORKER in each.roles and not each.is_covered and each.absence.is_at(now)
    ]
