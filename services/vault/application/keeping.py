"""Keeping who she is, how she may be contacted, and the words people wrote about her."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.access.domain.permissions import Action, CaseResource, Decision, Principal, decide
from services.vault.application.auditing import Audit
from services.vault.application.contents import identity_contents, plan_content
from services.vault.application.errors import Erased, NoSuchCase, NotPermitted, OtherContent
from services.vault.application.ports import CaseSafe, Charges, Plain, Transaction, VaultStore
from services.vault.domain.audit_chain import Deed, Look
from services.vault.domain.identity import Field, Identity, check_identity, check_note
from services.vault.domain.safe_contact import SafeContactPlan, check_plan

Contents = Sequence[tuple[Field, str, bytes]]
"""What is said of a case: field, record and bytes, which are empty where there is nothing any more."""
_NOTHING: Final = (b"", b"[]")


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
        return await asyncio.to_thread(self._keep, principal, case_id, _contents_of(identity), identity.phones)

    async def keep_imported(self, principal: Principal, identities: Mapping[str, Identity]) -> frozenset[str]:
        """Of cases that a register brought in, by case: all of them or none. principal: who brought it in.

        Returns those that were erased since: of them nothing is kept, and that holds up nobody else. For our own
        services, which know whose the cases are. Raises InvalidIdentity; NoSuchCase as for one.
        """
        for identity in identities.values():
            check_identity(identity)
        return await asyncio.to_thread(self._keep_imported, principal, identities)

    def _keep_imported(self, principal: Principal, identities: Mapping[str, Identity]) -> frozenset[str]:
        with self._store.writing(principal.organisation) as transaction:
            erased = erased_of(transaction, principal.organisation, identities)
            kept = {case_id: identity for case_id, identity in identities.items() if case_id not in erased}
            if kept:
                said = {case_id: _contents_of(identity) for case_id, identity in kept.items()}
                phones = {case_id: of.phones for case_id, of in kept.items() if of.phones is not None}
                self._keep_in(transaction, principal, said, self._clock())
                self._safe.index_phones(transaction, principal.organisation, phones)
        return erased

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
        contents: Contents,
        phones: tuple[str, ...] | None,
    ) -> Kept:
        organisation, now = principal.organisation, self._clock()
        same_phone: frozenset[str] = frozenset()
        with self._store.writing(organisation) as transaction:
            self._keep_in(transaction, principal, {case_id: contents}, now)
            if phones is not None:
                self._safe.index_phones(transaction, organisation, {case_id: phones})
                same_phone = self._safe.cases_found_by(transaction, organisation, phones) - {case_id}
        return Kept(case_id, now, same_phone)

    def _keep_in(self, transaction: Transaction, principal: Principal, said: Mapping[str, Contents], now: int) -> None:
        """said: by case."""
        require_held_by(transaction, principal.organisation, said)
        plains: dict[str, list[Plain]] = {}
        for case_id, contents in said.items():
            for field, record, content in contents:
                if content in _NOTHING:
                    transaction.remove_sealed(case_id, field)
                else:
                    plain = Plain(field, record, content, now, principal.account_id)
                    plains.setdefault(case_id, []).append(plain)
        self._safe.keep(transaction, principal.organisation, plains)
        self._say_kept(transaction, principal, said, now)

    def _keep_note(self, principal: Principal, case_id: str, note_id: str, content: bytes) -> Kept:
        organisation, now = principal.organisation, self._clock()
        with self._store.writing(organisation) as transaction:
            require_held_by(transaction, organisation, [case_id])
            for found in self._safe.take_out(transaction, organisation, case_id, frozenset({Field.NOTES})):
                if found.record == note_id:
                    if found.content != content:
                        raise OtherContent("other words are kept under this note_id")
                    return Kept(case_id, found.kept_at)
            plain = Plain(Field.NOTES, note_id, content, now, principal.account_id)
            self._safe.keep(transaction, organisation, {case_id: [plain]})
            self._say_kept(transaction, principal, {case_id: [(Field.NOTES, note_id, content)]}, now)
        return Kept(case_id, now)

    def _say_kept(self, transaction: Transaction, principal: Principal, said: Mapping[str, Contents], now: int) -> None:
        who = (principal.organisation, now, principal.account_id, Deed.KEPT)
        looks = [Look(*who, case_id, _fields_of(contents)) for case_id, contents in said.items()]
        self._audit.append_all(transaction, looks)


def require_held_by(transaction: Transaction, organisation: str, case_ids: Collection[str]) -> None:
    """Raises Erased, and as `erased_of`."""
    if erased_of(transaction, organisation, case_ids):
        raise Erased("who she is was erased")


def erased_of(transaction: Transaction, organisation: str, case_ids: Collection[str]) -> frozenset[str]:
    """Those of them whose survivors were erased.

    Raises NoSuchCase when another organisation keeps something under one of the ids, before the log knows it.
    """
    erasures = transaction.erasures_of(case_ids)
    # What was erased is its organisation's, whoever keeps something there since.
    holders = {case_id: wrapped.organisation for case_id, wrapped in transaction.wrapped_keys_of(case_ids).items()}
    holders |= {case_id: erasure.organisation for case_id, erasure in erasures.items()}
    if any(holder != organisation for holder in holders.values()):
        raise NoSuchCase("nothing is here under this id")
    return frozenset(erasures)


def _contents_of(identity: Identity) -> Contents:
    return [(field, "", content) for field, content in identity_contents(identity)]


def _fields_of(contents: Contents) -> str:
    return ",".join(sorted({field for field, _, _ in contents}))
