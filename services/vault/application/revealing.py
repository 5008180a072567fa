"""Showing who she is: to those in charge, for a purpose, within the hours she agreed to, and never before the audit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.access.domain.permissions import Action, CaseResource, Principal, Role, decide
from services.vault.application.auditing import Audit
from services.vault.application.contents import plan_of
from services.vault.application.errors import BudgetSpent, NoSuchCase, NotPermitted, OutsideWindow, Refused
from services.vault.application.keeping import require, require_held_by
from services.vault.application.ports import CaseSafe, Charges, Plain, Transaction, VaultStore
from services.vault.domain.audit_chain import Checkpoint, Deed, Look
from services.vault.domain.identity import Field
from services.vault.domain.looks import (
    GLASS_STAYS_BROKEN,
    MOST_CHECKED_OUT,
    Ground,
    Purpose,
    Reason,
    day_begins,
    is_within_budget,
)
from services.vault.domain.safe_contact import DAY, may_call, opens_between

CARD: Final = frozenset({Field.NAMES, Field.PHONES, Field.PLAN})
"""What a safe-contact card says."""

Cases = Mapping[str, CaseResource | None]


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be shown, what for; reason: why outside of the hours she agreed to, None within them."""

    fields: frozenset[Field]
    purpose: Purpose
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What may be shown now that the audit says so. end: of the audit's chain, for whoever remembers it."""

    case_id: str
    plain: list[Plain]
    shown_at: int
    end: Checkpoint


@dataclass(frozen=True, slots=True)
class OfflineLook:
    """A look at a card that was checked out, as the device noted it. at: milliseconds since 1970 UTC."""

    case_id: str
    at: int


