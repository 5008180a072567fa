"""Asking for each thing the system serves, as each role, about what is hers and what is not: the status obtained."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import grpc
import httpx
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from reintegration.v1 import case_events_pb2 as pb
from reintegration.v1 import case_events_pb2_grpc as pb_grpc
from reintegration.v1 import vault_pb2 as vault_pb
from reintegration.v1 import vault_pb2_grpc as vault_grpc

from services.access.demo_people import DemoPerson
from services.casework.codec import event_to_message
from services.casework.domain.case_code import case_code
from services.casework.domain.events import parse_event
from services.casework.domain.instants import HOUR, format_instant
from services.web.dhaka import for_form
from services.web.sessions import FORM_FIELD, form_token
from tests import local_http
from tests.acceptance.faces import Served
from tests.acceptance.survivor_cases import Json, an_event, now
from tests.sealed_entry import an_envelope, sealed_entry
from tests.system_fixture import System, bearer

RECORDING = ("/v1/events", "/v1/events:batch", "/unsent/events", "/unsent/words")
SEALED = ("/unsent/events", "/unsent/words", "/unsent/looks", "/unsent/opened")
"""What phones send sealed to the origin."""
ANSWERED_ONE_BY_ONE = ("/v1/events:batch", "/unsent/events", "/unsent/words", "/unsent/looks")
FIRST_QUARTER, NEXT_QUARTER = "2020-Q1", "2020-Q2"
ABOUT_ONE_IN_THE_BODY = (
    *RECORDING,
    "/inbox/chosen/{act}",
    "/cases/chosen/{act}",
    "/v1/vault/cards:check-out",
    "/v1/vault/looks",
    "/unsent/looks",
)
OPENING_GLASS = (":break-glass", "/glass")
"""Asked last: from then on she may look."""
ERASING = (":erase", "/erase")
_KEEPING = ("/identity", "/safe-contact-plan", "/notes/{note_id}", "/KeepIdentity", "/KeepNote")
_RECORDING_PAGES = (
    "/cases/chosen/{act}",
    *(f"/cases/{{case_id}}/{page}" for page in ("record", "identity", "words")),
)
_SUBJECTS = ("{case_id}", "{alert_id}", "{account_id}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CALL = {"direction": "outgoing", "outcome": "no_answer"}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a request is about: a case, an open alert of it, who has it, and an account."""

    case_id: str
    alert_id: str
    caseworker_id: str
    account_id: str


@dataclass(frozen=True, slots=True)
class Obtained:
    """status: as the matrix writes it; text: of the body, without what differs from one request to the next."""

    status: str
    text: str


def is_about_somebody(served: Served) -> bool:
    if served.part == "grpc":
        return served.path.startswith("/reintegration.")
    return served.path in ABOUT_ONE_IN_THE_BODY or any(name in served.path for name in _SUBJECTS)


def records(served: Served) -> bool:
    """Whether it records or keeps something of a case by its id: of a case nobody knows anybody may be the first."""
    by_form = served.method == "POST" and served.path in _RECORDING_PAGES
    recorded = served.path in RECORDING or "CaseEvents/" in served.path or by_form
    return recorded or (served.part in ("vault", "grpc") and served.path.endswith(_KEEPING))


def ask(system: System, served: Served, who: DemoPerson | None, about: Subject) -> Obtained:
    if served.part == "grpc":
        return _rpc(system, served.path, who, about)
    if served.part == "web" and not served.is_plumbing:
        return _page(system, served, who, about)
    return _route(system, served, who, about)


# --- routes of services ----------------------------------------------------------------------------------------------


def _route(system: System, served: Served, who: DemoPerson | None, about: Subject) -> Obtained:
    origin = system.addresses[served.part] if served.is_plumbing else system.url
    url = origin + _filled(served.path, about)
    body = _body(system, served, about)
    with system.http.stream(served.method, url, headers=bearer(who), json=body) as answer:
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            return Obtained(str(answer.status_code), "")
        answer.read()
        return Obtained(_status(served, answer), _same_for_all(answer.text, about))


