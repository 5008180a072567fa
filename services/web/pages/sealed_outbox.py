"""What waits on a device, sealed: opened here and handed on, and opened for the person who wrote it.

The account is that of the session, never one that is said: what somebody else wrote does not open. What cannot be
opened is refused by name, so that it stays on the device with the reason.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from services.runtime.problems import Problem, problem_of_status
from services.runtime.strict_json import InvalidJson, strict_json
from services.web.backends import PartAway, Refused, SessionEnded
from services.web.envelopes import About, CannotOpen, What, Why, opened
from services.web.faces import NotSignedIn, Visit, now_text, understood, visit_of
from services.web.noted_looks import NotedLook, tell_looks
from services.web.pages.staff import ID
from services.web.problems import not_from_this_origin, part_away
from services.web.routes import KIB, Part
from services.web.sealing_keys import SealingKeys
from services.web.sessions import ForgedRequest, check_proxied
from services.web.vault_refusals import why_not
from services.web.written_words import Written, keep_words

MOST_AT_ONCE: Final = 200
_BODY_BYTES: Final = 2048 * KIB
_BATCH_SECONDS: Final = 30.0
_SAID: Final = {
    Why.VERSION: "outbox.unopened_version",
    Why.KEY: "outbox.unopened_key",
    Why.DAMAGED: "outbox.unopened_damaged",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """Of the outbox. envelopes: by what is in them; in_clear: what could not be sealed when it was written, alike."""

    event_id: str
    edition: int
    envelopes: dict[str, object]
    in_clear: dict[str, object]

    @staticmethod
    def of(told: object) -> Entry:
        """Raises Problem."""
        match told:
            case {"event_id": str(event_id), "edition": int(edition), **rest} if ID.fullmatch(event_id):
                sealed, in_clear = rest.get("sealed"), rest.get("clear")
                return Entry(event_id, edition, _object(sealed), _object(in_clear))
            case _:
                raise _not_valid("expected event_id, edition, and what is sealed or in clear")

    def told(self, visit: Visit, what: What) -> Any:
        """What it says, None where it says nothing of the kind. Raises CannotOpen."""
        if (clear := self.in_clear.get(what)) is not None:
            return clear
        if (envelope := self.envelopes.get(what)) is None:
            return None
        keys: SealingKeys = visit.request.app.state.sealing_keys
        about = About(what, self.event_id, visit.person.account_id, self.edition)
        try:
            return strict_json(opened(keys, about, envelope))
        except InvalidJson:
            raise CannotOpen(Why.DAMAGED) from None


Told = TypeVar("Told")
Results = dict[str, dict[str, Any]]
"""By event_id, what the origin answers about an entry."""
Answer = Callable[[Visit, Sequence[Entry]], Awaitable[Response]]


def _for_scripts(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    """A route that a device's script asks, under the rules of what is handed on to a part: every answer is JSON."""

    async def answered(request: Request) -> Response:
        try:
            check_proxied(request)
            visit = await visit_of(request)
            return await answer(visit, _entries_of(await _body_of(request)))
        except ForgedRequest as forged:
            return not_from_this_origin(str(forged))
        except (NotSignedIn, SessionEnded):
            return problem_of_status(401, "nobody is signed in").to_response()
        except PartAway as failure:
            return part_away(failure.part)
        except Refused as refusal:
            return _problem_of(refusal).to_response()
        except Problem as problem:
            return problem.to_response()

    return answered


@_for_scripts
async def send_events(visit: Visit, entries: Sequence[Entry]) -> Response:
    """Each event handed on to casework; its receipt or problem, in order. What does not open has one of ours."""
    events, results = _opened(visit, entries, _event_of)
    if events:
        batch = {"events": list(events.values())}
        answer = await visit.post("/v1/events:batch", batch, _BATCH_SECONDS)
        with understood(Part.CASEWORK):
            results |= {event_id: dict(told) for event_id, told in zip(events, answer["results"], strict=True)}
    return _in_order(entries, results)


@_for_scripts
async def send_looks(visit: Visit, entries: Sequence[Entry]) -> Response:
    """Looks at cards, handed on to the vault's audit: when it had them, or the problem, in order."""
    looks, results = _opened(visit, entries, _look_of)
    for event_id, failure in (await tell_looks(visit, looks)).items():
        results[event_id] = {"noted_at": now_text()} if failure is None else {"problem": _not_noted(visit, failure)}
    return _in_order(entries, results)


@_for_scripts
async def send_words(visit: Visit, entries: Sequence[Entry]) -> Response:
    """Words whose event is recorded, handed on to the vault: when it had them, or the problem, in order."""
    return JSONResponse({"results": [await _words_sent(visit, entry) for entry in entries]})


