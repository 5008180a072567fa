"""Cases that no alert tells of: paused, without an opening, nobody's; and what is done about several of them."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from services.access.domain.permissions import Role
from services.casework.domain.event_types import EVENT_TYPES, OneOf
from services.web.chosen_lines import NOTHING_CHOSEN, Chosen, ChosenLine, event_id_of, posted_choice
from services.web.faces import NoSuchPage, Visit, now_text, page, understood
from services.web.one_by_one import act_on_all
from services.web.oversight_answers import CaseList, Oversight
from services.web.people import caseworkers
from services.web.routes import Part
from services.web.turning import page_or_beginning

_NUMBER: Final = re.compile(r"[1-9]\d{0,3}", re.ASCII)
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class CaseAct:
    """What is recorded of each chosen case. field: what must be said with it, "" for nothing."""

    event_type: str
    field: str = ""


ACTS: Final[Mapping[str, CaseAct]] = {
    "resume": CaseAct("contact_resumed"),
    "assign": CaseAct("case_assigned", "caseworker_id"),
    "close": CaseAct("case_closed", "reason"),
}


@page(Role.SUPERVISOR)
async def case_list(visit: Visit) -> Response:
    return await _show(visit, _which(visit))


@page(Role.SUPERVISOR)
async def act_on_cases(visit: Visit) -> Response:
    """The same event of every chosen case; where some are refused, the list comes back with those still chosen."""
    which, chosen = _which(visit), await posted_choice(visit, ACTS, ChosenLine.of_case)
    act, typed, lines = chosen.act, chosen.typed, chosen.lines
    wrong = _what_is_missing(ACTS[act], typed, lines)
    if wrong:
        return await _show(visit, which, 422, replace(chosen, said=visit.words(wrong)))
    recording = _Recording.of(visit, chosen)
    became = await act_on_all(visit, lines, recording.of_case)
    if all(one.went_through for one in became):
        return RedirectResponse(_address(visit, which, done=act, n=str(len(became))), 303)
    # Sent again, each event says the same under the same id, and is recorded once.
    again = replace(chosen, typed={**typed, "occurred_at": recording.occurred_at}, became=became)
    return await _show(visit, which, max(one.status for one in became), again)


def _what_is_missing(act: CaseAct, typed: Mapping[str, str], lines: Sequence[ChosenLine]) -> str:
    """The key of the sentence that says so, "" when nothing is."""
    if not lines:
        return "several.choose_lines"
    return f"several.say_{act.field.removesuffix('_id')}" if act.field and not typed.get(act.field) else ""


@dataclass(frozen=True, slots=True)
class _Recording:
    """One event a case. occurred_at: when the form was first sent."""

    visit: Visit
    form_id: str
    event_type: str
    occurred_at: str
    data: Mapping[str, str]

    @staticmethod
    def of(visit: Visit, chosen: Chosen) -> _Recording:
        act, sent_before = ACTS[chosen.act], chosen.typed.get("occurred_at", "")
        occurred_at = sent_before if _INSTANT.fullmatch(sent_before) else now_text()
        data = {act.field: chosen.typed[act.field]} if act.field else {}
        return _Recording(visit, chosen.form_id, act.event_type, occurred_at, data)

    async def of_case(self, line: ChosenLine) -> None:
        """Raises Refused, PartAway."""
        said = {"occurred_at": self.occurred_at, "data": dict(self.data)}
        event_id = event_id_of(self.form_id, self.event_type, line.case_id, said)
        about = {"event_id": event_id, "case_id": line.case_id, "type": self.event_type}
        await self.visit.post("/v1/events", about | said)


async def _show(visit: Visit, which: Oversight, status: int = 200, chosen: Chosen = NOTHING_CHOSEN) -> Response:
    query = visit.request.query_params
    wanted = {"which": which.value, "caseworker_id": query.get("caseworker_id", "")}
    (answer, begun_again), people = await asyncio.gather(
        page_or_beginning(visit, "/v1/cases", query.get("cursor"), limit="200", **wanted), caseworkers(visit)
    )
    with understood(Part.CASEWORK):
        found = CaseList.of(answer)
    done, number = query.get("done", ""), query.get("n", "")
    return visit.show(
        "cases.html",
        status,
        which=which.value,
        found=found,
        begun_again=begun_again,
        people=people,
        names=people.names,
        area=visit.words.area,
        wanted=wanted,
        kept=f"?{urlencode({name: value for name, value in wanted.items() if value})}",
        next_page=f"?{urlencode(wanted | {'cursor': found.next_cursor or ''})}",
        new_id=lambda: str(uuid.uuid4()),
        close_reasons=_close_reasons(),
        chosen=chosen,
        done=done if done in ACTS and _NUMBER.fullmatch(number) else "",
        done_number=int(number) if _NUMBER.fullmatch(number) else 0,
    )


def _which(visit: Visit) -> Oversight:
    """Raises NoSuchPage."""
    try:
        return Oversight(visit.request.query_params.get("which", Oversight.PAUSED))
    except ValueError as error:
        raise NoSuchPage from error


def _address(visit: Visit, which: Oversight, **more: str) -> str:
    caseworker_id = visit.request.query_params.get("caseworker_id", "")
    kept = {"which": which.value, "caseworker_id": caseworker_id, **more}
    return f"/cases?{urlencode({name: value for name, value in kept.items() if value})}"


def _close_reasons() -> tuple[str, ...]:
    kind = EVENT_TYPES["case_closed"].fields["reason"].kind
    assert isinstance(kind, OneOf)
    return kind.values