def _filled(path: str, about: Subject) -> str:
    """`act` and `name` stand for one of several that are alike."""
    values = {
        "session_id": "none",
        "absence_id": "none",
        "proposal_id": "none",
        "channel_id": "none",
        "import_id": "00000000-0000-4000-8000-000000000000",
        "act": "assign" if path.startswith("/cases/") else "cancel" if "/trial/" in path else "acknowledge",
        "name": "still_in_work" if "/curves/" in path else "contacted_on_time",
        "file": "in_work.csv" if path.startswith("/outcomes/") else "icon.svg",
        "note_id": str(uuid4()),
        "number": "1",
        "indicator": "in_work",
        "language": "en",
    }
    return path.format(case_id=about.case_id, alert_id=about.alert_id, account_id=about.account_id, **values)


def _body(system: System, served: Served, about: Subject) -> Json | None:
    match served.path:
        case "/v1/events":
            return an_event(about.case_id, "call", _CALL)
        case "/v1/events:batch":
            return {"events": [an_event(about.case_id, "call", _CALL)]}
        case "/v1/alerts/{alert_id}:acknowledge":
            return {}
        case "/v1/alerts/{alert_id}:snooze":
            return {"until": format_instant(now() + HOUR), "reason": "visit_planned"}
        case "/v1/alerts/{alert_id}:reassign":
            return {"caseworker_id": about.caseworker_id}
        # None of these is taken: nobody of the matrix must be told anything.
        case "/v1/notifications/channels":
            return {"kind": "webhook", "address": "nowhere", "severities": ["low"], "levels": [1]}
        case "/v1/notifications/preferences":
            return {"language": "en", "digest_at": "never", "quiet_from": "21:00", "quiet_until": "07:00"}
        case "/v1/notifications/working-days":
            return {"days": []}
        case "/v1/session":
            return {"name": system.anna.sign_in_name, "password": system.anna.password}
        case "/v1/releases" if served.method == "POST":
            return {"quarter": NEXT_QUARTER}
        case "/v1/releases/{number}:publish":
            return {"digest": "0" * 64}
        # Nothing of it is tried or switched on.
        case "/v1/policy/trial" if served.method == "POST":
            return {"instead_of": "none", "policy": {}}
        case "/v1/policy/trial:switch-on":
            return {"trial_id": "none"}
        case "/v1/targets" | "/v1/targets:drop" if served.method != "GET":
            return {"programme": None, "indicator": "silent", "value": 0, "by": "2020-12-31"}
        case "/v1/accounts" if served.method == "POST":
            return {"sign_in_name": f"made-{uuid4().hex}", "name": "Invented (test)", "roles": ["evaluator"]}
        case "/v1/accounts/{account_id}:change-roles":
            return {"roles": ["evaluator"]}
        case "/v1/invitation":
            return {"code": uuid4().hex, "password": "a password of nobody"}
        case "/v1/absences":
            # Over before it begins: nobody of the matrix must have anybody's cases.
            return {"since": format_instant(now() + HOUR), "until": format_instant(now())}
        case "/v1/session:second-factor":
            return {"challenge": "nobody was given this", "code": "000000"}
        case "/v1/session:refresh":
            return {"refresh_token": "nobody was given this"}
        case "/v1/vault/cases/{case_id}/identity":
            return {"names": ["Invented (test)"]}
        case "/v1/vault/cases/{case_id}/safe-contact-plan":
            return {"channel": "voice", "windows": []}
        case "/v1/vault/cases/{case_id}/notes/{note_id}":
            return {"text": "invented words", "occurred_at": format_instant(now())}
        case "/v1/vault/cases/{case_id}:reveal":
            return {"fields": ["names"], "purpose": "visit"}
        case "/v1/vault/cases/{case_id}:break-glass":
            return {"reason": "complaint"}
        case "/v1/vault/cases/{case_id}:erase":
            return {"reason": "her_wish"}
        case "/v1/vault/cards:check-out":
            return {"case_ids": [about.case_id]}
        case "/v1/vault/looks":
            return {"looks": [{"case_id": about.case_id, "at": format_instant(now())}]}
        case "/v1/imports" if served.method == "POST":
            return {"content": ""}
        case "/v1/imports/{import_id}:check":
            return {"columns": []}
        case "/v1/imported-identities":
            return {"kept_by": about.account_id, "items": []}
        case "/v1/service-token":
            return {"service": "vault", "secret": "not the vault's"}
        case _:
            return None


