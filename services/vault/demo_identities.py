"""Invented survivors for a demonstration, kept as a caseworker's are: sealed, found by their numbers, in the audit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.runtime.settings import Settings
from services.vault.adapters.case_safe import SealedCases
from services.vault.application.contents import identity_contents, plan_content
from services.vault.application.ports import Plain, Transaction
from services.vault.bootstrap import Vault, now_ms, open_vault
from services.vault.domain.audit_chain import Deed, Look
from services.vault.domain.identity import IDENTITY_FIELDS, Field, Identity, check_identity
from services.vault.domain.safe_contact import SafeContactPlan, check_plan


@dataclass(frozen=True, slots=True)
class DemoSurvivor:
    """kept_by: her caseworker's account. agreed_at: of the plan, milliseconds since 1970 UTC."""

    organisation: str
    case_id: str
    kept_by: str
    identity: Identity
    plan: SafeContactPlan
    agreed_at: int


def keep_demo_survivors(settings: Settings, survivors: Sequence[DemoSurvivor]) -> None:
    """Every organisation's in one transaction. Raises CannotServe, InvalidIdentity."""
    vault = open_vault(settings)
    try:
        for organisation in sorted({survivor.organisation for survivor in survivors}):
            with vault.store.writing(organisation) as transaction:
                for survivor in survivors:
                    if survivor.organisation == organisation:
                        _keep(vault, transaction, survivor)
    finally:
        vault.store.close()


def _keep(vault: Vault, transaction: Transaction, survivor: DemoSurvivor) -> None:
    check_identity(survivor.identity)
    check_plan(survivor.plan)
    safe, now = SealedCases(vault.keys), now_ms()
    contents = [*identity_contents(survivor.identity), (Field.PLAN, plan_content(survivor.plan))]
    plains = [
        Plain(field, "", content, survivor.agreed_at if field is Field.PLAN else now, survivor.kept_by)
        for field, content in contents
    ]
    safe.keep(transaction, survivor.organisation, {survivor.case_id: plains})
    safe.index_phones(transaction, survivor.organisation, {survivor.case_id: survivor.identity.phones or ()})
    fields = ",".join(sorted(field for field, _ in contents if field in IDENTITY_FIELDS | {Field.PLAN}))
    look = Look(survivor.organisation, now, survivor.kept_by, Deed.KEPT, survivor.case_id, fields)
    vault.audit.append(transaction, look)
