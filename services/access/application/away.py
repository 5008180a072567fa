"""Being away: said by the person or her administrator, ended by either, told to every service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from services.access.application.account_keeping import NoSuchAccount
from services.access.application.ports import AbsenceStore, AccountStore
from services.access.domain.absences import (
    STOOD_IN_FOR,
    TOLD_BEFORE,
    TOLD_FOR,
    Absence,
    InvalidAbsence,
    StandIn,
    check_absence,
)
from services.access.domain.accounts import Account, Done
from services.access.domain.permissions import Principal, Role

_FOR_EVER: Final = 2**62


class NoSuchAbsence(Exception):
    """Not one that the asker may know of."""


class Away:
    def __init__(
        self,
        accounts: AccountStore,
        absences: AbsenceStore,
        clock: Callable[[], int],
        new_id: Callable[[], str],
    ) -> None:
        """clock: milliseconds since 1970 UTC."""
        self._accounts = accounts
        self._absences = absences
        self._clock = clock
        self._new_id = new_id

    def say(self, principal: Principal, account_id: str, since: int, until: int, delegate_id: str) -> Absence:
        """Somebody is away: herself or, for an administrator, anybody of the organisation.

        What is past stays as it was: it begins now at the earliest.

        Raises NoSuchAccount, InvalidAbsence.
        """
        account, absence = self.checked(principal, account_id, since, until, delegate_id)
        if not self._absences.add(absence):
            raise InvalidAbsence("since", "she, or who would stand in, is away at that time already")
        self._accounts.record(account, Done.ABSENCE_SAID, self._clock(), principal.account_id)
        return absence

    def checked(
        self, principal: Principal, account_id: str, since: int, until: int, delegate_id: str
    ) -> tuple[Account, Absence]:
        """Who would be away, and how; nothing done. Raises NoSuchAccount, InvalidAbsence."""
        account = self._account(principal, account_id)
        absence = Absence(self._new_id(), account_id, delegate_id, max(since, self._clock()), until)
        delegate = self._accounts.by_id(delegate_id) if delegate_id else None
        check_absence(absence, account, delegate.account if delegate else None)
        return account, absence

    def end(self, principal: Principal, absence_id: str) -> None:
        """She is back; before it began: she never leaves. Raises NoSuchAbsence."""
        absence = self._absences.by_id(absence_id)
        if absence is None:
            raise NoSuchAbsence
        try:
            account = self._account(principal, absence.account_id)
        except NoSuchAccount:
            raise NoSuchAbsence from None
        self._absences.end(absence_id, self._clock())
        self._accounts.record(account, Done.ABSENCE_ENDED, self._clock(), principal.account_id)

    def of(self, principal: Principal) -> list[Absence]:
        """Present and coming: her own, those she stands in for; for supervisors and administrators, everybody's."""
        sees_all = not principal.roles.isdisjoint({Role.SUPERVISOR, Role.ADMINISTRATOR})
        colleagues = {account.account_id for account in self._accounts.of_organisation(principal.organisation)}
        now = self._clock()
        return [
            absence
            for absence in self._absences.between(now, _FOR_EVER)
            if (sees_all and absence.account_id in colleagues)
            or principal.account_id in (absence.account_id, absence.delegate_id)
        ]

    def delegates_for(self, principal: Principal, account_id: str) -> list[Account]:
        """Who could stand in for somebody: colleagues with her roles who have come in. Raises NoSuchAccount."""
        account = self._account(principal, account_id)
        missed = account.roles & STOOD_IN_FOR
        return [
            colleague
            for colleague in self._accounts.opened_of(account.organisation)
            if missed and missed <= colleague.roles and colleague.closed_at is None and colleague != account
        ]

    def stand_ins(self) -> list[StandIn]:
        """What every service must know: absences from shortly before they begin to long after their end."""
        now = self._clock()
        told = self._absences.between(now - TOLD_FOR, now + TOLD_BEFORE)
        away = {absence.account_id for absence in told if absence.is_at(now)}
        return [stand_in for absence in told if (stand_in := self._stand_in(absence, away)) is not None]

    def _stand_in(self, absence: Absence, away: set[str]) -> StandIn | None:
        stored = self._accounts.by_id(absence.account_id)
        if stored is None or stored.account.closed_at is not None:
            # Cases of closed accounts are nobody's for that reason, and nobody stands in for who has left.
            return None
        account = stored.account
        delegate = self._accounts.by_id(absence.delegate_id) if absence.delegate_id else None
        is_covered = (
            delegate is not None
            and delegate.account.closed_at is None
            and delegate.account.organisation == account.organisation
            and account.roles & STOOD_IN_FOR <= delegate.account.roles
            and absence.delegate_id not in away
        )
        return StandIn(absence, account.organisation, account.roles & STOOD_IN_FOR, account.areas, is_covered)

    def _account(self, principal: Principal, account_id: str) -> Account:
        """Her own, or for an administrator one of her organisation. Raises NoSuchAccount."""
        stored = self._accounts.by_id(account_id)
        is_own = account_id == principal.account_id
        if stored is None or stored.account.organisation != principal.organisation:
            raise NoSuchAccount
        if not is_own and Role.ADMINISTRATOR not in principal.roles:
            raise NoSuchAccount
        return stored.account
