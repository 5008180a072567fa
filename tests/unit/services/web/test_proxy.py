from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from starlette.requests import Request

from services.access.domain.permissions import Principal
from services.runtime.authentication import InvalidToken
from services.runtime.settings import Settings
from services.web.app import create_app
from services.web.bootstrap import metrics_app, workers_from
from services.web.documents import Documents
from services.web.headers import headers_due
from services.web.routes import KIB, Part
from services.web.sessions import form_token

ADDRESSES = {part: f"http://{part}.inside" for part in Part}
Answer = Callable[[httpx.Request], httpx.Response]


class NobodyIsKnown:
    def known(self, token: str) -> Principal | None:
        return None

    def verify(self, token: str) -> Principal:
        raise InvalidToken("nobody is known here")


def streamed(answer: httpx.Response) -> httpx.Response:
    """The same answer, its body still to be read, as it comes over a wire."""

    async def body() -> AsyncIterator[bytes]:
        yield answer.content

    return httpx.Response(answer.status_code, headers=answer.headers, content=body())


class Seen:
    """What came to the parts. `answer` says what they answer."""

    def __init__(self) -> None:
        self.requests: list[tuple[httpx.Request, bytes]] = []
        self.answer: Answer = lambda request: httpx.Response(200, json={"path": request.url.path})

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        self.requests.append((request, body))
        return streamed(self.answer(request))

    @property
    def only(self) -> httpx.Request:
        ((request, _),) = self.requests
        return request


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
async def browser(seen: Seen) -> AsyncIterator[httpx.AsyncClient]:
    inside = httpx.AsyncClient(transport=httpx.MockTransport(seen))
    origin = create_app(ADDRESSES, inside, NobodyIsKnown())
    transport = httpx.ASGITransport(app=origin)
    async with httpx.AsyncClient(transport=transport, base_url="http://notebook.example") as client:
        yield client
    await inside.aclose()


async def test_a_request_reaches_its_part_with_path_query_and_body(browser: httpx.AsyncClient, seen: Seen) -> None:
    answer = await browser.post("/v1/alerts/a%20b:snooze?x=1&x=2", content=b'{"until": 1}')
    assert answer.status_code == 200
    assert str(seen.only.url) == "http://alerting.inside/v1/alerts/a%20b:snooze?x=1&x=2"
    assert seen.requests[0][1] == b'{"until": 1}'


async def test_a_bearer_token_is_passed_on(browser: httpx.AsyncClient, seen: Seen) -> None:
    await browser.get("/v1/worklist", headers={"authorization": "Bearer abc"})
    assert seen.only.headers["authorization"] == "Bearer abc"


async def test_the_session_cookie_becomes_a_bearer_token_and_stays_here(browser: httpx.AsyncClient, seen: Seen) -> None:
    await browser.get("/v1/worklist", headers={"cookie": "session=abc; language=bn"})
    assert seen.only.headers["authorization"] == "Bearer abc"
    assert "cookie" not in seen.only.headers


async def test_a_token_of_ones_own_counts_before_the_cookie(browser: httpx.AsyncClient, seen: Seen) -> None:
    await browser.post("/v1/events", headers={"cookie": "session=abc", "authorization": "Bearer own"}, content=b"{}")
    assert seen.only.headers["authorization"] == "Bearer own"


@pytest.mark.parametrize(
    "headers",
    [{}, {"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}, {"x-form-token": form_token("other")}],
)
async def test_another_site_cannot_use_the_cookie(
    browser: httpx.AsyncClient, seen: Seen, headers: dict[str, str]
) -> None:
    answer = await browser.post("/v1/events", headers={"cookie": "session=abc"} | headers, content=b"{}")
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert seen.requests == []


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "same-origin"}, {"origin": "http://notebook.example"}, {"x-form-token": form_token("abc")}],
)
async def test_this_origins_own_pages_can(browser: httpx.AsyncClient, seen: Seen, headers: dict[str, str]) -> None:
    answer = await browser.post("/v1/events", headers={"cookie": "session=abc"} | headers, content=b"{}")
    assert answer.status_code == 200 and len(seen.requests) == 1


async def test_hop_by_hop_headers_and_those_named_by_connection_are_dropped(
    browser: httpx.AsyncClient, seen: Seen
) -> None:
    given = {"connection": "keep-alive, x-secret", "x-secret": "1", "te": "trailers", "x-kept": "1", "forwarded": "x"}
    seen.answer = lambda _: httpx.Response(
        200,
        headers={"connection": "x-inner", "x-inner": "1", "keep-alive": "5", "set-cookie": "session=z", "x-ok": "1"},
    )
    answer = await browser.get("/v1/policy", headers=given)
    assert {"x-secret", "te", "forwarded"}.isdisjoint(seen.only.headers) and seen.only.headers["x-kept"] == "1"
    assert {"x-inner", "keep-alive", "set-cookie"}.isdisjoint(answer.headers) and answer.headers["x-ok"] == "1"


async def test_who_asked_is_for_the_origin_to_say(browser: httpx.AsyncClient, seen: Seen) -> None:
    await browser.post("/v1/session", headers={"x-forwarded-for": "10.0.0.1"}, content=b"{}")
    assert seen.only.headers["x-forwarded-for"] == "127.0.0.1"


