"""POST /v1/events and POST /v1/events:batch."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from services.access.domain.permissions import Action, Principal
from services.casework.application.errors import CaseworkError, Unavailable
from services.casework.application.intake import MOST_IN_BATCH, Intake
from services.casework.application.receipts import Receipt
from services.casework.domain.instants import format_instant
from services.casework.entrypoints.problems import problem_of
from services.runtime.http import KIB, Problem, json_body, permitted

BATCH_PATH: Final = "/v1/events:batch"
BATCH_BYTES: Final = 2048 * KIB

Recording = Annotated[Principal, Depends(permitted(Action.RECORD_EVENT))]


def intake_routes(intake: Intake) -> APIRouter:
    router = APIRouter(tags=["events"])

    @router.post("/v1/events", status_code=201)
    async def record_event(principal: Recording, request: Request) -> Response:
        """201 and a receipt once the log has it; 200 and the first receipt's time when it had it already."""
        try:
            receipt = await intake.record_json(principal, await json_body(request))
        except CaseworkError as error:
            raise problem_of(error) from error
        return JSONResponse(receipt_json(receipt), 200 if receipt.duplicate else 201)

    @router.post(BATCH_PATH)
    async def record_batch(principal: Recording, request: Request) -> Response:
        """Each event gets its own answer, in order; what one of them does wrong does not touch the others."""
        events = _events_of(await json_body(request))
        answers = await intake.record_all_json(principal, events)
        away = [answer for answer in answers if isinstance(answer, Unavailable)]
        if away and not any(isinstance(answer, Receipt) for answer in answers):
            raise problem_of(away[0])
        results = [_result(raw, answer) for raw, answer in zip(events, answers, strict=True)]
        return JSONResponse({"results": results})

    return router


def receipt_json(receipt: Receipt) -> dict[str, object]:
    written: dict[str, object] = {
        "event_id": receipt.event_id,
        "recorded_at": format_instant(receipt.recorded_at),
    }
    return {**written, "duplicate": True} if receipt.duplicate else written


def _events_of(body: object) -> list[object]:
    events = body.get("events") if isinstance(body, dict) else body
    if not isinstance(events, list) or not events:
        sentence = f"expected a list of 1 to {MOST_IN_BATCH} events"
        raise Problem(422, "Not valid", sentence, [("events", sentence)], kind="invalid_event")
    if len(events) > MOST_IN_BATCH:
        sentence = f"at most {MOST_IN_BATCH} events in one batch, not {len(events)}"
        raise Problem(422, "Too many events", sentence, [("events", sentence)], kind="too_many")
    return events


def _result(raw: object, answer: Receipt | CaseworkError) -> dict[str, object]:
    event_id = raw.get("event_id") if isinstance(raw, dict) else None
    named = {"event_id": event_id if isinstance(event_id, str) else None}
    if isinstance(answer, Receipt):
        return {**named, "receipt": receipt_json(answer)}
    return {**named, "problem": problem_of(answer).to_json()}
