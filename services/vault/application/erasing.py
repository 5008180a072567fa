"""Forgetting a survivor for ever, step by step; whatever is cut off goes on from there.

1. It is asked for: from then on nothing of her is shown. 2. Her key and everything sealed with it are deleted. 3. The
organisation's next key wraps everybody else's, in the copies that can be reached too, and the old one is destroyed:
what lies about of the old rows, in logs beside files, on blocks of disks, in copies elsewhere, can be read by nobody
any more. 4. The log says `survivor_erased`, which ends her alerts, and the audit says that it is done.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from services.access.domain.permissions import Action, Principal, decide
from services.vault.application.auditing import Audit
from services.vault.application.keeping import require
from services.vault.application.ports import CaseSafe, Charges, Copies, ErasedInLog, Erasure, Keyring, VaultStore
from services.vault.domain.audit_chain import Deed, Look
from services.vault.domain.looks import ErasureReason

SYSTEM: Final = "system"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Left:
    """What is still there of a survivor, by where; all of it zero or False once she is forgotten."""

    keys: int
    sealed: int
    older_epochs: int
    unfinished: bool

    @property
    def nothing(self) -> bool:
        return not (self.keys or self.sealed or self.older_epochs or self.unfinished)


class Erasing:
    def __init__(
        self,
        store: VaultStore,
        safe: CaseSafe,
        keyring: Keyring,
        audit: Audit,
        charges: Charges,
        in_log: ErasedInLog,
        copies: Copies,
        clock: Callable[[], int],
    ) -> None:
        """clock: milliseconds since 1970 UTC."""
        self._store = store
        self._safe = safe
        self._keyring = keyring
        self._audit = audit
        self._charges = charges
        self._in_log = in_log
        self._copies = copies
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()

    async def ask(self, principal: Principal, case_id: str, reason: ErasureReason) -> Erasure:
        """It is on its way when this returns; `finish` does it. Asked again, it is the same erasure.

        Raises Away, NoSuchCase, NotPermitted.
        """
        charge = await self._charges.of(case_id)
        require(decide(principal, Action.ERASE_SURVIVOR, charge))
        return await asyncio.to_thread(self._ask, principal.organisation, case_id, principal.account_id, reason)

    async def of_case(self, principal: Principal, case_id: str) -> Erasure | None:
        """How far the erasure of the case is. Raises Away, NoSuchCase, NotPermitted."""
        require(decide(principal, Action.ERASE_SURVIVOR, await self._charges.of(case_id)))
        return await asyncio.to_thread(self._erasure, case_id)

    async def catch_up_with_log(self) -> int:
        """What the log says was erased is erased here too: a store brought back from before knows nothing of it.

        Returns how many were new. Raises Away.
        """
        found = await self._in_log.all()
        return sum([await asyncio.to_thread(self._apply, *of_one) for of_one in found.items()])

    async def finish(self) -> int:
        """Do what is left of all erasures. Returns how many were done. Raises Away; the next call goes on."""
        async with self._one_at_a_time:
            unfinished = await asyncio.to_thread(self._unfinished)
            # First every row, then the keys: while the log is away they are forgotten all the same.
            forgotten = [await asyncio.to_thread(self._forget, erasure) for erasure in unfinished]
            for organisation in sorted({erasure.organisation for erasure in forgotten}):
                await asyncio.to_thread(self._rotate, organisation, forgotten)
            for erasure in unfinished:
                await self._record(erasure.case_id)
            return len(unfinished)

    def left_of(self, organisation: str, case_id: str) -> Left:
        """Looked for where it could be: rows, keys, and whether the rotation was done."""
        with self._store.reading() as transaction:
            key, sealed = transaction.wrapped_key(case_id), transaction.sealed_fields(case_id)
            erasure = transaction.erasure(case_id)
        older = [n for n in self._keyring.epochs(organisation) if erasure is None or n <= (erasure.epoch or 0)]
        return Left(int(key is not None), len(sealed), len(older), erasure is None or not erasure.is_done)

    def _ask(self, organisation: str, case_id: str, asked_by: str, reason: str) -> Erasure:
        now = self._clock()
        with self._store.writing(organisation) as transaction:
            known = transaction.erasure(case_id)
            if known is not None:
                return known
            erasure = Erasure(case_id, organisation, now, asked_by, reason)
            transaction.put_erasure(erasure)
            look = Look(organisation, now, asked_by, Deed.ERASURE_ASKED, case_id, reason=reason)
            self._audit.append(transaction, look)
        return erasure

    def _apply(self, organisation: str, case_ids: frozenset[str]) -> int:
        with self._store.reading() as transaction:
            new = [case_id for case_id in sorted(case_ids) if transaction.erasure(case_id) is None]
        for case_id in new:
            self._ask(organisation, case_id, SYSTEM, ErasureReason.ERASED_BEFORE)
        return len(new)

    def _erasure(self, case_id: str) -> Erasure | None:
        with self._store.reading() as transaction:
            return transaction.erasure(case_id)

    def _unfinished(self) -> list[Erasure]:
        with self._store.reading() as transaction:
            return transaction.unfinished_erasures()

    def _forget(self, erasure: Erasure) -> Erasure:
        if erasure.forgotten_at is not None:
            return erasure
        with self._store.writing(erasure.organisation) as transaction:
            # Inside the transaction: until it ends her rows can be wrapped by no newer key than this one.
            epoch = self._keyring.current(erasure.organisation).number
            erasure = replace(erasure, forgotten_at=self._clock(), epoch=epoch)
            transaction.forget(erasure.case_id)
            transaction.put_erasure(erasure)
        return erasure

    def _rotate(self, organisation: str, erasures: list[Erasure]) -> None:
        waiting = [e for e in erasures if e.organisation == organisation and e.rotated_at is None]
        if not waiting:
            return
        newest = self._keyring.current(organisation)
        if newest.number <= max(erasure.epoch or 0 for erasure in waiting):
            newest = self._keyring.begin_epoch(organisation)
        self._copies.forget(organisation, [replace(erasure, rotated_at=self._clock()) for erasure in waiting])
        with self._store.writing(organisation) as transaction:
            self._safe.wrap_anew(transaction, organisation)
        self._store.sweep()
        self._keyring.destroy_before(organisation, newest.number)
        with self._store.writing(organisation) as transaction:
            for erasure in waiting:
                transaction.put_erasure(replace(erasure, rotated_at=self._clock()))

    async def _record(self, case_id: str) -> None:
        erasure = await asyncio.to_thread(self._erasure, case_id)
        assert erasure is not None
        if erasure.recorded_at is None:
            await self._in_log.record(erasure.organisation, case_id)
            await asyncio.to_thread(self._done, replace(erasure, recorded_at=self._clock()))

    def _done(self, erasure: Erasure) -> None:
        with self._store.writing(erasure.organisation) as transaction:
            transaction.put_erasure(erasure)
            look = Look(erasure.organisation, self._clock(), SYSTEM, Deed.ERASED, erasure.case_id)
            self._audit.append(transaction, look)
        _log.info("a survivor was erased", extra={"organisation": erasure.organisation})
