"""Forgetting a survivor for ever, step by step; whatever is cut off goes on from there.

1. It is asked for: from then on nothing of her is shown. 2. Her key and everything sealed with it are deleted. 3. The
organisation's next key wraps everybody else's, in the copies that can be reached too, and the old one is destroyed:
what lies about of the old rows, in logs beside files, on blocks of disks, in copies elsewhere, can be read by nobody
any more. 4. The log says `survivor_erased`, which ends her alerts, and the audit says that it is done.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from services.access.domain.permissions import Action, Principal, decide
from services.vault.application.auditing import Audit
from services.vault.application.keeping import require
from services.vault.application.ports import (
    CaseSafe,
    Charges,
    Copies,
    ErasedInLog,
    Erasure,
    Keyring,
    Transaction,
    VaultStore,
)
from services.vault.domain.audit_chain import Deed, Look
from services.vault.domain.looks import ErasureReason

SYSTEM: Final = "system"
_AT_ONCE: Final = 200
T = TypeVar("T")

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
            forgotten = [one for some in _stretches(unfinished) for one in await asyncio.to_thread(self._forget, some)]
            for organisation in sorted({erasure.organisation for erasure in forgotten}):
                await asyncio.to_thread(self._rotate, organisation, forgotten)
            await self._record_all(forgotten)
            return len(unfinished)

    def left_of(self, organisation: str, case_id: str) -> Left:
        """Looked for where it could be: rows, keys, and whether the rotation was done."""
        with self._store.reading() as transaction:
            keys, sealed = transaction.wrapped_keys_of([case_id]), transaction.sealed_fields(case_id)
            erasure = transaction.erasures_of([case_id]).get(case_id)
        older = [n for n in self._keyring.epochs(organisation) if erasure is None or n <= (erasure.epoch or 0)]
        return Left(len(keys), len(sealed), len(older), erasure is None or not erasure.is_done)

    def _ask(self, organisation: str, case_id: str, asked_by: str, reason: str) -> Erasure:
        with self._store.writing(organisation) as transaction:
            return self._ask_in(transaction, organisation, [case_id], asked_by, reason)[case_id]

    def _ask_in(
        self, transaction: Transaction, organisation: str, case_ids: Sequence[str], asked_by: str, reason: str
    ) -> dict[str, Erasure]:
        """By case: as it was asked for before, or now."""
        known, now = transaction.erasures_of(case_ids), self._clock()
        new = {
            case_id: Erasure(case_id, organisation, now, asked_by, reason)
            for case_id in case_ids
            if case_id not in known
        }
        if new:
            transaction.put_erasures(list(new.values()))
            said = (organisation, now, asked_by, Deed.ERASURE_ASKED)
            self._audit.append_all(transaction, [Look(*said, case_id, reason=reason) for case_id in new])
        return known | new

    def _apply(self, organisation: str, case_ids: frozenset[str]) -> int:
        with self._store.reading() as transaction:
            new = sorted(case_ids - transaction.erased())
        for some in _stretches(new):
            with self._store.writing(organisation) as transaction:
                self._ask_in(transaction, organisation, some, SYSTEM, ErasureReason.ERASED_BEFORE)
        return len(new)

    def _erasure(self, case_id: str) -> Erasure | None:
        with self._store.reading() as transaction:
            return transaction.erasures_of([case_id]).get(case_id)

    def _unfinished(self) -> list[Erasure]:
        with self._store.reading() as transaction:
            return transaction.unfinished_erasures()

    def _forget(self, erasures: Sequence[Erasure]) -> list[Erasure]:
        return [erasure for some in _by_organisation(erasures) for erasure in self._forget_of_one(some)]

    def _forget_of_one(self, erasures: Sequence[Erasure]) -> list[Erasure]:
        """Of one organisation, in one transaction."""
        organisation = erasures[0].organisation
        if all(erasure.forgotten_at is not None for erasure in erasures):
            return list(erasures)
        with self._store.writing(organisation) as transaction:
            # Inside the transaction: until it ends her rows can be wrapped by no newer key than this one.
            epoch = self._keyring.current(organisation).number
            now = self._clock()
            forgotten = [replace(e, forgotten_at=now, epoch=epoch) for e in erasures if e.forgotten_at is None]
            transaction.forget([erasure.case_id for erasure in forgotten])
            transaction.put_erasures(forgotten)
        return [erasure for erasure in erasures if erasure.forgotten_at is not None] + forgotten

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
            transaction.put_erasures([replace(erasure, rotated_at=self._clock()) for erasure in waiting])

    async def _record_all(self, erasures: Sequence[Erasure]) -> None:
        """The log says it of each, and then so does the audit. What the log has said before is asked once for all."""
        unrecorded = [erasure for erasure in erasures if erasure.recorded_at is None]
        said = await self._in_log.all() if unrecorded else {}
        for some in _stretches(unrecorded):
            for erasure in some:
                if erasure.case_id not in said.get(erasure.organisation, ()):
                    await self._in_log.record(erasure.organisation, erasure.case_id)
            await asyncio.to_thread(self._done, some)

    def _done(self, erasures: Sequence[Erasure]) -> None:
        for some in _by_organisation(erasures):
            organisation = some[0].organisation
            with self._store.writing(organisation) as transaction:
                now = self._clock()
                # As they stand now: their keys were rotated since they were looked up.
                standing = transaction.erasures_of([erasure.case_id for erasure in some])
                transaction.put_erasures([replace(erasure, recorded_at=now) for erasure in standing.values()])
                looks = [Look(organisation, now, SYSTEM, Deed.ERASED, erasure.case_id) for erasure in some]
                self._audit.append_all(transaction, looks)
            _log.info("survivors were erased", extra={"organisation": organisation, "cases": len(some)})


def _stretches(things: Sequence[T]) -> Iterator[Sequence[T]]:
    """A whole import may be taken back: others have their turn in between."""
    return (things[start : start + _AT_ONCE] for start in range(0, len(things), _AT_ONCE))


def _by_organisation(erasures: Sequence[Erasure]) -> list[list[Erasure]]:
    organisations = sorted({erasure.organisation for erasure in erasures})
    return [[erasure for erasure in erasures if erasure.organisation == one] for one in organisations]
