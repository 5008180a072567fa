"""Writing the audit and reading it: every entry in the transaction of what it tells of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass

from services.access.domain.permissions import Principal
from services.vault.application.ports import Keyring, Transaction, VaultStore
from services.vault.domain.audit_chain import (
    BEGINNING,
    Broken,
    Checkpoint,
    Deed,
    Entry,
    Look,
    end_of,
    first_broken,
    link,
)
from services.vault.domain.looks import SPENT_IS_TOLD_FOR, BudgetSpent


@dataclass(frozen=True, slots=True)
class AuditPage:
    """entries: newest first. end: the signed end of the chain, for whoever remembers it. more: there are older ones.

    spent: who asked for more cases than a day allows, in the last fortnight, whatever the entries are about.
    """

    entries: list[Entry]
    end: Checkpoint
    more: bool
    spent: list[BudgetSpent]


class Audit:
    def __init__(self, store: VaultStore, keyring: Keyring, clock: Callable[[], int]) -> None:
        """clock: milliseconds since 1970 UTC."""
        self._store = store
        self._keyring = keyring
        self._clock = clock

    def append(self, transaction: Transaction, look: Look) -> Checkpoint:
        """Durable when the transaction has ended; nothing may be shown before. Returns the new end."""
        return self.append_all(transaction, [look])

    def append_all(self, transaction: Transaction, looks: Sequence[Look]) -> Checkpoint:
        """As `append`, one entry each, in order. looks: one at least, of one organisation."""
        organisation = looks[0].organisation
        last = transaction.end_of_audit(organisation) or Checkpoint(organisation, 0, BEGINNING)
        entries: list[Entry] = []
        for look in looks:
            entries.append(link(last, look, self._keyring.sign))
            last = Checkpoint(organisation, entries[-1].sequence, entries[-1].digest)
        # The others were the end at no instant that anybody could see.
        end = end_of(entries[-1], self._keyring.sign)
        transaction.append_to_audit(entries, end)
        return end

    def read(
        self, principal: Principal, before: int | None, limit: int, case_id: str | None, actor: str | None = None
    ) -> AuditPage:
        """Of one case, of one account, or all. Reading stands in the audit too."""
        organisation, now = principal.organisation, self._clock()
        with self._store.writing(organisation) as transaction:
            look = Look(organisation, now, principal.account_id, Deed.AUDIT_READ, case_id or "")
            end = self.append(transaction, look)
            found = transaction.audit(organisation, before, limit + 1, case_id, actor)
            spent = transaction.budgets_spent(organisation, now - SPENT_IS_TOLD_FOR)
        return AuditPage(found[:limit], end, len(found) > limit, spent)

    def verify(self, organisation: str, remembered: Iterable[Checkpoint] = ()) -> Broken | None:
        """The first entry that is not as it was written."""
        with self._store.reading() as transaction:
            end = transaction.end_of_audit(organisation)
            with closing(transaction.whole_audit(organisation)) as entries:
                return first_broken(organisation, entries, end, self._keyring.is_signed, remembered)