@pytest.mark.parametrize("part", list(Part))
async def test_a_part_that_is_away_is_named(browser: httpx.AsyncClient, seen: Seen, part: Part) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    seen.answer = away
    path = {
        "casework": "/v1/cases/x",
        "alerting": "/v1/detector",
        "outcomes": "/v1/outcomes",
        "access": "/v1/me",
        "vault": "/v1/vault/audit",
    }[part]
    answer = await browser.get(path)
    assert answer.status_code == 503 and answer.headers["retry-after"] == "5"
    assert answer.headers["content-type"] == "application/problem+json"
    assert f"“{part}”" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/v1/internal", "/v1/cases/%2e%2e/accounts", "/v1/cases/..%2faccounts", "/v1//cases"])
async def test_what_is_not_in_the_table_reaches_nobody(browser: httpx.AsyncClient, seen: Seen, path: str) -> None:
    answer = await browser.get(path)
    assert answer.status_code == 404 and seen.requests == []


async def test_a_body_is_limited_by_its_declared_length(browser: httpx.AsyncClient, seen: Seen) -> None:
    answer = await browser.post("/v1/events", content=b"x" * (256 * KIB + 1))
    assert answer.status_code == 413 and seen.requests == []


async def test_a_body_without_a_length_is_limited_by_what_comes(browser: httpx.AsyncClient, seen: Seen) -> None:
    async def dripping(kilobytes: int) -> AsyncIterator[bytes]:
        for _ in range(kilobytes):
            yield b"x" * KIB

    assert (await browser.post("/v1/events", content=dripping(257))).status_code == 413
    assert seen.requests == []
    assert (await browser.post("/v1/events", content=dripping(256))).status_code == 200
    assert (await browser.post("/v1/events:batch", content=dripping(257))).status_code == 200


async def test_a_refusal_comes_through_word_for_word(browser: httpx.AsyncClient, seen: Seen) -> None:
    body = {"type": "x", "title": "Not valid", "status": 422, "errors": [{"field": "type", "message": "unknown"}]}
    seen.answer = lambda _: httpx.Response(
        422, content=json.dumps(body), headers={"content-type": "application/problem+json"}
    )
    answer = await browser.post("/v1/events", content=b"{}")
    assert answer.status_code == 422 and answer.json() == body
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path", ["/v1/worklist", "/sign-in", "/static/notebook.css", "/static/worker.js", "/healthz", "/nothing", "/blank"]
)
async def test_every_answer_carries_the_security_headers(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(path)
    for name, value in headers_due(path).items():
        assert answer.headers[name] == value
    assert "'unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == ("no-cache" if "static" in path else "no-store")


async def test_readiness_names_the_part_that_is_missing_and_what_it_misses(
    browser: httpx.AsyncClient, seen: Seen
) -> None:
    assert (await browser.get("/readyz")).json() == {"status": "ready", "parts": sorted(Part)}

    def partly(request: httpx.Request) -> httpx.Response:
        if request.url.host == "outcomes.inside":
            raise httpx.ConnectError("refused", request=request)
        if request.url.host == "casework.inside":
            return httpx.Response(503, json={"errors": [{"field": "log", "message": "no broker"}]})
        return httpx.Response(200, json={})

    seen.answer = partly
    answer = await browser.get("/readyz")
    assert answer.status_code == 503
    assert {error["field"] for error in answer.json()["errors"]} == {"outcomes", "casework.log"}
    assert "no broker" not in answer.text


async def test_readiness_counts_the_workers_that_the_settings_name() -> None:
    settings = Settings(neglect_watch_url="http://watch.inside/")
    workers = workers_from(settings)
    assert workers == {"neglect_watch": "http://watch.inside"}

    def standing_still(request: httpx.Request) -> httpx.Response:
        if request.url.host == "watch.inside":
            return httpx.Response(503, json={"errors": [{"field": "progress", "message": "partition 3 stands at 17"}]})
        return httpx.Response(200, json={})

    documents = Documents(httpx.AsyncClient(transport=httpx.MockTransport(standing_still)), {}, workers)
    answer = await documents.readyz(Request({"type": "http"}))
    assert answer.status_code == 503
    assert b"neglect_watch.progress" in answer.body
    assert b"17" not in answer.body


async def test_the_public_origin_shows_no_metrics(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/metrics")).status_code == 404
    inside = httpx.AsyncClient(transport=httpx.ASGITransport(metrics_app()), base_url="http://inside")
    async with inside:
        assert "reintegration_requests" in (await inside.get("/metrics")).text


async def test_the_merged_document_names_a_part_that_did_not_answer(browser: httpx.AsyncClient, seen: Seen) -> None:
    def partly(request: httpx.Request) -> httpx.Response:
        if request.url.host == "casework.inside":
            return httpx.Response(200, json={"paths": {"/v1/worklist": {"get": {}}, "/v1/alerts": {"get": {}}}})
        return httpx.Response(500)

    seen.answer = partly
    document = (await browser.get("/openapi.json")).json()
    assert set(document["paths"]) == {"/v1/worklist"}
    assert document["info"]["x-missing-parts"] == ["access", "alerting", "outcomes", "vault"]
