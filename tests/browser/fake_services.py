"""Services that give canned answers, and can be told to fail, to refuse and to fall silent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from services.access.domain.permissions import Principal
from services.casework.domain.instants import parse_instant
from services.casework.domain.policy import Policy
from services.casework.domain.wording import Language
from services.casework.entrypoints.read_models import policy_out
from services.runtime.problems import Problem
from services.web.routes import Part, route_of
from tests.browser.canned_answers import (
    CASES,
    CASEWORKER,
    OTHER_CASEWORKER,
    PASSWORD,
    PEOPLE,
    a_case,
    a_partition,
    a_timeline,
    ago,
    alerts_answer,
    an_entry,
    cases_answer,
    own_notifications,
)

Handler = Callable[[Request], Awaitable[Response]]


@dataclass
class FakeServices:
    """All parts in one app. `away`: parts that answer 503. `recorded`: the events that were taken, by event_id.

    refused: why events with these values of `problem` are refused. on_event: comes between the log and the answer.
    """

    away: set[Part] = field(default_factory=set)
    recorded: dict[str, dict[str, Any]] = field(default_factory=dict)
    recorded_by: dict[str, str] = field(default_factory=dict)
    posts: list[tuple[str, Any]] = field(default_factory=list)
    refusal: Problem | None = None
    refusals: dict[str, Problem] = field(default_factory=dict)
    """What is refused of actions on an alert and events of a case, by its id."""
    questions: list[dict[str, str]] = field(default_factory=list)
    """What the list of alerts was asked for."""
    refused: dict[str, Problem] = field(default_factory=dict)
    on_event: Callable[[], None] = lambda: None
    is_beating: bool = True
    is_stale: bool = False
    cases_checked: int = 4312
    worklist: list[dict[str, Any]] = field(default_factory=list)
    overseen: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """A supervisor's lists of cases, by name."""
    loads: list[dict[str, Any]] = field(default_factory=list)
    is_incomplete: bool = False
    absences: list[dict[str, Any]] = field(default_factory=list)
    policy: Policy | None = None
    """Without one, what came through is answered, for tests of the proxy."""
    state: str = "open"
    """Of every case."""
    alerts: list[dict[str, Any]] = field(default_factory=list)
    indicators: list[dict[str, Any]] = field(default_factory=list)
    groups: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    curves: list[dict[str, Any]] = field(default_factory=list)
    targets: list[dict[str, Any]] = field(default_factory=list)
    outcomes_asked: list[dict[str, list[str]]] = field(default_factory=list)
    wellbeing: list[dict[str, Any]] = field(default_factory=list)
    series: list[dict[str, Any]] = field(default_factory=list)
    transitions: list[dict[str, Any]] = field(default_factory=list)
    open_streams: int = 0
    not_reached: list[tuple[str, str]] = field(default_factory=list)
    """What every part says that it does not reach, and why."""
    releases: ASGIApp | None = None
    """The real routes of releases, where a test brings them."""
    imports: ASGIApp | None = None
    """Those of imports, alike."""
    notifications: ASGIApp | None = None
    """Those of notifications, alike; without them everybody is told on a channel of her own."""
    rules: ASGIApp | None = None
    """Those of the policy and its trials, alike."""

    def app(self, vault: ASGIApp | None = None) -> Starlette:
        """vault: what answers below /v1/vault while that part is not away; without one nobody broke any glass."""
        routes: list[BaseRoute] = [
            Route("/readyz", self._readyz),
            Route("/openapi.json", self._openapi),
            Route("/v1/session", self._guarded(self._session), methods=["POST"]),
            Route("/v1/me", self._guarded(self._me)),
            Route("/v1/people", self._guarded(self._people)),
            Route("/v1/accounts", self._guarded(self._accounts)),
            Route("/v1/lock-outs", self._guarded(self._nothing)),
            Route("/v1/proposals", self._guarded(self._nothing)),
            Route("/v1/sessions", self._guarded(self._nothing)),
            Route("/v1/delegates", self._guarded(self._nothing)),
            Route("/v1/worklist", self._guarded(self._worklist)),
            Route("/v1/worklist/loads", self._guarded(self._loads)),
            Route("/v1/cases", self._guarded(self._cases)),
            Route("/v1/absences", self._guarded(self._absences)),
            Route("/v1/events", self._guarded(self._event), methods=["POST"]),
            Route("/v1/events:batch", self._guarded(self._batch), methods=["POST"]),
            Route("/v1/cases/{case_id}", self._guarded(self._case)),
            Route("/v1/cases/{case_id}/timeline", self._guarded(self._timeline)),
            *self._rules(),
            Route("/v1/alerts", self._guarded(self._alerts)),
            Route("/v1/alerts/stream", self._guarded(self._stream)),
            Route("/v1/alerts/{what}", self._guarded(self._act), methods=["POST"]),
            Route("/v1/detector", self._guarded(self._detector)),
            Route("/v1/outcomes", self._guarded(self._indicators)),
            Route("/v1/outcomes/{name}", self._guarded(self._outcomes)),
            Route("/v1/targets", self._guarded(self._targets)),
            Route("/v1/targets", self._guarded(self._set_target), methods=["PUT"]),
            Route("/v1/targets:drop", self._guarded(self._drop_target), methods=["POST"]),
            self._whole("/v1/vault", Part.VAULT, vault)
            if vault
            else Route("/v1/vault/broken-glass", self._guarded(self._nothing)),
            # Last, for all that is left below: a mount at their own path would not have the path itself.
            self._whole("/v1", Part.ALERTING, self.notifications)
            if self.notifications
            else Route("/v1/notifications", self._guarded(self._own_notifications)),
        ]
        real: BaseRoute = (
            Route("/v1/releases", self._guarded(self._no_releases))
            if self.releases is None
            else Mount("/", app=self.releases)
        )
        if self.imports is not None:
            real = self._whole("/", Part.CASEWORK, self.imports)
        return Starlette(routes=[*routes, real], exception_handlers={Problem: lambda _, problem: problem.to_response()})

    def freshness(self) -> dict[str, Any]:
        if self.is_stale:
            return {"checked_until": ago(minutes=9), "cases_checked": None, "lag_seconds": None, "stale": True}
        fresh = {"checked_until": ago(seconds=1), "cases_checked": self.cases_checked, "lag_seconds": 0.4}
        return fresh | {"stale": False}

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

    def _whole(self, path: str, part: Part, real: ASGIApp) -> BaseRoute:
        """The whole of what is real below a path, at the paths it has by itself."""

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            if part in self.away:
                await Problem(503, "Not available just now").to_response()(scope, receive, send)
            else:
                await real({**scope, "root_path": ""}, receive, send)

        return Mount(path, answer)

    def _rules(self) -> list[BaseRoute]:
        if self.rules is None:
            return [Route("/v1/policy", self._guarded(self._policy))]
        below = self._whole("/v1/policy", Part.CASEWORK, self.rules)
        return [Route("/v1/policy", self.rules, methods=None), below]

    async def _own_notifications(self, _: Request) -> Response:
        return JSONResponse(own_notifications())

    async def _nothing(self, _: Request) -> Response:
        return JSONResponse({"items": []})

    def _who(self, request: Request) -> Principal | None:
        return PEOPLE.get(request.headers.get("authorization", "").removeprefix("Bearer "))

    async def _readyz(self, _: Request) -> Response:
        if self.not_reached:
            names = ", ".join(name for name, _ in self.not_reached)
            raise Problem(503, "Not ready", f"not reached: {names}", self.not_reached, kind="not_ready")
        return JSONResponse({"status": "ready", "parts": []})

    async def _openapi(self, _: Request) -> Response:
        paths = {"/v1/worklist": {"get": {}}, "/v1/alerts": {"get": {}}, "/readyz": {"get": {}}}
        return JSONResponse({"openapi": "3.1.0", "paths": paths})

    async def _policy(self, request: Request) -> Response:
        if self.policy is None:
            return await self._asked(request)
        language: Language = "bn" if request.query_params.get("lang") == "bn" else "en"
        since = parse_instant("2026-01-01T00:00:00.000Z")
        return JSONResponse(policy_out(self.policy, since, "", language).model_dump())

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

    async def _batch(self, request: Request) -> Response:
        """Events get their answers; of what are none the bytes are counted."""
        body = b"".join([chunk async for chunk in request.stream()])
        if not body.startswith(b"{"):
            return JSONResponse({"bytes": len(body)})
        results = []
        for event in json.loads(body)["events"]:
            self.posts.append((request.url.path, event))
            try:
                results.append({"event_id": event["event_id"], "receipt": self._receipt(request, event)})
            except Problem as problem:
                results.append({"event_id": event["event_id"], "problem": problem.to_json()})
        self.on_event()
        return JSONResponse({"results": results})

    async def _session(self, request: Request) -> Response:
        given = await request.json()
        if given["name"] not in PEOPLE or given["password"] != PASSWORD:
            raise Problem(401, "Not signed in", "the name or the password is wrong")
        told = {"token": given["name"], "expires_at": ago(hours=-12), "refresh_token": given["name"], "principal": {}}
        return JSONResponse(told)

    async def _me(self, request: Request) -> Response:
        person = self._who(request)
        assert person is not None
        return JSONResponse({"account_id": person.account_id, "name": person.name})

    async def _people(self, request: Request) -> Response:
        names = {CASEWORKER: "Asha Invented", OTHER_CASEWORKER: "Runa Invented"}
        if request.query_params.get("everybody"):
            names |= {person.account_id: person.name for person in PEOPLE.values()}
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
                "invited_until": None,
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
        receipt = self._receipt(request, event)
        self.on_event()
        return JSONResponse(receipt, 200 if receipt.get("duplicate") else 201)

    def _receipt(self, request: Request, event: dict[str, Any]) -> dict[str, Any]:
        of_the_event = self.refusals.get(event["case_id"]) or self.refused.get(event["data"].get("problem", ""))
        refusal = of_the_event or self.refusal
        if refusal is not None:
            raise refusal
        again = event["event_id"] in self.recorded
        self.recorded.setdefault(event["event_id"], event)
        person = self._who(request)
        assert person is not None
        self.recorded_by.setdefault(event["event_id"], person.account_id)
        return {"event_id": event["event_id"], "recorded_at": ago()} | ({"duplicate": True} if again else {})

    async def _case(self, request: Request) -> Response:
        case_id = request.path_params["case_id"]
        if case_id not in CASES:
            raise Problem(404, "Not found", "There is no such case.")
        return JSONResponse(a_case(case_id) | {"state": self.state, "freshness": self.freshness()})

    async def _timeline(self, request: Request) -> Response:
        if request.path_params["case_id"] not in CASES:
            raise Problem(404, "Not found", "There is no such case.")
        unreadable = [{"partition": 3, "offset": 77, "reason": "not an envelope", "seen_at": ago(days=2)}]
        hers = [event for event in self.recorded.values() if event["case_id"] == request.path_params["case_id"]]
        items = [an_entry(event) for event in hers] + a_timeline()
        answer = {"items": items, "next_cursor": None, "unreadable": unreadable}
        return JSONResponse(answer | {"freshness": self.freshness()})

    async def _cases(self, request: Request) -> Response:
        answer = cases_answer(self.overseen.get(request.query_params["which"], []))
        return JSONResponse(answer | {"incomplete": self.is_incomplete, "freshness": self.freshness()})

    async def _loads(self, _: Request) -> Response:
        return JSONResponse({"items": self.loads, "incomplete": self.is_incomplete, "freshness": self.freshness()})

    async def _absences(self, _: Request) -> Response:
        return JSONResponse({"items": self.absences})

    async def _alerts(self, request: Request) -> Response:
        self.questions.append(dict(request.query_params))
        return JSONResponse(alerts_answer(self.alerts) | {"freshness": self.freshness()})

    async def _act(self, request: Request) -> Response:
        self.posts.append((request.url.path, await request.json()))
        refusal = self.refusals.get(request.path_params["what"].partition(":")[0], self.refusal)
        if refusal is not None:
            raise refusal
        return JSONResponse({"event_id": OTHER_CASEWORKER, "recorded_at": ago()})

    async def _detector(self, _: Request) -> Response:
        partitions = [a_partition(number, is_silent=self.is_stale and number == 3) for number in range(12)]
        because = ["partition 3 has been silent for 540 s"] if self.is_stale else []
        return JSONResponse(self.freshness() | {"because": because, "partitions": partitions})

    async def _outcomes(self, request: Request) -> Response:
        query, name = request.query_params, request.path_params["name"]
        self.outcomes_asked.append({key: query.getlist(key) for key in query})
        if query.get("from", "") > query.get("to", "9"):
            sentence = "a period ends after it starts"
            raise Problem(422, "Not valid", sentence, [("to", sentence)])
        asked = {
            "period": {"from": ago(days=90), "to": ago()},
            "data_as_of": ago(),
            "freshness": self.freshness(),
        }
        by = query.getlist("by")
        if name == "summary":
            items = [one | {"items": self._groups_of(one["indicator"], by)} for one in self.indicators]
            curves = [one | {"items": self._groups_of(one["curve"], by)} for one in self.curves]
            wellbeing = [{"group": None} | one for one in self.wellbeing]
            return JSONResponse(asked | {"items": items, "curves": curves, "wellbeing": wellbeing})
        listed = {one.get("indicator") or one["curve"]: one for one in (*self.indicators, *self.curves)}
        if name not in listed:
            raise Problem(404, "Not found", "there is no such indicator")
        found = listed[name]
        items = self._groups_of(name, by)
        return JSONResponse(asked | {"total": found} | found | {"items": items, "series": self.series})

    def _groups_of(self, name: str, by: list[str]) -> list[dict[str, Any]]:
        return [{"group": dict.fromkeys(by, group["key"])} | group for group in self.groups.get(name, []) if by]

    async def _no_releases(self, _: Request) -> Response:
        return JSONResponse({"schema_version": 1, "items": []})

    async def _indicators(self, _: Request) -> Response:
        return JSONResponse({"items": self.indicators, "curves": self.curves, "freshness": self.freshness()})

    async def _targets(self, _: Request) -> Response:
        return JSONResponse({"items": self.targets})

    async def _set_target(self, request: Request) -> Response:
        body = await request.json()
        if body["value"] < 0:
            raise Problem(422, "Not valid", "expected a number from 0 on", [("value", "expected a number from 0 on")])
        same = {"title": body["indicator"], "unit": "%", "released_as": "in_work", "released_part": "percent"}
        self.targets.append(body | same)
        return await self._targets(request)

    async def _drop_target(self, request: Request) -> Response:
        body = await request.json()
        self.targets = [one for one in self.targets if any(one[name] != body[name] for name in ("indicator", "by"))]
        return await self._targets(request)

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
