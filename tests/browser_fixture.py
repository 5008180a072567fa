"""A browser and, to develop and test the pages alone, services that give canned answers in the documented shapes.

The answers are about invented cases and people. `FakeServices` stands behind a real origin on loopback.
Fixtures: `chromium` (one browser for a module), `faces` (fake services and the origin in front of them).
"""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from services.access.domain.permissions import Principal, Role
from services.casework.domain.case_code import case_code
from services.runtime.authentication import InvalidToken
from services.runtime.problems import Problem
from services.runtime.serve import HttpServer
from services.web.app import create_app
from services.web.bootstrap import new_client
from services.web.routes import Part, route_of

CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

CASEWORKER = "11111111-1111-4111-8111-111111111111"
OTHER_CASEWORKER = "22222222-2222-4222-8222-222222222222"
SUPERVISOR = "33333333-3333-4333-8333-333333333333"
EVALUATOR = "44444444-4444-4444-8444-444444444444"
ADMINISTRATOR = "55555555-5555-4555-8555-555555555555"
CASES = (
    "0d8f0a51-3f0e-4c7e-9a55-000000c0ffee",
    "5b1f9d3c-77aa-4a1c-8a11-0000021fb3d7",
    "9e2c4471-1be4-4d0a-b9d3-00001f4a6c29",
    "c3a97b10-52d1-4be0-a2c8-0000331d90e5",
)
PASSWORD = "an invented password"

PEOPLE = {
    "asha": Principal(CASEWORKER, "rupantar", frozenset({Role.CASEWORKER}), name="Asha Invented"),
    "nasrin": Principal(SUPERVISOR, "rupantar", frozenset({Role.SUPERVISOR}), name="Nasrin Invented"),
    "kamal": Principal(EVALUATOR, "rupantar", frozenset({Role.EVALUATOR}), name="Kamal Invented"),
    "admin": Principal(ADMINISTRATOR, "rupantar", frozenset({Role.ADMINISTRATOR}), name="Admin Invented"),
}


def instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ago(**how_long: float) -> str:
    return instant(datetime.now(UTC) - timedelta(**how_long))


class FakeVerifier:
    """A token is the sign-in name."""

    def verify(self, token: str) -> Principal:
        try:
            return PEOPLE[token]
        except KeyError:
            raise InvalidToken("the token is not valid here") from None


Handler = Callable[[Request], Awaitable[Response]]


