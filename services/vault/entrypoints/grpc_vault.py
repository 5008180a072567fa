"""The vault over gRPC."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Final, TypeVar

from reintegration.v1 import vault_pb2 as pb
from reintegration.v1 import vault_pb2_grpc as pb_grpc

from services.access.domain.permissions import Action
from services.casework.codec.timestamps import instant_of, timestamp
from services.runtime.grpc_server import RpcService, current_principal
from services.vault.application.contents import list_of, plan_of
from services.vault.application.errors import VaultError
from services.vault.application.keeping import Keeping
from services.vault.application.ports import Plain
from services.vault.application.revealing import Question, Revealing, Shown
from services.vault.domain.identity import Field, Identity, InvalidIdentity
from services.vault.domain.looks import Purpose, Reason
from services.vault.entrypoints.models import phone_at, require_id
from services.vault.entrypoints.problems import code_of

Answer = TypeVar("Answer")

_PERMISSIONS: Final = {
    "KeepIdentity": Action.KEEP_IDENTITY,
    "KeepNote": Action.KEEP_NOTE,
    "RevealIdentity": Action.REVEAL_IDENTITY,
    "CheckOutCards": Action.REVEAL_IDENTITY,
}


def vault_service(keeping: Keeping, revealing: Revealing) -> RpcService:
    return RpcService(
        descriptor=pb.DESCRIPTOR.services_by_name["Vault"],
        permissions=_PERMISSIONS,
        register=lambda server: pb_grpc.add_VaultServicer_to_server(VaultServicer(keeping, revealing), server),
    )


class VaultServicer(pb_grpc.VaultServicer):
    def __init__(self, keeping: Keeping, revealing: Revealing) -> None:
        self._keeping = keeping
        self._revealing = revealing

    async def KeepIdentity(self, request: pb.KeepIdentityRequest, context: Any) -> pb.KeepIdentityResponse:
        async def keep() -> pb.KeepIdentityResponse:
            kept = await self._keeping.keep_identity(
                current_principal(), require_id("case_id", request.case_id), _identity_of(request)
            )
            return pb.KeepIdentityResponse(kept_at=timestamp(kept.kept_at), same_phone=sorted(kept.same_phone))

        return await _answered(keep(), context)

    async def KeepNote(self, request: pb.KeepNoteRequest, context: Any) -> pb.KeepNoteResponse:
        async def keep() -> pb.KeepNoteResponse:
            kept = await self._keeping.keep_note(
                current_principal(),
                require_id("case_id", request.case_id),
                require_id("note_id", request.note_id),
                request.text,
                _instant(request),
            )
            return pb.KeepNoteResponse(kept_at=timestamp(kept.kept_at))

        return await _answered(keep(), context)

    async def RevealIdentity(self, request: pb.RevealIdentityRequest, context: Any) -> pb.RevealIdentityResponse:
        async def reveal() -> pb.RevealIdentityResponse:
            case_id = require_id("case_id", request.case_id)
            shown = await self._revealing.reveal(current_principal(), case_id, _question(request))
            return pb.RevealIdentityResponse(card=_card(shown))

        return await _answered(reveal(), context)

    async def CheckOutCards(self, request: pb.CheckOutCardsRequest, context: Any) -> pb.CheckOutCardsResponse:
        async def check_out() -> pb.CheckOutCardsResponse:
            case_ids = [require_id("case_ids", case_id) for case_id in request.case_ids]
            shown = await self._revealing.check_out(current_principal(), case_ids)
            return pb.CheckOutCardsResponse(cards=map(_card, shown))

        return await _answered(check_out(), context)


async def _answered(answer: Awaitable[Answer], context: Any) -> Answer:
    try:
        return await answer
    except (VaultError, InvalidIdentity) as error:
        await context.abort(code_of(error), str(error))
        raise AssertionError("abort raises") from error


def _identity_of(request: pb.KeepIdentityRequest) -> Identity:
    """Raises InvalidIdentity."""
    return Identity(
        tuple(request.names.items) if request.HasField("names") else None,
        tuple(map(phone_at, range(len(request.phones.items)), request.phones.items))
        if request.HasField("phones")
        else None,
        request.address if request.HasField("address") else None,
        request.photo if request.HasField("photo") else None,
    )


def _question(request: pb.RevealIdentityRequest) -> Question:
    """Raises InvalidIdentity."""
    try:
        fields = frozenset(map(Field, request.fields))
        reason = Reason(request.reason) if request.HasField("reason") else None
        question = Question(fields, Purpose(request.purpose), reason)
    except ValueError:
        raise InvalidIdentity([("", "fields, purpose or reason: a word that is not in its list")]) from None
    if not fields:
        raise InvalidIdentity([("fields", "expected at least one")])
    return question


def _instant(request: pb.KeepNoteRequest) -> int:
    """Raises InvalidIdentity."""
    try:
        return instant_of(request.occurred_at)
    except ValueError as error:
        raise InvalidIdentity([("occurred_at", str(error))]) from None


def _card(shown: Shown) -> pb.Card:
    card = pb.Card(case_id=shown.case_id, audit_sequence=shown.end.sequence)
    for plain in shown.plain:
        match Field(plain.field):
            case Field.NAMES:
                card.names.extend(list_of(plain))
            case Field.PHONES:
                card.phones.extend(list_of(plain))
            case Field.ADDRESS:
                card.address = plain.content.decode()
            case Field.PHOTO:
                card.photo = plain.content
            case Field.PLAN:
                card.plan.CopyFrom(_plan(plain))
            case Field.NOTES:
                kept_at = timestamp(plain.kept_at)
                card.notes.add(note_id=plain.record, text=plain.content.decode(), kept_at=kept_at)
    return card


def _plan(plain: Plain) -> pb.SafeContactPlan:
    plan = plan_of(plain)
    return pb.SafeContactPlan(
        channel=plan.channel,
        windows=[pb.ContactWindow(weekdays=w.weekdays, begins=w.begins, ends=w.ends) for w in plan.windows],
        who_may_answer=plan.who_may_answer,
        cover_story=plan.cover_story,
        code_word=plan.code_word,
        leave_message=plan.leave_message,
        agreed_at=timestamp(plain.kept_at),
    )