async def _words_sent(visit: Visit, entry: Entry) -> dict[str, object]:
    try:
        written = await keep_words(visit, _words_of(visit, entry))
    except CannotOpen as unopened:
        return {"event_id": entry.event_id, "problem": _unopened(visit, unopened).to_json()}
    if written.refusal:
        problem = Problem(written.status, "Not kept", written.refusal, kind="words_not_kept")
        return {"event_id": entry.event_id, "problem": problem.to_json()}
    return {"event_id": entry.event_id, "words_kept_at": now_text()}


def _words_of(visit: Visit, entry: Entry) -> Written:
    """Raises CannotOpen."""
    match entry.told(visit, What.WORDS):
        case {"case_id": str(case_id), "note_id": str(note_id), "occurred_at": str(occurred_at), "text": str(text)} if (
            ID.fullmatch(case_id) and ID.fullmatch(note_id)
        ):
            return Written(case_id, note_id, occurred_at, text)
        case _:
            raise CannotOpen(Why.DAMAGED)


@_for_scripts
async def open_for_her(visit: Visit, entries: Sequence[Entry]) -> Response:
    """What she wrote herself and was refused, so that she can correct it."""
    return JSONResponse({"results": [_shown(visit, entry) for entry in entries]})


def _shown(visit: Visit, entry: Entry) -> dict[str, object]:
    try:
        told = {str(what): entry.told(visit, what) for what in (What.EVENT, What.WORDS)}
        return {"event_id": entry.event_id, **{what: said for what, said in told.items() if said is not None}}
    except CannotOpen as unopened:
        return {"event_id": entry.event_id, "problem": _unopened(visit, unopened).to_json()}


def _opened(
    visit: Visit, entries: Sequence[Entry], told: Callable[[Visit, Entry], Told]
) -> tuple[dict[str, Told], Results]:
    """What they say, and the problem of each that does not open."""
    found: dict[str, Told] = {}
    results: Results = {}
    for entry in entries:
        try:
            found[entry.event_id] = told(visit, entry)
        except CannotOpen as unopened:
            results[entry.event_id] = {"problem": _unopened(visit, unopened).to_json()}
    return found, results


def _in_order(entries: Sequence[Entry], results: Results) -> Response:
    return JSONResponse({"results": [{**results[entry.event_id], "event_id": entry.event_id} for entry in entries]})


def _look_of(visit: Visit, entry: Entry) -> NotedLook:
    """Raises CannotOpen."""
    match entry.told(visit, What.LOOK):
        case {"case_id": str(case_id), "at": str(at)} if ID.fullmatch(case_id):
            return NotedLook(case_id, at)
        case _:
            raise CannotOpen(Why.DAMAGED)


def _not_noted(visit: Visit, failure: Refused | PartAway) -> dict[str, Any]:
    status = failure.status if isinstance(failure, Refused) else 503
    return Problem(status, "Not noted", why_not(visit, failure), kind="look_not_noted").to_json()


def _event_of(visit: Visit, entry: Entry) -> object:
    """The event, under the id of its entry. Raises CannotOpen."""
    event = entry.told(visit, What.EVENT)
    if not isinstance(event, dict) or event.get("event_id") != entry.event_id:
        raise CannotOpen(Why.DAMAGED)
    return event


def _unopened(visit: Visit, unopened: CannotOpen) -> Problem:
    return Problem(422, "Cannot be opened", visit.words(_SAID[unopened.why]), kind="cannot_open")


def _problem_of(refusal: Refused) -> Problem:
    errors = [(error.field, error.message) for error in refusal.errors]
    return Problem(refusal.status, refusal.title, refusal.detail, errors, kind=refusal.kind)


async def _body_of(request: Request) -> object:
    """Raises Problem."""
    declared = request.headers.get("content-length", "")
    if not declared.isdigit() or int(declared) > _BODY_BYTES:
        # Browsers always say how long it is, and the server holds them to it.
        raise Problem(413, "Too large", f"a body here may have at most {_BODY_BYTES} bytes", kind="too_large")
    try:
        return strict_json(await request.body())
    except InvalidJson as error:
        raise _not_valid(str(error)) from None


def _entries_of(body: object) -> list[Entry]:
    """Each event_id once. Raises Problem."""
    told = body.get("entries") if isinstance(body, dict) else None
    if not isinstance(told, list) or not 1 <= len(told) <= MOST_AT_ONCE:
        raise _not_valid(f"expected 1 to {MOST_AT_ONCE} entries")
    entries = [Entry.of(one) for one in told]
    if len({entry.event_id for entry in entries}) != len(entries):
        raise _not_valid("an event_id stands twice")
    return entries


def _object(told: object) -> dict[str, object]:
    return told if isinstance(told, dict) else {}


def _not_valid(sentence: str) -> Problem:
    return Problem(422, "Not valid", sentence, kind="not_valid")
