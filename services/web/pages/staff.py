"""The staff's pages: whom to contact today, and saying what happened."""

from __future__ import annotations

import asyncio
import logging
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from starlette.responses import Response

from services.access.domain.permissions import Role
from services.casework.domain.case_code import case_code
from services.casework.domain.event_types import EVENT_TYPES, NOTE_ID, EventType, OneOf, Recorder
from services.web.backends import PartAway, Refused
from services.web.broken_glass import broken_glass, of_the_last_week
from services.web.casework_answers import Timeline, TimelineEntry, Worklist
from services.web.catalogue import Words, latin_digits
from services.web.dhaka import for_form, typed_instant
from services.web.faces import NoSuchPage, Visit, fields_of, now_text, page, posted_form, understood
from services.web.forms import ACTIONS_ON_ALERTS, controls_of, read_typed, types_for
from services.web.people import caseworkers
from services.web.routes import Part
from services.web.turning import page_or_beginning
from services.web.written_words import Written, keep_words

_log: Final = logging.getLogger("services.web")
ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT.+Z", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_NAMED_CHOICES: Final = frozenset(
    {"risk", "family_involved", "family_suitable", "stigma", "family_attitude", "severity", "concern"}
)
_FIRST: Final = ("call", "family_check_in", "counselling", "training", "job_placement", "safety_incident")
"""What is recorded most often stands first among the types."""


@page(Role.CASEWORKER)
async def today(visit: Visit) -> Response:
    cursor = visit.request.query_params.get("cursor")
    listing = page_or_beginning(visit, "/v1/worklist", cursor, lang=visit.words.language, limit="200")
    (answer, begun_again), glass = await asyncio.gather(listing, broken_glass(visit))
    with understood(Part.CASEWORK):
        worklist = Worklist.of(answer)
    return visit.show(
        "today.html",
        worklist=worklist,
        begun_again=begun_again,
        area=visit.words.area,
        glass=of_the_last_week(glass),
    )


@page(Role.CASEWORKER, Role.SUPERVISOR)
async def record_page(visit: Visit) -> Response:
    """Without ?type= the types to choose from; with it an empty form."""
    case_id = case_id_of(visit)
    chosen = visit.request.query_params.get("type")
    if chosen is None:
        return visit.show("choose.html", case_id=case_id, code=case_code(case_id), types=_choices(visit))
    event_type = _type_named(visit, chosen)
    sheet = Sheet.empty(case_id, event_type, _given(visit, event_type))
    return await _show_sheet(visit, sheet)


@page(Role.CASEWORKER, Role.SUPERVISOR)
async def record(visit: Visit) -> Response:
    case_id = case_id_of(visit)
    typed = fields_of(await posted_form(visit.request))
    return await _send(visit, Sheet.typed_in(case_id, _type_named(visit, typed.get("type", "")), typed))


@page(Role.CASEWORKER)
async def open_case_page(visit: Visit) -> Response:
    """A new case has its id from the start, so that sending the form twice opens one case."""
    sheet = Sheet.empty(new_id(), EVENT_TYPES["case_opened"], {"caseworker_id": visit.person.account_id})
    return await _show_sheet(visit, sheet)


