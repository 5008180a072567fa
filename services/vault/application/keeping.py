"""Keeping who she is, how she may be contacted, and the words people wrote about her."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.access.domain.permissions import Action, CaseResource, Decision, Principal, decide
from services.vault.application.auditing import Audit
from services.vault.application.contents import identity_contents, plan_content
from services.vault.application.errors import Erased, NoSuchCase, NotPermitted, OtherContent
from services.vault.application.ports import CaseSafe, Charges, Plain, Transaction, VaultStore
from services.vault.domain.audit_chain import Deed, Look
from services.vault.domain.identity import Field, Identity, check_identity, check_note
from services.vault.domain.safe_contact import SafeContactPlan, check_plan


@dataclass(frozen=True, slots=True)
class Kept:
    """Durably so. kept_at: milliseconds since 1970 UTC. same_phone: other cases that have one of her numbers."""

    case_id: str
    kept_at: int
    same_phone: frozenset[str] = frozenset()


def require(decision: Decision) -> None:
    """Raises NoSuchCase, the same for a missing one, or NotPermitted."""
    if decision.hidden:
        raise NoSuchCase("nothing is here under this id")
    if not decision.allowed:
        raise NotPermitted(decision.reason)


class Keeping:
    def __init__(
        self, store: VaultStore, safe: CaseSafe, audit: Audit, charges: Charges, clock: Callable[[], int]
    ) -> None:
        """clock: milliseconds since 1970 UTC."""
        self._store = store
        self._safe = safe
        self._audit = audit
        self._charges = charges
        self._clock = clock

    async def keep_identity(self, principal: Principal, case_id: str, identity: Identity) -> Kept:
        """In place of what was kept of the fields it says. Raises InvalidIdentity, and as `_permitted`."""
        check_identity(identity)
        await self._permitted(principal, Action.KEEP_IDENTITY, case_id)
        contents = [(field, "", content) for field, content in identity_contents(identity)]
        return await asyncio.to_thread(self._keep, principal, case_id, contents, identity.phones)

    async def keep_imported(self, principal: Principal, identities: Mapping[str, Identity]) -> int:
        """Of cases that a register brought in, by case: all of them or none. principal: who brought it in.

        For our own services, which know whose the cases are. Raises InvalidIdentity; Erased, NoSuchCase as for one.
        """
        for identity in identities.values():
            check_identity(identity)
        return await asyncio.to_thread(self._keep_imported, principal, identities)

    def _keep_imported(self, principal: Principal, identities: Mapping[str, Identity]) -> int:
        with self._store.writing(principal.organisation) as transaction:
            for case_id, identity in identities.items():
                contents = [(field, "", content) for field, content in identity_contents(identity)]
                self._keep_in(transaction, principal, case_id, contents, identity.phones, self._clock())
        return len(identities)

    async def keep_plan(self, principal: Principal, case_id: str, plan: SafeContactPlan) -> Kept:
        """In place of the plan there was; agreed on with her now. Raises InvalidIdentity, and as `_permitted`."""
        check_plan(plan)
        await self._permitted(principal, Action.KEEP_IDENTITY, case_id)
        return await asyncio.to_thread(self._keep, principal, case_id, [(Field.PLAN, "", plan_content(plan))], None)

    async def keep_note(self, principal: Principal, case_id: str, note_id: str, text: str, occurred_at: int) -> Kept:
        """The words of an event. Sent again it is one note. occurred_at: of the event.

        Raises InvalidIdentity, OtherContent when other words are kept under the id, and as `_permitted`.
        """
        check_note(text)
        await self._permitted(principal, Action.KEEP_NOTE, case_id, occurred_at)
        return await asyncio.to_thread(self._keep_note, principal, case_id, note_id, text.encode())

    async def _permitted(self, principal: Principal, action: Action, case_id: str, at: int | None = None) -> None:
        """Raises Away, NoSuchCase, NotPermitted."""
        charge: CaseResource | None = await self._charges.of(case_id)
        require(decide(principal, action, charge, at))

    def _keep(
        self,
        principal: Principal,
        case_id: str,
        contents: list[tuple[Field, str, bytes]],
        phones: tuple[str, ...] | None,
    ) -> Kept:
        now = self._clock()
        with self._store.writing(principal.organisation) as transaction:
            same_phone = self._keep_in(transaction, principal, case_id, contents, phones, now)
        return Kept(case_id, now, same_phone)

    def _keep_in(
        self,
        transaction: Transaction,
        principal: Principal,
        case_id: str,
        contents: list[tuple[Field, str, bytes]],
        phones: tuple[str, ...] | None,
        now: int,
    ) -> frozenset[str]:
        """Answers with the other cases that have one of her numbers."""
        organisation = principal.organisation
        same_phone: frozenset[str] = frozenset()
        require_held_by(transaction, organisation, case_id)
        for field, record, content in contents:
            if content in (b"", b"[]"):
                transaction.remove_sealed(case_id, field)
            else:
                plain = Plain(field, record, content, now, principal.account_id)
                self._safe.keep(transaction, organisation, case_id, plain)
        if phones is not None:
            same_phone = self._safe.index_phones(transaction, organisation, case_id, phones)
        self._say_kept(transaction, principal, case_id, sorted({field for field, _, _ in contents}), now)
        return same_phone

    def _keep_note(self, principal: Principal, case_id: str, note_id: str, content: bytes) -> Kept:
        organisation, now = principal.organisation, self._clock()
        with self._store.writing(organisation) as transaction:
            require_held_by(transaction, organisation, case_id)
            for found in self._safe.take_out(transaction, organisation, case_id, frozenset({Field.NOTES})):
                if found.record == note_id:
                    if found.content != content:
                        raise OtherContent("other words are kept under this note_id")
                    return Kept(case_id, found.kept_at)
            self._safe.keep(
                transaction, organisation, case_id, Plain(Field.NOTES, note_id, content, now, principal.account_id)
            )
            self._say_kept(transaction, principal, case_id, [Field.NOTES], now)
        return Kept(case_id, now)

    def _say_kept(
        self, transaction: Transaction, principal: Principal, case_id: str, fields: list[Field], now: int
    ) -> None:
        look = Look(principal.organisation, now, principal.account_id, Deed.KEPT, case_id, ",".join(fields))
        self._audit.append(transaction, look)


def require_held_by(transaction: Transaction, organisation: str, case_id: str) -> None:
    """Raises Erased; NoSuchCase when another organisation keeps something under this id, before the log knows it."""
    erasure = transaction.erasure(case_id)
    wrapped = transaction.wrapped_key(case_id)
    holder = erasure.organisation if erasure else wrapped.organisation if wrapped else organisation
    if holder != organisation:
        raise NoSuchCase("nothing is here under this id")
    if erasure is not None:
        raise Erased("who she is was erased")
