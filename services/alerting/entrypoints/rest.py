"""GET /v1/alerts, one alert, the stream, the three actions, and GET /v1/detector."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import JSONResponse

from services.access.domain.permissions import Action, Principal
from services.alerting.application.acting import Acting, Asked
from services.alerting.application.errors import AlertingError, InvalidAction
from services.alerting.application.known import Known
from services.alerting.application.listing import groups_for
from services.alerting.application.permission import permitted_alert
from services.alerting.application.streaming import Item, Reset, StreamSlots, Told, live
from services.alerting.domain.alert_record import ActionKind
from services.alerting.domain.case_groups import Wanted, counted
from services.alerting.domain.detector import Freshness
from services.alerting.domain.inbox import Which
from services.alerting.domain.paging import BeginAgain, Page, Pages, UnreadableCursor
from services.alerting.entrypoints.problems import problem_of
from services.alerting.entrypoints.shapes import (
    alert_json,
    counts_json,
    detector_json,
    freshness_json,
    group_json,
    receipt_json,
    transition_json,
)
from services.alerting.entrypoints.sse import EventStream, server_sent
from services.casework.domain.policy import Severity
from services.runtime.authentication import CannotVerify, InvalidToken, token_of, verified
from services.runtime.http import Problem, json_body, permitted

NOBODY: Final = "nobody"
"""As `caseworker_id`: cases that have no caseworker."""

_BEGIN_AGAIN: Final = "The cursor can no longer be continued: read the list again from its first page."

Reading = Annotated[Principal, Depends(permitted(Action.READ_ALERTS))]
ActingOn = Annotated[Principal, Depends(permitted(Action.ACT_ON_ALERT))]
Watching = Annotated[Principal, Depends(permitted(Action.READ_DETECTOR))]
Lang = Annotated[Literal["en", "bn"], Query(description="Language of title, sentence and words.")]


def alert_routes(known: Known, acting: Acting) -> APIRouter:
    router = APIRouter(tags=["alerts"])
    _add_list(router, known)
    # Before the route of one alert, which would take `stream` for an id.
    _add_stream(router, known)
    _add_one(router, known)
    _add_actions(router, acting)
    _add_detector(router, known)
    return router


def _wanted(
    caseworker_id: Annotated[str, Query(description="An account, or `nobody`.")] = "",
    district: str = "",
    upazila: str = "",
    severity: Severity | Literal[""] = "",
    rule_id: str = "",
    level: Literal["", "1", "2", "3"] = "",
) -> Wanted:
    """An empty parameter narrows nothing."""
    owner = "" if caseworker_id == NOBODY else caseworker_id or None
    return Wanted(
        owner,
        district or None,
        upazila or None,
        severity or None,
        rule_id or None,
        int(level) if level else None,
    )


def _add_list(router: APIRouter, known: Known) -> None:
    @router.get("/v1/alerts", responses={410: {"description": _BEGIN_AGAIN}})
    async def list_alerts(
        principal: Reading,
        wanted: Annotated[Wanted, Depends(_wanted)],
        state: Which = Which.OPEN,
        cursor: Annotated[str, Query(description="`next_cursor` of the page before, with the same filters.")] = "",
        limit: Annotated[int, Query(ge=1, le=500, description="New lines; as many may come again.")] = 100,
        lang: Lang = "en",
    ) -> Response:
        """Cases with their alerts, the most pressing first. `position` is what the stream goes on from.

        Whoever reads page after page until `next_cursor` is null, and then the stream from the `position` of the
        *first* page, has been told every alert that was hers, with its history, whatever changed meanwhile. A later
        page begins with cases that changed since and now stand before its first new line (at most `limit` of them), so
        a case may come more than once: the later one counts.
        """
        with _told_as_problems():
            contents = known.complete()
        groups = groups_for(contents.inbox, principal, state, wanted)
        page = _page(Pages(groups, contents.inbox.changes, contents.reading), cursor, limit)
        return JSONResponse(
            {
                "items": [group_json(group, lang, known.now()) for group in page.groups],
                "next_cursor": page.next_cursor,
                "counts": counts_json(counted(groups)),
                "freshness": freshness_json(known.freshness()),
                "position": contents.transitions.position().encode(),
            }
        )


def _page(pages: Pages, cursor: str, limit: int) -> Page:
    """Raises Problem."""
    try:
        return pages.after(cursor, limit) if cursor else pages.first(limit)
    except UnreadableCursor as error:
        raise Problem(422, "Not valid", str(error), [("cursor", str(error))], kind="invalid") from None
    except BeginAgain as error:
        detail = f"{error}: read the list again from its first page, without a cursor"
        raise Problem(410, "Begin again", detail, [("cursor", str(error))], kind="begin_again") from None


def _add_one(router: APIRouter, known: Known) -> None:
    @router.get("/v1/alerts/{alert_id}")
    async def read_alert(principal: Reading, alert_id: str, lang: Lang = "en") -> Response:
        """One alert and everything that happened to it."""
        with _told_as_problems():
            contents = known.complete()
            alert = permitted_alert(contents.inbox, alert_id, principal, Action.READ_ALERTS)
        charge = contents.inbox.charge_of(alert.latest)
        shown = alert_json(alert, charge, lang, known.now())
        return JSONResponse({**shown, "freshness": freshness_json(known.freshness())})


def _add_detector(router: APIRouter, known: Known) -> None:
    @router.get("/v1/detector")
    async def read_detector(_: Watching) -> Response:
        """Is the detector awake: answered also while it is not, and while the log is still being read."""
        return JSONResponse(detector_json(known.freshness(), known.contents.detector.partitions(known.now())))


def _add_actions(router: APIRouter, acting: Acting) -> None:
    verbs = {"acknowledge": ActionKind.ACKNOWLEDGED, "snooze": ActionKind.SNOOZED, "reassign": ActionKind.REASSIGNED}
    for verb, kind in verbs.items():
        _add_action(router, acting, verb, kind)


def _add_action(router: APIRouter, acting: Acting, verb: str, kind: ActionKind) -> None:
    @router.post(
        f"/v1/alerts/{{alert_id}}:{verb}",
        status_code=201,
        name=f"{verb}_alert",
        responses={200: {"description": "The log had it already"}, 409: {"description": "The alert has ended"}},
    )
    async def act(
        principal: ActingOn,
        alert_id: str,
        request: Request,
        idempotency_key: Annotated[str | None, Header(description="The event_id, a lower-case UUID.")] = None,
    ) -> Response:
        """201 and a receipt once the log has it; 200 and the first receipt when it had it already."""
        with _told_as_problems():
            asked = _asked(kind, alert_id, await _body_of(request), idempotency_key)
            receipt = await acting.act(principal, token_of(request.headers.get("authorization")), asked)
        return JSONResponse(receipt_json(receipt), 200 if receipt.duplicate else 201)


async def _body_of(request: Request) -> dict[str, object]:
    """The body's object; empty without one: to acknowledge nothing has to be said. Raises InvalidAction."""
    length = request.headers.get("content-length", "0")
    if length == "0" and "transfer-encoding" not in request.headers:
        return {}
    body = await json_body(request)
    if not isinstance(body, dict):
        raise InvalidAction("the action cannot be taken as it is", [("", "expected a JSON object")])
    return body