@page(Role.CASEWORKER)
async def open_case(visit: Visit) -> Response:
    typed = fields_of(await posted_form(visit.request))
    return await _send(visit, Sheet.typed_in(typed.get("case_id", ""), EVENT_TYPES["case_opened"], typed))


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form with what was typed into it. It has its event_id for life: sent twice it is one event.

    words: what is said in words, for the vault; they have their id for life as well.
    """

    case_id: str
    event_type: EventType
    event_id: str
    occurred_at: str
    typed: Mapping[str, str]
    note_id: str
    words: str = ""

    @staticmethod
    def empty(case_id: str, event_type: EventType, typed: Mapping[str, str] | None = None) -> Sheet:
        return Sheet(case_id, event_type, new_id(), for_form(datetime.now(UTC)), typed or {}, new_id())

    @staticmethod
    def typed_in(case_id: str, event_type: EventType, typed: Mapping[str, str]) -> Sheet:
        values = {name: value for name, value in typed.items() if name in event_type.fields and name != NOTE_ID}
        words = typed.get("words", "") if NOTE_ID in event_type.fields else ""
        note_id = typed.get("note_id", "")
        return Sheet(
            case_id, event_type, typed.get("event_id", ""), typed.get("occurred_at", ""), values, note_id, words
        )

    @property
    def is_opening(self) -> bool:
        return self.event_type.name == "case_opened"

    @property
    def is_after_call(self) -> bool:
        return self.event_type.name == "call" and self.typed.get("direction") == "outgoing"

    @property
    def takes_words(self) -> bool:
        return NOTE_ID in self.event_type.fields

    @property
    def note(self) -> dict[str, str]:
        """What the event says of its words: their id, if there are any."""
        return {NOTE_ID: self.note_id} if self.words.strip() else {}


async def _send(visit: Visit, sheet: Sheet) -> Response:
    """Record what the sheet says: the receipt, or the sheet again with what was typed and what is wrong."""
    read = read_typed(sheet.event_type, sheet.typed)
    wrong = {name: visit.words(key) for name, key in read.unreadable.items()}
    occurred_at = ""
    try:
        occurred_at = typed_instant(latin_digits(sheet.occurred_at))
    except ValueError:
        wrong["occurred_at"] = visit.words("expected.time")
    if wrong:
        return await _show_sheet(visit, sheet, 422, wrong, [visit.words("record.not_read")])
    event = {
        "event_id": sheet.event_id,
        "case_id": sheet.case_id,
        "type": sheet.event_type.name,
        "occurred_at": occurred_at,
        "data": {**read.data, **sheet.note},
    }
    try:
        receipt = await visit.post("/v1/events", event)
    except Refused as refusal:
        return await _show_sheet(visit, sheet, refusal.status, *_said(visit.words, sheet, refusal))
    except PartAway as failure:
        said = visit.words("record.away", part=visit.words(f"part.{failure.part}"), time=visit.words.time(now_text()))
        return await _show_sheet(visit, sheet, 503, {}, [said])
    with understood(Part.CASEWORK):
        recorded_at, again = str(receipt["recorded_at"]), bool(receipt.get("duplicate", False))
    written = Written(sheet.case_id, sheet.note_id, occurred_at, sheet.words)
    return visit.show(
        "receipt.html",
        sheet=sheet,
        code=case_code(sheet.case_id),
        recorded_at=recorded_at,
        again=again,
        written=await keep_words(visit, written) if sheet.note else None,
    )


def _said(words: Words, sheet: Sheet, refusal: Refused) -> tuple[dict[str, str], list[str]]:
    """The refusal's messages by the field they stand at, and those that stand at none."""
    at_fields: dict[str, str] = {}
    others: list[str] = []
    for error in refusal.errors:
        name = error.field.removeprefix("data.").split(".")[0]
        if name in sheet.event_type.fields or name == "occurred_at":
            at_fields[name] = error.message
        else:
            others.append(f"{error.field}: {error.message}" if error.field else error.message)
    return at_fields, [words("record.refused", detail=refusal.detail or refusal.title), *others]


@page(Role.CASEWORKER, Role.SUPERVISOR)
async def words(visit: Visit) -> Response:
    """Words that the vault did not have when their event was recorded, sent again."""
    typed = fields_of(await posted_form(visit.request))
    case_id, note_id = case_id_of(visit), typed.get("note_id", "")
    if not ID.fullmatch(note_id):
        raise NoSuchPage
    written = Written(case_id, note_id, typed.get("occurred_at", ""), typed.get("words", ""))
    written = await keep_words(visit, written)
    return visit.show("words.html", written.status, code=case_code(case_id), written=written)


async def _show_sheet(
    visit: Visit,
    sheet: Sheet,
    status: int = 200,
    wrong: Mapping[str, str] | None = None,
    messages: Sequence[str] = (),
) -> Response:
    return visit.show(
        "record.html",
        status,
        sheet=sheet,
        code=case_code(sheet.case_id) if ID.fullmatch(sheet.case_id) else "",
        controls=controls_of(sheet.event_type),
        offered=await _offered(visit, sheet),
        wrong=wrong or {},
        messages=messages,
    )


