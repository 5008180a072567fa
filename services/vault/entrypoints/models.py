"""What the vault reads and answers over REST. Nothing that was sent is said back in an error."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from services.casework.domain.instants import format_instant
from services.runtime.phone_numbers import e164
from services.vault.application.contents import list_of, plan_of
from services.vault.application.ports import Erasure, Plain
from services.vault.application.revealing import Shown
from services.vault.domain import identity as kept
from services.vault.domain.audit_chain import Checkpoint, Entry
from services.vault.domain.identity import Identity, InvalidIdentity
from services.vault.domain.looks import BrokenGlass, BudgetSpent, ErasureReason, Purpose, Reason
from services.vault.domain.safe_contact import Channel, SafeContactPlan, Window, may_call, needs_review

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)

Id = Annotated[str, Field(pattern=_UUID.pattern, min_length=36, max_length=36)]


class _Strict(BaseModel):
    # A wrong value never stands in an error: it may be her name in the wrong field.
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class IdentityIn(_Strict):
    """A field that is absent is not being said; an empty one says that there is none. photo: base64."""

    names: list[str] | None = None
    phones: list[str] | None = None
    address: str | None = None
    photo: str | None = None


class ImportedIn(_Strict):
    """Of one case of a register. phones: as for IdentityIn; empty where the register does not say."""

    case_id: Id
    names: Annotated[list[str], Field(max_length=kept.MOST_NAMES)]
    phones: Annotated[list[str], Field(max_length=kept.MOST_PHONES)]
    address: str


class ImportedIdentitiesIn(_Strict):
    """kept_by: the account of who brought the register in."""

    kept_by: Id
    items: Annotated[list[ImportedIn], Field(min_length=1, max_length=500)]


class WindowIn(_Strict):
    weekdays: Annotated[list[str], Field(max_length=7)]
    begins: str
    ends: str


class PlanIn(_Strict):
    channel: Annotated[Channel, Field(strict=False)]
    windows: Annotated[list[WindowIn], Field(max_length=21)]
    who_may_answer: str = ""
    cover_story: str = ""
    code_word: str = ""
    leave_message: bool = False


class NoteIn(_Strict):
    """occurred_at: of the event the words belong to, RFC 3339."""

    text: str
    occurred_at: str


class RevealIn(_Strict):
    fields: Annotated[list[Annotated[kept.Field, Field(strict=False)]], Field(min_length=1, max_length=6)]
    purpose: Annotated[Purpose, Field(strict=False)]
    reason: Annotated[Reason, Field(strict=False)] | None = None


class CheckOutIn(_Strict):
    case_ids: Annotated[list[Id], Field(min_length=1, max_length=100)]


class OfflineLookIn(_Strict):
    case_id: Id
    at: str


class OfflineLooksIn(_Strict):
    looks: Annotated[list[OfflineLookIn], Field(min_length=1, max_length=500)]


class GlassIn(_Strict):
    reason: Annotated[Reason, Field(strict=False)]


class EraseIn(_Strict):
    reason: Annotated[ErasureReason, Field(strict=False)]


def identity_of(body: IdentityIn) -> Identity:
    """Raises InvalidIdentity."""
    return Identity(
        None if body.names is None else tuple(body.names),
        None if body.phones is None else tuple(map(phone_at, range(len(body.phones)), body.phones)),
        body.address,
        None if body.photo is None else _bytes(body.photo),
    )


def imported_of(body: ImportedIdentitiesIn) -> dict[str, Identity]:
    """By case; what the register does not say is not being said. Raises InvalidIdentity."""
    return {
        one.case_id: Identity(
            tuple(one.names) or None,
            tuple(map(phone_at, range(len(one.phones)), one.phones)) or None,
            one.address or None,
        )
        for one in body.items
    }


def require_id(field: str, value: str) -> str:
    """Raises InvalidIdentity unless it is a lower-case UUID."""
    if not _UUID.fullmatch(value):
        raise InvalidIdentity([(field, "expected a lower-case UUID")])
    return value


def plan_in(body: PlanIn) -> SafeContactPlan:
    windows = tuple(Window(tuple(window.weekdays), window.begins, window.ends) for window in body.windows)
    return SafeContactPlan(
        body.channel, windows, body.who_may_answer, body.cover_story, body.code_word, body.leave_message
    )


def shown_out(shown: Shown) -> dict[str, Any]:
    """What may be shown now. `audit`: the end of the chain that holds this look."""
    fields: dict[str, Any] = {}
    for plain in shown.plain:
        match kept.Field(plain.field):
            case kept.Field.NAMES | kept.Field.PHONES:
                fields[plain.field] = list_of(plain)
            case kept.Field.ADDRESS:
                fields[plain.field] = plain.content.decode()
            case kept.Field.PHOTO:
                fields[plain.field] = base64.b64encode(plain.content).decode()
            case kept.Field.PLAN:
                fields[plain.field] = _plan_out(plain, shown.shown_at)
            case kept.Field.NOTES:
                fields.setdefault(plain.field, []).append(_note_out(plain))
    return {"case_id": shown.case_id, **fields, "audit": end_out(shown.end)}


def spent_out(spent: BudgetSpent) -> dict[str, Any]:
    return {"account_id": spent.account_id, "times": spent.times, "last_at": format_instant(spent.last_at)}


def entry_out(entry: Entry) -> dict[str, Any]:
    look = entry.look
    return {
        "sequence": entry.sequence,
        "at": format_instant(look.at),
        "account_id": look.actor,
        "deed": look.deed,
        "case_id": look.case_id or None,
        "fields": look.fields.split(",") if look.fields else [],
        "purpose": look.purpose or None,
        "ground": look.ground or None,
        "reason": look.reason or None,
        "detail": look.detail or None,
        "digest": entry.digest.hex(),
    }


def end_out(end: Checkpoint) -> dict[str, Any]:
    return {"sequence": end.sequence, "digest": end.digest.hex(), "signature": end.signature.hex()}


def glass_out(glass: BrokenGlass) -> dict[str, Any]:
    return {
        "case_id": glass.case_id,
        "account_id": glass.account_id,
        "reason": glass.reason,
        "at": format_instant(glass.at),
        "until": format_instant(glass.until),
    }


def erasure_out(erasure: Erasure) -> dict[str, Any]:
    steps = ("forgotten_at", "rotated_at", "recorded_at")
    instants = {step: getattr(erasure, step) for step in steps}
    return {
        "case_id": erasure.case_id,
        "reason": erasure.reason,
        "asked_at": format_instant(erasure.asked_at),
        **{step: None if at is None else format_instant(at) for step, at in instants.items()},
        "done": erasure.is_done,
    }


def _plan_out(plain: Plain, now: int) -> dict[str, Any]:
    plan = plan_of(plain)
    return {
        "channel": plan.channel,
        "windows": [
            {"weekdays": list(window.weekdays), "begins": window.begins, "ends": window.ends} for window in plan.windows
        ],
        "who_may_answer": plan.who_may_answer,
        "cover_story": plan.cover_story,
        "code_word": plan.code_word,
        "leave_message": plan.leave_message,
        "agreed_at": format_instant(plain.kept_at),
        "open_now": may_call(plan, now),
        "needs_review": needs_review(plain.kept_at, now),
    }


def _note_out(plain: Plain) -> dict[str, Any]:
    return {
        "note_id": plain.record,
        "text": plain.content.decode(),
        "kept_at": format_instant(plain.kept_at),
        "kept_by": plain.kept_by,
    }


def phone_at(index: int, phone: str) -> str:
    """Raises InvalidIdentity: a number that cannot be one helps nobody to find her."""
    number = e164(phone)
    if number is None:
        raise InvalidIdentity([(f"phones.{index}", "expected a phone number like 01712-345678 or +91 98765 43210")])
    return number


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidIdentity([("photo", "expected base64")]) from None
