"""What staff's devices need to record without a connection: empty forms, what is unsent, whose session this is.

Nothing here is about anybody but the person who asks: these pages are kept on the device as they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from services.access.domain.permissions import Role
from services.casework.domain.event_types import EventType, Recorder
from services.runtime.problems import problem_of_status
from services.web.backends import PartAway, SessionEnded
from services.web.catalogue import Language
from services.web.faces import NotSignedIn, Visit, page, visit_of
from services.web.forms import Control, controls_of
from services.web.kept_files import SCRIPT, kept, words_json, worker_script
from services.web.pages.staff import Sheet, types_by_use
from services.web.problems import part_away
from services.web.sealing_keys import SealingKey, SealingKeys
from services.web.sessions import form_secret, form_token


@dataclass(frozen=True, slots=True)
class Blank:
    """A form without a case and without ids: the device makes them, anew for every use."""

    sheet: Sheet
    controls: Sequence[Control]
    offered: Mapping[str, Sequence[tuple[str, str]]]

    @staticmethod
    def of(event_type: EventType, visit: Visit) -> Blank:
        own = visit.person.account_id
        is_opening = event_type.name == "case_opened"
        sheet = Sheet("", event_type, "", "", {"caseworker_id": own} if is_opening else {}, "")
        offered = {"caseworker_id": [(own, visit.person.name)]} if "caseworker_id" in event_type.fields else {}
        return Blank(sheet, controls_of(event_type), offered)


@page(Role.CASEWORKER)
async def sheets(visit: Visit) -> Response:
    """Every form she may fill in, in one page."""
    return visit.show("sheets.html", blanks=[Blank.of(found, visit) for found in types_by_use(Recorder.CASEWORKER)])


@page(Role.CASEWORKER, Role.SUPERVISOR)
async def unsent(visit: Visit) -> Response:
    return visit.show("unsent.html")


async def session(request: Request) -> Response:
    """Whose session the browser has, and its form token: with it a device sends what that person recorded."""
    try:
        visit = await visit_of(request)
    except (NotSignedIn, SessionEnded):
        return problem_of_status(401, "nobody is signed in").to_response()
    except PartAway as failure:
        return part_away(failure.part)
    token = form_token(form_secret(request) or "")
    return JSONResponse({"account_id": visit.person.account_id, "form_token": token})


async def worker(request: Request) -> Response:
    response = kept(request, worker_script(_offered_key(request).key_id), SCRIPT)
    response.headers["service-worker-allowed"] = "/"
    return response


async def sealing_key(request: Request) -> Response:
    """The public key to which devices seal what waits on them."""
    return kept(request, json.dumps(_offered_key(request).to_json()).encode(), "application/json")


def _offered_key(request: Request) -> SealingKey:
    keys: SealingKeys = request.app.state.sealing_keys
    return keys.offered


async def words_of_scripts(request: Request) -> Response:
    language = request.path_params["language"]
    if language not in tuple(Language):
        raise HTTPException(404)
    return kept(request, words_json(Language(language)), "application/json")