def _status(served: Served, answer: httpx.Response) -> str:
    if served.path in ANSWERED_ONE_BY_ONE and answer.status_code == 200:
        (result,) = answer.json()["results"]
        inner = result["problem"]["status"] if "problem" in result else "a receipt"
        return f"200 with {inner}"
    if answer.is_redirect:
        onwards = answer.headers["location"].partition("?")[0]
        return f"{answer.status_code} to {_UUID.sub('ID', onwards)}"
    return str(answer.status_code)


def _same_for_all(text: str, about: Subject) -> str:
    for known in (about.case_id, about.alert_id, about.account_id, about.caseworker_id):
        text = text.replace(known, "ID")
    text = text.replace(case_code(about.case_id), "CODE")
    text = _UUID.sub("ID", text)
    return re.sub(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "TIME", text)


# --- pages -----------------------------------------------------------------------------------------------------------


def _page(system: System, served: Served, who: DemoPerson | None, about: Subject) -> Obtained:
    url = system.url + _filled(served.path, about)
    cookies = {} if who is None else {"cookie": f"session={who.token}"}
    headers = {"origin": system.url, **cookies}
    form = {} if who is None else {FORM_FIELD: form_token(who.token)}
    form |= _typed(system, served, about)
    content: Json = {"data": form} if served.method == "POST" else {}
    if served.path in SEALED:
        content = {"json": {"entries": [_sealed(system, who, about)]}}
    # A browser of her own: one that had signed in before would bring that session along.
    with local_http.client(timeout=30) as browser:
        answer = browser.request(served.method, url, headers=headers, **content)
    # Around the refusal the inbox comes back with her own alerts, whose words change every second.
    said = "".join(re.findall(r"data-refusal>(.*?)<", answer.text)) if "/inbox/" in served.path else answer.text
    return Obtained(_status(served, answer), _same_for_all(said, about))


def _sealed(system: System, who: DemoPerson | None, about: Subject) -> Json:
    """An event, words of it, and a look."""
    key = system.http.get(f"{system.url}/static/sealing-key.json").json()
    event = an_event(about.case_id, "call", _CALL)
    account_id = who.account_id if who else about.account_id
    words = {"case_id": about.case_id, "note_id": str(uuid4()), "occurred_at": event["occurred_at"], "text": "invented"}
    look = {"case_id": about.case_id, "at": event["occurred_at"]}
    entry = sealed_entry(key, account_id, event)
    for what, said in (("words", words), ("look", look)):
        bound = (what, event["event_id"], account_id, 1)
        entry["sealed"][what] = an_envelope(key, bound, json.dumps(said).encode())
    return entry