@dataclass
class FakeServices:
    """All parts in one app. `away`: parts that answer 503. `recorded`: the events that were taken, by event_id."""

    away: set[Part] = field(default_factory=set)
    recorded: dict[str, dict[str, Any]] = field(default_factory=dict)
    posts: list[tuple[str, Any]] = field(default_factory=list)
    refusal: Problem | None = None
    is_beating: bool = True
    is_stale: bool = False
    worklist: list[dict[str, Any]] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    indicators: list[dict[str, Any]] = field(default_factory=list)
    groups: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    transitions: list[dict[str, Any]] = field(default_factory=list)
    open_streams: int = 0

    def app(self) -> Starlette:
        routes = [
            Route("/readyz", self._readyz),
            Route("/openapi.json", self._openapi),
            Route("/v1/session", self._guarded(self._session), methods=["POST"]),
            Route("/v1/me", self._guarded(self._me)),
            Route("/v1/people", self._guarded(self._people)),
            Route("/v1/accounts", self._guarded(self._accounts)),
            Route("/v1/worklist", self._guarded(self._worklist)),
            Route("/v1/events", self._guarded(self._event), methods=["POST"]),
            Route("/v1/events:batch", self._guarded(self._echo), methods=["POST"]),
            Route("/v1/cases/{case_id}", self._guarded(self._case)),
            Route("/v1/cases/{case_id}/timeline", self._guarded(self._timeline)),
            Route("/v1/policy", self._guarded(self._asked)),
            Route("/v1/alerts", self._guarded(self._alerts)),
            Route("/v1/alerts/stream", self._guarded(self._stream)),
            Route("/v1/alerts/{what}", self._guarded(self._act), methods=["POST"]),
            Route("/v1/detector", self._guarded(self._detector)),
            Route("/v1/outcomes/{name}", self._guarded(self._outcomes)),
        ]
        return Starlette(routes=routes, exception_handlers={Problem: lambda _, problem: problem.to_response()})

    def freshness(self) -> dict[str, Any]:
        if self.is_stale:
            return {"checked_until": ago(minutes=9), "cases_checked": None, "lag_seconds": None, "stale": True}
        return {"checked_until": ago(seconds=1), "cases_checked": 4312, "lag_seconds": 0.4, "stale": False}

    def push(self, transition: dict[str, Any]) -> None:
        """A transition for everybody who has a stream open."""
        self.transitions.append(transition)

    def _guarded(self, answer: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            route = route_of(request.url.path)
            assert route is not None
            if route.part in self.away:
                return Problem(503, "Not available just now").to_response()
            if request.url.path != "/v1/session" and self._who(request) is None:
                return Problem(401, "Not signed in").to_response()
            return await answer(request)

        return guarded

    def _who(self, request: Request) -> Principal | None:
        return PEOPLE.get(request.headers.get("authorization", "").removeprefix("Bearer "))

    async def _readyz(self, _: Request) -> Response:
        return JSONResponse({"status": "ready", "parts": []})

    async def _openapi(self, _: Request) -> Response:
        paths = {"/v1/worklist": {"get": {}}, "/v1/alerts": {"get": {}}, "/readyz": {"get": {}}}
        return JSONResponse({"openapi": "3.1.0", "paths": paths})

    async def _asked(self, request: Request) -> Response:
        """What came through, for tests of the proxy."""
        body = await request.body()
        return JSONResponse(
            {
                "path": request.url.path,
                "query": request.url.query,
                "headers": dict(request.headers),
                "bytes": len(body),
            },
            headers={"set-cookie": "session=a-part-must-not", "x-kept": "yes"},
        )

    async def _echo(self, request: Request) -> Response:
        count = 0
        async for chunk in request.stream():
            count += len(chunk)
        return JSONResponse({"bytes": count})

    async def _session(self, request: Request) -> Response:
        given = await request.json()
        if given["name"] not in PEOPLE or given["password"] != PASSWORD:
            raise Problem(401, "Not signed in", "the name or the password is wrong")
        return JSONResponse({"token": given["name"], "expires_at": ago(hours=-12), "principal": {}})

    async def _me(self, request: Request) -> Response:
        person = self._who(request)
        assert person is not None
        return JSONResponse({"account_id": person.account_id, "name": person.name})

    async def _people(self, _: Request) -> Response:
        names = {CASEWORKER: "Asha Invented", OTHER_CASEWORKER: "Runa Invented"}
        return JSONResponse({"items": [{"account_id": account, "name": name} for account, name in names.items()]})

    async def _accounts(self, _: Request) -> Response:
        items = [
            {
                "account_id": person.account_id,
                "sign_in_name": sign_in_name,
                "name": person.name,
                "roles": sorted(person.roles),
                "areas": [{"district": "satkhira", "upazila": None}] if sign_in_name == "nasrin" else [],
                "created_at": "2026-01-01T00:00:00.000Z",
                "closed_at": None,
            }
            for sign_in_name, person in PEOPLE.items()
        ]
        return JSONResponse({"items": items})

    async def _worklist(self, _: Request) -> Response:
        answer = {"items": self.worklist, "next_cursor": None, "cases_in_scope": 4, "incomplete": False}
        return JSONResponse(answer | {"freshness": self.freshness()})

    async def _event(self, request: Request) -> Response:
        event = await request.json()
        self.posts.append((request.url.path, event))
        if self.refusal is not None:
            raise self.refusal
        again = event["event_id"] in self.recorded
        self.recorded.setdefault(event["event_id"], event)
        receipt = {"event_id": event["event_id"], "recorded_at": ago()} | ({"duplicate": True} if again else {})
        return JSONResponse(receipt, 200 if again else 201)

    async def _case(self, request: Request) -> Response:
        case_id = request.path_params["case_id"]
        if case_id not in CASES:
            raise Problem(404, "Not found", "There is no such case.")
        return JSONResponse(a_case(case_id) | {"freshness": self.freshness()})

    async def _timeline(self, request: Request) -> Response:
        if request.path_params["case_id"] not in CASES:
            raise Problem(404, "Not found", "There is no such case.")
        unreadable = [{"partition": 3, "offset": 77, "reason": "not an envelope", "seen_at": ago(days=2)}]
        answer = {"items": a_timeline(), "next_cursor": None, "unreadable": unreadable}
        return JSONResponse(answer | {"freshness": self.freshness()})

    async def _alerts(self, _: Request) -> Response:
        return JSONResponse(alerts_answer(self.alerts) | {"freshness": self.freshness()})

    async def _act(self, request: Request) -> Response:
        self.posts.append((request.url.path, await request.json()))
        if self.refusal is not None:
            raise self.refusal
        return JSONResponse({"event_id": OTHER_CASEWORKER, "recorded_at": ago()})

    async def _detector(self, _: Request) -> Response:
        return JSONResponse(self.freshness())

    async def _outcomes(self, request: Request) -> Response:
        query, name = request.query_params, request.path_params["name"]
        if query.get("from", "") > query.get("to", "9"):
            sentence = "a period ends after it starts"
            raise Problem(422, "Not valid", sentence, [("to", sentence)])
        asked = {
            "period": {"from": ago(days=90), "to": ago()},
            "data_as_of": ago(),
            "freshness": self.freshness(),
        }
        if name == "summary":
            return JSONResponse(asked | {"items": self.indicators})
        found = next(indicator for indicator in self.indicators if indicator["indicator"] == name)
        by = query["by"]
        items = [{"group": {by: group["key"]}} | group for group in self.groups.get(name, [])]
        return JSONResponse(asked | found | {"total": found, "items": items})

    async def _stream(self, request: Request) -> Response:
        return StreamingResponse(self._events(), media_type="text/event-stream")

    async def _events(self) -> AsyncIterator[str]:
        told = len(self.transitions)
        self.open_streams += 1
        try:
            while True:
                if self.is_beating:
                    yield f"event: heartbeat\ndata: {json.dumps(self.freshness())}\n\n"
                for transition in self.transitions[told:]:
                    yield f"event: transition\nid: {told}\ndata: {json.dumps(transition)}\n\n"
                    told += 1
                await asyncio.sleep(0.2)
        finally:
            self.open_streams -= 1


def a_line(case_id: str, group: str, reason: str, **other: Any) -> dict[str, Any]:
    """A line of the worklist as casework tells it."""
    return {
        "case_id": case_id,
        "code": case_code(case_id),
        "caseworker_id": CASEWORKER,
        "district": "satkhira",
        "upazila": "kaliganj",
        "risk": None,
        "state": "open",
        "group": group,
        "reason": reason,
        "rule_ids": ["contact"],
        "due_by": None,
        "overdue_since": None,
        "last_contact_at": ago(days=12),
        "attempts_since_contact": 0,
        "open_alerts": [],
        "paused_until": None,
    } | other


def a_case(case_id: str) -> dict[str, Any]:
    return {
        "case_id": case_id,
        "code": case_code(case_id),
        "organisation": "rupantar",
        "caseworker_id": CASEWORKER,
        "attributes": {
            "district": "satkhira",
            "upazila": "kaliganj",
            "pathway": "family",
            "family_involved": "no",
            "has_skill": True,
            "programmes": ["livelihoods_40"],
            "risk": "high",
            "caseworker_id": CASEWORKER,
        },
        "state": "open",
        "paused_until": None,
        "summary": "12 days without contact; 2 attempts since.",
        "owed": [
            {
                "rule_id": "contact",
                "title": "Keeping in touch",
                "severity": "high",
                "reason": "12 days without contact; 2 attempts since.",
                "since": ago(days=12),
                "due_by": ago(days=5),
                "overdue": True,
                "raised_at": ago(days=4),
                "alert_id": "77777777-7777-5777-8777-777777777777",
            },
            {
                "rule_id": "family-check-in",
                "title": "Family check-in",
                "severity": "medium",
                "reason": "90 days after she was settled.",
                "since": ago(days=80),
                "due_by": ago(days=-10),
                "overdue": False,
                "raised_at": ago(days=-13),
                "alert_id": None,
            },
        ],
        "open_alerts": [],
        "last_contact_at": ago(days=12),
        "attempts_since_contact": 2,
    }


def a_timeline() -> list[dict[str, Any]]:
    def entry(number: int, type_name: str, days: float, data: dict[str, Any], **other: Any) -> dict[str, Any]:
        return {
            "event_id": f"aaaaaaaa-aaaa-4aaa-8aaa-{number:012}",
            "type": type_name,
            "occurred_at": ago(days=days),
            "recorded_at": ago(days=days, minutes=-3),
            "recorded_by": CASEWORKER,
            "data": data,
            "retracted": False,
            "late": False,
            "conflicts": [],
        } | other

    outgoing = {"direction": "outgoing"}
    return [
        entry(1, "call", 1, outgoing | {"outcome": "no_answer"}),
        entry(2, "call", 3, outgoing | {"outcome": "switched_off"}),
        entry(3, "contact_paused", 6, {"until": ago(days=2), "reason": "her_wish"}, retracted=True),
        entry(4, "call", 12, outgoing | {"outcome": "reached", "wellbeing": 3, "help_requested": False}),
        entry(5, "legal_step", 20, {"step": "hearing", "next_date": "2026-03-12"}, late=True),
        entry(
            6,
            "wellbeing_assessment",
            40,
            {"instrument": "short_form", "version": "1", "scores": {"safety": 0.5}},
            conflicts=[{"recorded_at": ago(days=39), "recorded_by": OTHER_CASEWORKER}],
        ),
        entry(7, "settled", 80, {"pathway": "family", "district": "satkhira", "upazila": "kaliganj"}),
    ]


def an_alert(number: int, title: str, severity: str, days: float, sentence: str, **other: Any) -> dict[str, Any]:
    """An open alert as alerting tells it, `days` overdue."""
    return {
        "alert_id": f"77777777-7777-5777-8777-{number:012}",
        "revision": 1,
        "rule_id": title.lower().replace(" ", "-"),
        "severity": severity,
        "level": 1,
        "c": ago(days=days + 7),
        "d": ago(days=days),
        "r": ago(days=days - 1),
        "s": None,
        "policy_version": "demo",
        "title": title,
        "sentence": sentence,
        "ends_with": ["contact"],
        "what_would_end_it": "It ends when she has been reached.",
        "state": "open",
        "ended_at": None,
        "held_until": None,
        "acknowledged": None,
        "snoozed": None,
        "history": [
            {
                "at": ago(days=days - 1),
                "what": "raised",
                "revision": 1,
                "level": 1,
                "s": None,
                "words": "Raised for the area",
            }
        ],
    } | other


def a_silent_case(case_id: str, *alerts: dict[str, Any], **other: Any) -> dict[str, Any]:
    """A case and its open alerts as alerting tells them."""
    return {
        "case_id": case_id,
        "code": case_code(case_id),
        "district": "satkhira",
        "upazila": "kaliganj",
        "caseworker_id": CASEWORKER,
        "worst": alerts[0]["severity"],
        "level": max(alert["level"] for alert in alerts),
        "overdue_since": min(alert["d"] for alert in alerts),
        "alerts": list(alerts),
    } | other


def alerts_answer(items: list[dict[str, Any]]) -> dict[str, Any]:
    """The list of alerts as alerting answers it."""
    alerts = sum(len(item["alerts"]) for item in items)
    counts = {"cases": len(items), "alerts": alerts, "by_severity": {}, "by_level": {}, "by_caseworker": []}
    return {"items": items, "next_cursor": None, "counts": counts, "position": "AAAA"}


def an_indicator(name: str, title: str, unit: str, counts: tuple[str, str | None], **cell: Any) -> dict[str, Any]:
    """An indicator as outcomes tells it, with its total; `groups` are the cells of its break-down."""
    return {
        "indicator": name,
        "title": title,
        "unit": unit,
        "definition": f"What “{title}” means, to the letter.",
        "counts": {"numerator": counts[0], "denominator": counts[1]},
        "internal": False,
    } | a_cell(**cell)


def a_cell(**cell: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"value": None, "numerator": None, "denominator": None, "hidden": False, "reason": None}
    found |= cell
    value = found["value"]
    found.setdefault("shown", "–" if value is None else str(value) if isinstance(value, int) else f"{value:.1f}")
    return found


@dataclass
class Faces:
    """The origin at `url`, the fake services behind it."""

    url: str
    services: FakeServices


class _Loop:
    """An event loop in a thread of its own, so that synchronous tests can talk to servers."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


@contextmanager
def serving(services: FakeServices) -> Iterator[Faces]:
    """The fake services and an origin in front of them, on free ports of loopback, until the block ends."""
    loop = _Loop()
    behind = HttpServer(services.app(), "127.0.0.1", 0)
    loop.run(behind.start())
    addresses = dict.fromkeys(Part, f"http://127.0.0.1:{behind.port}")
    origin = HttpServer(create_app(addresses, new_client(), FakeVerifier()), "127.0.0.1", 0)
    loop.run(origin.start())
    try:
        yield Faces(f"http://127.0.0.1:{origin.port}", services)
    finally:
        loop.run(origin.stop(1))
        loop.run(behind.stop(1))
        loop.close()


@pytest.fixture
def faces() -> Iterator[Faces]:
    with serving(FakeServices()) as found:
        yield found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium. Missing, the tests fail.

    Not for the whole session: while it lives its event loop counts as running, and asynchronous tests could not run.
    """
    found = shutil.which("chromium")
    assert found is not None, "chromium is needed: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(locale="en-GB", viewport={"width": 1200, "height": 900})
    context.set_default_timeout(10_000)
    yield context
    context.close()


def sign_in(context: BrowserContext, url: str, name: str, password: str = PASSWORD) -> Any:
    """A page signed in through the form, as a person does it."""
    page = context.new_page()
    page.goto(f"{url}/sign-in")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/sign-in" not in address)
    return page