def _asked(kind: ActionKind, alert_id: str, body: dict[str, object], key: str | None) -> Asked:
    """Raises InvalidAction when event_id and Idempotency-Key name two different events."""
    fields = {name: value for name, value in body.items() if name != "event_id"}
    stated = body.get("event_id")
    if stated is not None and key is not None and stated != key:
        raise InvalidAction("the action cannot be taken as it is", [("event_id", "not the Idempotency-Key")])
    event_id: Any = stated if stated is not None else key
    return Asked(kind, alert_id, str(uuid.uuid4()) if event_id is None else event_id, fields)


def _add_stream(router: APIRouter, known: Known) -> None:
    slots = StreamSlots()

    @router.get("/v1/alerts/stream", responses={200: {"content": {"text/event-stream": {}}}})
    async def stream_alerts(
        principal: Reading,
        request: Request,
        after: str = "",
        last_event_id: Annotated[str | None, Header()] = None,
        lang: Lang = "en",
    ) -> Response:
        """Server-sent events `transition`, `heartbeat` and `reset`; their `id` is what `after` takes.

        Last-Event-ID, which a browser sends when it comes back, counts before `after`. After a `reset` something may
        be missing: read the list again; the stream itself goes on from now.
        """
        token = token_of(request.headers.get("authorization"))
        verifier = request.app.state.verifier

        async def still_signed_in() -> bool:
            try:
                await verified(verifier, token)
            except (InvalidToken, CannotVerify):
                return False
            return True

        with _told_as_problems():
            known.complete()
            items = live(known, principal, last_event_id or after or None, still_signed_in)
            return EventStream(_events(items, known, lang), slots.taken(principal.account_id))


async def _events(items: AsyncIterator[Item], known: Known, lang: Literal["en", "bn"]) -> AsyncIterator[bytes]:
    # A browser waits so long before it comes back.
    yield b"retry: 2000\n\n"
    async for item in items:
        position = item.position.encode()
        match item.said:
            case Told(transition, charge):
                yield server_sent("transition", transition_json(transition, charge, lang, known.now()), position)
            case Reset(reason):
                yield server_sent("reset", {"reason": reason}, position)
            case Freshness() as freshness:
                yield server_sent("heartbeat", freshness_json(freshness), position)


@contextmanager
def _told_as_problems() -> Iterator[None]:
    """What alerting refuses becomes the problem that a caller is told."""
    try:
        yield
    except AlertingError as error:
        raise problem_of(error) from error