class Revealing:
    def __init__(
        self, store: VaultStore, safe: CaseSafe, audit: Audit, charges: Charges, clock: Callable[[], int]
    ) -> None:
        """clock: milliseconds since 1970 UTC."""
        self._store = store
        self._safe = safe
        self._audit = audit
        self._charges = charges
        self._clock = clock

    async def reveal(self, principal: Principal, case_id: str, question: Question, deed: Deed = Deed.REVEALED) -> Shown:
        """The audit has it before this returns.

        Raises Away, NoSuchCase, NotPermitted, Erased, OutsideWindow, BudgetSpent. A refusal stands in the audit too,
        but for cases that she must not know of.
        """
        return (await self._show(principal, [case_id], question, deed))[0]

    async def check_out(self, principal: Principal, case_ids: Sequence[str]) -> list[Shown]:
        """The safe-contact cards of these cases, to be read offline today: all or none; each stands in the audit.

        A number is on a card only when the hours she agreed to come before the day ends. Raises as `reveal`.
        """
        if len(set(case_ids)) > MOST_CHECKED_OUT:
            raise BudgetSpent(f"at most {MOST_CHECKED_OUT} cards can be checked out")
        if Role.CASEWORKER not in principal.roles:
            raise NotPermitted("cards are checked out by caseworkers, of their own cases")
        return await self._show(
            principal, list(dict.fromkeys(case_ids)), Question(CARD, Purpose.CALL), Deed.CHECKED_OUT
        )

    async def note_offline_looks(self, principal: Principal, looks: Sequence[OfflineLook]) -> None:
        """What a device noted while it had no network. Only of cards that she had checked out; others are refused.

        Told again, because an answer got lost, a look stands there once.
        """
        await asyncio.to_thread(self._note_offline_looks, principal, looks)

    async def _show(self, principal: Principal, case_ids: Sequence[str], question: Question, deed: Deed) -> list[Shown]:
        try:
            cases = await self._cases(case_ids)
            shown = await asyncio.to_thread(self._take_out, principal, cases, question, deed)
            # Whose a case is may have changed meanwhile: what was taken out is shown only if it still may be.
            again = await self._cases(case_ids)
            await asyncio.to_thread(self._require_all, principal, again)
        except Refused as refused:
            if not isinstance(refused, NoSuchCase):
                await asyncio.to_thread(self._say_refused, principal, case_ids, question, refused)
            raise
        return shown

    async def _cases(self, case_ids: Sequence[str]) -> Cases:
        return dict(zip(case_ids, await asyncio.gather(*map(self._charges.of, case_ids)), strict=True))

    def _require_all(self, principal: Principal, cases: Cases) -> None:
        with self._store.reading() as transaction:
            for charge in cases.values():
                self._ground(transaction, principal, charge, self._clock())

    def _take_out(self, principal: Principal, cases: Cases, question: Question, deed: Deed) -> list[Shown]:
        organisation, now = principal.organisation, self._clock()
        with self._store.writing(organisation) as transaction:
            grounds = {case_id: self._ground(transaction, principal, charge, now) for case_id, charge in cases.items()}
            looked_at = transaction.cases_looked_at(organisation, principal.account_id, day_begins(now))
            if not is_within_budget(principal, looked_at, frozenset(cases)):
                raise BudgetSpent("you looked at as many different cases as one day allows")
            return [
                self._take_out_one(transaction, principal, case_id, ground, question, deed, now)
                for case_id, ground in grounds.items()
            ]

    def _ground(self, transaction: Transaction, principal: Principal, charge: CaseResource | None, now: int) -> Ground:
        """By what right she may look. Raises NoSuchCase, NotPermitted, Erased."""
        if charge is not None and charge.organisation == principal.organisation:
            broken = transaction.broken_glass(principal.organisation, now - GLASS_STAYS_BROKEN)
            opened_to = {g.account_id for g in broken if g.case_id == charge.case_id and g.at <= now < g.until}
            charge = replace(charge, opened_to=frozenset(opened_to))
        require(decide(principal, Action.REVEAL_IDENTITY, charge))
        assert charge is not None
        require_held_by(transaction, principal.organisation, [charge.case_id])
        without_glass = decide(principal, Action.REVEAL_IDENTITY, replace(charge, opened_to=frozenset()))
        return Ground.IN_CHARGE if without_glass.allowed else Ground.BROKEN_GLASS

    def _take_out_one(
        self,
        transaction: Transaction,
        principal: Principal,
        case_id: str,
        ground: Ground,
        question: Question,
        deed: Deed,
        now: int,
    ) -> Shown:
        organisation = principal.organisation
        found = self._safe.take_out(transaction, organisation, case_id, question.fields | {Field.PLAN})
        fields = self._fields_now(found, question, deed, now)
        end = self._audit.append(
            transaction,
            Look(
                organisation,
                now,
                principal.account_id,
                deed,
                case_id,
                ",".join(sorted(fields)),
                question.purpose,
                ground,
                question.reason or "",
            ),
        )
        return Shown(case_id, [plain for plain in found if plain.field in fields], now, end)

    def _fields_now(self, found: Sequence[Plain], question: Question, deed: Deed, now: int) -> frozenset[Field]:
        """What of the question may be shown at this hour. Raises OutsideWindow."""
        plan = next((plan_of(plain) for plain in found if plain.field == Field.PLAN), None)
        if Field.PHONES not in question.fields or question.reason is not None or may_call(plan, now):
            return question.fields
        if deed is Deed.CHECKED_OUT:
            opens = opens_between(plan, now, day_begins(now) + DAY)
            return question.fields if opens else question.fields - {Field.PHONES}
        raise OutsideWindow("she agreed to be called at other hours: for her number now, say the reason")

    def _say_refused(self, principal: Principal, case_ids: Sequence[str], question: Question, refused: Refused) -> None:
        with self._store.writing(principal.organisation) as transaction:
            for case_id in case_ids:
                look = Look(
                    principal.organisation,
                    self._clock(),
                    principal.account_id,
                    Deed.REFUSED,
                    case_id,
                    ",".join(sorted(question.fields)),
                    question.purpose,
                    detail=type(refused).__name__,
                )
                self._audit.append(transaction, look)

    def _note_offline_looks(self, principal: Principal, looks: Sequence[OfflineLook]) -> None:
        organisation, account = principal.organisation, principal.account_id
        with self._store.writing(organisation) as transaction:
            for look in looks:
                since, detail = day_begins(look.at), str(look.at)
                if look.case_id not in transaction.cases_looked_at(organisation, account, since):
                    raise NoSuchCase("no card of this case was checked out")
                if (look.case_id, detail) in transaction.offline_looks(organisation, account, since):
                    continue
                said = Look(organisation, self._clock(), account, Deed.LOOKED_OFFLINE, look.case_id, detail=detail)
                self._audit.append(transaction, said)
