"""The vault over REST, below /v1/vault."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query

from services.access.domain.permissions import Action, Principal
from services.casework.domain.instants import format_instant, parse_instant
from services.runtime.http import KIB, permitted
from services.vault.application.auditing import Audit
from services.vault.application.breaking_glass import BreakingGlass
from services.vault.application.errors import VaultError
from services.vault.application.keeping import Keeping, Kept
from services.vault.application.revealing import OfflineLook, Question, Revealing
from services.vault.domain.audit_chain import Deed
from services.vault.domain.identity import Field, InvalidIdentity
from services.vault.domain.looks import Purpose, Reason
from services.vault.entrypoints import models
from services.vault.entrypoints.problems import ANSWERS, problem_of

KeepingHer = Annotated[Principal, Depends(permitted(Action.KEEP_IDENTITY))]
KeepingImported = Annotated[Principal, Depends(permitted(Action.KEEP_IMPORTED))]
KeepingNotes = Annotated[Principal, Depends(permitted(Action.KEEP_NOTE))]
Looking = Annotated[Principal, Depends(permitted(Action.REVEAL_IDENTITY))]
Breaking = Annotated[Principal, Depends(permitted(Action.BREAK_GLASS))]
SeeingGlass = Annotated[Principal, Depends(permitted(Action.READ_BROKEN_GLASS))]
ReadingAudit = Annotated[Principal, Depends(permitted(Action.READ_AUDIT))]

IMPORTED_PATH: Final = "/v1/imported-identities"
IMPORTED_BYTES: Final = 2048 * KIB
_WRONG: Final = (VaultError, InvalidIdentity)


def keeping_routes(keeping: Keeping) -> APIRouter:
    router = APIRouter(tags=["vault"], responses=ANSWERS)

    @router.put("/v1/vault/cases/{case_id}/identity")
    async def keep_identity(principal: KeepingHer, case_id: models.Id, body: models.IdentityIn) -> dict[str, Any]:
        """Who she is. `same_phone`: other cases of the organisation that have one of her numbers."""
        try:
            return _kept(await keeping.keep_identity(principal, case_id, models.identity_of(body)))
        except _WRONG as error:
            raise problem_of(error) from None

    @router.put("/v1/vault/cases/{case_id}/safe-contact-plan")
    async def keep_plan(principal: KeepingHer, case_id: models.Id, body: models.PlanIn) -> dict[str, Any]:
        """When and how she may be contacted, agreed with her now; good for 30 days, then it asks to be reviewed."""
        try:
            return _kept(await keeping.keep_plan(principal, case_id, models.plan_in(body)))
        except _WRONG as error:
            raise problem_of(error) from None

    @router.put("/v1/vault/cases/{case_id}/notes/{note_id}")
    async def keep_note(
        principal: KeepingNotes, case_id: models.Id, note_id: models.Id, body: models.NoteIn
    ) -> dict[str, Any]:
        """The words of an event, under an id the device made. Sent again it is one note."""
        try:
            at = _instant(body.occurred_at, "occurred_at")
            return _kept(await keeping.keep_note(principal, case_id, note_id, body.text, at))
        except _WRONG as error:
            raise problem_of(error) from None

    @router.post(IMPORTED_PATH, include_in_schema=False)
    async def keep_imported(principal: KeepingImported, body: models.ImportedIdentitiesIn) -> dict[str, list[str]]:
        """Who they are whom a register brought in, from our own casework: all of them or none. `erased`: the cases of
        which nothing is kept, because who she is was erased since."""
        importer = Principal(body.kept_by, principal.organisation, frozenset())
        try:
            return {"erased": sorted(await keeping.keep_imported(importer, models.imported_of(body)))}
        except _WRONG as error:
            raise problem_of(error) from None

    return router


def revealing_routes(revealing: Revealing) -> APIRouter:
    router = APIRouter(tags=["vault"], responses=ANSWERS)

    @router.post("/v1/vault/cases/{case_id}:reveal")
    async def reveal(principal: Looking, case_id: models.Id, body: models.RevealIn) -> dict[str, Any]:
        """What is asked for, if she may look; the audit has the look before the answer leaves."""
        question = Question(frozenset(body.fields), body.purpose, body.reason)
        try:
            return models.shown_out(await revealing.reveal(principal, case_id, question))
        except _WRONG as error:
            raise problem_of(error) from None

    @router.post("/v1/vault/cases/{case_id}:export")
    async def export(principal: Looking, case_id: models.Id) -> dict[str, Any]:
        """Everything the vault holds about her, to be given to her, who is there and asked for it."""
        question = Question(frozenset(Field), Purpose.FOR_HER, Reason.SHE_ASKED)
        try:
            return models.shown_out(await revealing.reveal(principal, case_id, question, Deed.EXPORTED))
        except _WRONG as error:
            raise problem_of(error) from None

    @router.post("/v1/vault/cards:check-out")
    async def check_out(principal: Looking, body: models.CheckOutIn) -> dict[str, Any]:
        """The safe-contact cards of today's cases, for work without a network: all of them or none."""
        try:
            shown = await revealing.check_out(principal, body.case_ids)
        except _WRONG as error:
            raise problem_of(error) from None
        return {"cards": [models.shown_out(one) for one in shown]}

    @router.post("/v1/vault/looks", status_code=201)
    async def note_offline_looks(principal: Looking, body: models.OfflineLooksIn) -> dict[str, Any]:
        """Looks at cards that a device noted without a network."""
        try:
            looks = [OfflineLook(look.case_id, _instant(look.at, "looks.at")) for look in body.looks]
            await revealing.note_offline_looks(principal, looks)
        except _WRONG as error:
            raise problem_of(error) from None
        return {"noted": len(looks)}

    return router