async def _offered(visit: Visit, sheet: Sheet) -> dict[str, list[tuple[str, str]]]:
    """What an id can be chosen from, by field: people by name, the case's own events by what they were."""
    offered: dict[str, list[tuple[str, str]]] = {}
    try:
        if "caseworker_id" in sheet.event_type.fields:
            people = await caseworkers(visit)
            offered |= (
                {"caseworker_id": [(found.account_id, found.name) for found in people.known]} if people.known else {}
            )
        if "retracts" in sheet.event_type.fields:
            offered["retracts"] = await _retractable(visit, sheet.case_id)
    except (PartAway, Refused) as failure:
        # The field then takes the id itself: a form that was filled in must not be lost with a list it offers.
        _log.warning("a form offers no choice: %s", failure)
    return offered


async def _retractable(visit: Visit, case_id: str) -> list[tuple[str, str]]:
    answer = await visit.get(f"/v1/cases/{case_id}/timeline")
    with understood(Part.CASEWORK):
        entries = [entry for entry in Timeline.of(answer).entries if _can_be_retracted(entry)]
    return [
        (entry.event_id, f"{visit.words.time(entry.occurred_at)}: {visit.words(f'type.{entry.type}')}")
        for entry in entries
    ]


def _can_be_retracted(entry: TimelineEntry) -> bool:
    return not entry.is_retracted and entry.type not in {"retraction", "survivor_erased", *ACTIONS_ON_ALERTS}


def phrase_of(words: Words, names: Mapping[str, str], entry: TimelineEntry) -> str:
    """What an event says, in a line: a choice speaks for itself, anything else with the name of its field."""
    fields = EVENT_TYPES[entry.type].fields if entry.type in EVENT_TYPES else {}
    said: list[str] = []
    for name, value in entry.data.items():
        if name == NOTE_ID:
            continue
        kind = fields[name].kind if name in fields else None
        shown = shown_value(words, names, name, value)
        speaks = isinstance(kind, OneOf) and name not in _NAMED_CHOICES
        said.append(shown if speaks else f"{words(f'field.{name}')}: {shown}")
    return " · ".join(said)


def shown_value(words: Words, names: Mapping[str, str], field: str, value: object) -> str:
    """A value of an event or an attribute, as people read it."""
    match value:
        case str() if field == "caseworker_id":
            return names.get(value, words("case.somebody"))
        case str() if _INSTANT.fullmatch(value):
            return words.time(value)
        case str() if _DAY.fullmatch(value):
            return words.day(value)
        case str() if ID.fullmatch(value):
            return value[:8]
        case list():
            return ", ".join(words.label(field, one) for one in value)
        case dict():
            return ", ".join(f"{words.label(field, name)} {words.numerals(str(one))}" for name, one in value.items())
        case _:
            return words.label(field, value)


def _given(visit: Visit, event_type: EventType) -> dict[str, str]:
    """What the address chooses already: of a call from the list that it was ours."""
    query = visit.request.query_params
    choices = {name: field.kind.values for name, field in event_type.fields.items() if isinstance(field.kind, OneOf)}
    return {name: query[name] for name, values in choices.items() if query.get(name) in values}


def new_id() -> str:
    return str(uuid.uuid4())


def case_id_of(visit: Visit) -> str:
    """The case in the path. Raises NoSuchPage."""
    case_id: str = visit.request.path_params["case_id"]
    if not ID.fullmatch(case_id):
        raise NoSuchPage
    return case_id


def _choices(visit: Visit) -> list[str]:
    return [found.name for found in types_by_use(_recorder(visit)) if found.name != "case_opened"]


def types_by_use(recorder: Recorder) -> list[EventType]:
    """What is recorded most often first."""
    places = {name: place for place, name in enumerate(_FIRST)}
    return sorted(types_for(recorder), key=lambda found: places.get(found.name, len(places)))


def _type_named(visit: Visit, name: str) -> EventType:
    found = next((event_type for event_type in types_for(_recorder(visit)) if event_type.name == name), None)
    if found is None:
        raise NoSuchPage
    return found


def _recorder(visit: Visit) -> Recorder:
    return Recorder.SUPERVISOR if Role.SUPERVISOR in visit.person.roles else Recorder.CASEWORKER
