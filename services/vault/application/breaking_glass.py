"""Breaking the glass: a supervisor opens a case for herself, for three hours and a reason, and others see it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from services.access.domain.permissions import Action, Principal, Role, decide
from services.vault.application.auditing import Audit
from services.vault.application.keeping import require, require_held_by
from services.vault.application.ports import Charges, VaultStore
from services.vault.domain.audit_chain import Deed, Look
from services.vault.domain.looks import GLASS_STAYS_BROKEN, BrokenGlass, Reason
from services.vault.domain.safe_contact import DAY

SHOWN_FOR: Final = 90 * DAY


class BreakingGlass:
    def __init__(self, store: VaultStore, audit: Audit, charges: Charges, clock: Callable[[], int]) -> None:
        """clock: milliseconds since 1970 UTC."""
        self._store = store
        self._audit = audit
        self._charges = charges
        self._clock = clock

    async def break_glass(self, principal: Principal, case_id: str, reason: Reason) -> BrokenGlass:
        """From now on for three hours she may look as if she were in charge.

        Raises Away, NoSuchCase, NotPermitted, Erased.
        """
        charge = await self._charges.of(case_id)
        require(decide(principal, Action.BREAK_GLASS, charge))
        return await asyncio.to_thread(self._break_glass, principal, case_id, reason)

    async def seen_by(self, principal: Principal) -> list[BrokenGlass]:
        """Of the last 90 days, newest first: for the head all of the organisation, for a supervisor her own, for a
        caseworker those of the cases now hers. Raises Away.
        """
        since = self._clock() - SHOWN_FOR
        found = await asyncio.to_thread(self._broken_since, principal.organisation, since)
        if principal.is_head:
            return found
        theirs = {
            case_id for case_id in {glass.case_id for glass in found} if await self._is_in_charge(principal, case_id)
        }
        return [glass for glass in found if glass.case_id in theirs or glass.account_id == principal.account_id]

    async def _is_in_charge(self, principal: Principal, case_id: str) -> bool:
        if Role.CASEWORKER not in principal.roles:
            return False
        return decide(principal, Action.REVEAL_IDENTITY, await self._charges.of(case_id)).allowed

    def _break_glass(self, principal: Principal, case_id: str, reason: Reason) -> BrokenGlass:
        organisation, now = principal.organisation, self._clock()
        glass = BrokenGlass(organisation, case_id, principal.account_id, reason, now, now + GLASS_STAYS_BROKEN)
        with self._store.writing(organisation) as transaction:
            require_held_by(transaction, organisation, [case_id])
            transaction.put_glass(glass)
            look = Look(organisation, now, principal.account_id, Deed.GLASS_BROKEN, case_id, reason=reason)
            self._audit.append(transaction, look)
        return glass

    def _broken_since(self, organisation: str, since: int) -> list[BrokenGlass]:
        with self._store.reading() as transaction:
            return transaction.broken_glass(organisation, since)