def glass_routes(breaking: BreakingGlass) -> APIRouter:
    router = APIRouter(tags=["vault"], responses=ANSWERS)

    @router.post("/v1/vault/cases/{case_id}:break-glass", status_code=201)
    async def break_glass(principal: Breaking, case_id: models.Id, body: models.GlassIn) -> dict[str, Any]:
        """For three hours she may look; her caseworker and the organisation's head see that she did."""
        try:
            return models.glass_out(await breaking.break_glass(principal, case_id, body.reason))
        except _WRONG as error:
            raise problem_of(error) from None

    @router.get("/v1/vault/broken-glass")
    async def broken_glass(principal: SeeingGlass) -> dict[str, Any]:
        """Of the last 90 days, newest first, as far as it is the asker's to see."""
        try:
            return {"items": [models.glass_out(glass) for glass in await breaking.seen_by(principal)]}
        except _WRONG as error:
            raise problem_of(error) from None

    return router


def audit_routes(audit: Audit) -> APIRouter:
    router = APIRouter(tags=["vault"], responses=ANSWERS)

    @router.get("/v1/vault/audit")
    async def read_audit(
        principal: ReadingAudit,
        before: Annotated[int | None, Query(ge=1)] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        case_id: models.Id | None = None,
        account_id: Annotated[str | None, Query(max_length=36)] = None,
    ) -> dict[str, Any]:
        """Who looked at whom and what for, newest first. `end`: to be remembered outside, and compared next time.

        `budget_spent`: who asked for more different cases than a day allows, in the last fortnight.
        """
        try:
            page = await asyncio.to_thread(audit.read, principal, before, limit, case_id, account_id)
        except _WRONG as error:
            raise problem_of(error) from None
        items = [models.entry_out(entry) for entry in page.entries]
        spent = [models.spent_out(one) for one in page.spent]
        return {"items": items, "end": models.end_out(page.end), "more": page.more, "budget_spent": spent}

    return router


def _kept(kept: Kept) -> dict[str, Any]:
    return {"case_id": kept.case_id, "kept_at": format_instant(kept.kept_at), "same_phone": sorted(kept.same_phone)}


def _instant(text: str, field: str) -> int:
    """Raises InvalidIdentity."""
    try:
        return parse_instant(text)
    except ValueError as error:
        raise InvalidIdentity([(field, str(error))]) from None