def _typed(system: System, served: Served, about: Subject) -> dict[str, str]:
    event = {"event_id": str(uuid4()), "occurred_at": for_form(datetime.now(UTC))}
    match served.path:
        case "/sign-in":
            return {"name": system.anna.sign_in_name, "password": system.anna.password}
        case "/second-factor":
            return {"challenge": "nobody was given this", "code": "000000"}
        case "/invitation":
            password = "a password of nobody"
            return {"code": uuid4().hex, "password": password, "again": password}
        case "/targets" | "/targets/drop":
            return {"indicator": "silent", "value": "0", "by": "2020-12-31"}
        case "/releases":
            return {"quarter": NEXT_QUARTER}
        case "/releases/{number}/publish":
            return {"looked": "yes", "digest": "0" * 64}
        case "/open-case":
            opening = {"source": "police", "pathway": "family", "district": "jashore"}
            return {**event, "case_id": str(uuid4()), "caseworker_id": about.caseworker_id, **opening}
        case "/cases/{case_id}":
            return {"purpose": "visit"}
        case "/cases/chosen/{act}":
            return {"form_id": str(uuid4()), "line": about.case_id, "caseworker_id": about.caseworker_id}
        case "/inbox/chosen/{act}":
            return {"form_id": str(uuid4()), "line": f"{about.case_id} {about.alert_id}"}
        case "/cases/{case_id}/identity":
            return {"act": "identity", "names": "Invented (test)"}
        case "/cases/{case_id}/glass":
            return {"sure": "yes", "reason": "complaint"}
        case "/cases/{case_id}/erase":
            return {"code": case_code(about.case_id), "reason": "her_wish"}
        case "/cases/{case_id}/words":
            return {"note_id": str(uuid4()), "words": "invented words", "occurred_at": format_instant(now())}
        case "/cases/{case_id}/record":
            return {**event, "type": "call", **_CALL}
        case _:
            return {}


# --- RPCs ------------------------------------------------------------------------------------------------------------


def _rpc(system: System, path: str, who: DemoPerson | None, about: Subject) -> Obtained:
    address = system.vault_grpc if path.startswith("/reintegration.v1.Vault/") else system.grpc
    with grpc.insecure_channel(address) as channel:
        try:
            return _called(channel, path, tuple(bearer(who).items()), about)
        except grpc.RpcError as error:
            assert isinstance(error, grpc.Call)
            return Obtained(error.code().name, _same_for_all(str(error.details()), about))


def _called(channel: grpc.Channel, path: str, metadata: tuple[tuple[str, str], ...], about: Subject) -> Obtained:
    named: dict[str, Any] = {"metadata": metadata, "timeout": 20}
    match path.rpartition("/")[2]:
        case "RecordEvent":
            pb_grpc.CaseEventsStub(channel).RecordEvent(pb.RecordEventRequest(event=_message(about)), **named)
            return Obtained("OK", "")
        case "RecordEvents":
            requests = iter([pb.RecordEventsRequest(event=_message(about))])
            (answer,) = pb_grpc.CaseEventsStub(channel).RecordEvents(requests, **named)
            inner = "a receipt" if answer.HasField("receipt") else answer.refusal.reason
            return Obtained(f"OK with {inner}", "")
        case "KeepIdentity":
            names = vault_pb.TextList(items=["Invented (test)"])
            vault_grpc.VaultStub(channel).KeepIdentity(
                vault_pb.KeepIdentityRequest(case_id=about.case_id, names=names), **named
            )
        case "KeepNote":
            note = vault_pb.KeepNoteRequest(case_id=about.case_id, note_id=str(uuid4()), text="invented words")
            note.occurred_at.GetCurrentTime()
            vault_grpc.VaultStub(channel).KeepNote(note, **named)
        case "RevealIdentity":
            look = vault_pb.RevealIdentityRequest(case_id=about.case_id, fields=["names"], purpose="visit")
            vault_grpc.VaultStub(channel).RevealIdentity(look, **named)
        case "CheckOutCards":
            vault_grpc.VaultStub(channel).CheckOutCards(
                vault_pb.CheckOutCardsRequest(case_ids=[about.case_id]), **named
            )
        case "Check":
            health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), **named)
        case "List":
            health_pb2_grpc.HealthStub(channel).List(health_pb2.HealthListRequest(), **named)
        case "Watch":
            next(health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), **named))
        case "ServerReflectionInfo":
            requests = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
            list(reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(requests, **named))
        case _:
            raise AssertionError(f"nobody has said how {path} is called: say it here and in matrix.txt")
    return Obtained("OK", "")


def _message(about: Subject) -> Any:
    return event_to_message(parse_event(an_event(about.case_id, "call", _CALL), "", ""))


def in_columns(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
