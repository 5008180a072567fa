"""Every answer of the origin, whatever the route, the method and who asks, carries the headers that protect it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from services.access.domain.permissions import Role
from services.web.app import create_app
from services.web.headers import ALWAYS, CONTENT_SECURITY_POLICY, KEPT, headers_due
from services.web.routes import ROUTES
from tests.unit.services.web.test_face_pages import ADDRESSES, CASE, RolesAreTokens
from tests.unit.services.web.test_proxy import streamed

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
ASKERS = (None, "nobody", "sleepy", *(role for role in Role if role is not Role.SYSTEM))
CARELESS = {
    "cache-control": "public, max-age=31536000",
    "content-security-policy": "default-src *",
    "x-content-type-options": "none",
    "x-frame-options": "ALLOWALL",
    "referrer-policy": "unsafe-url",
    "permissions-policy": "camera=*",
    "cross-origin-opener-policy": "unsafe-none",
    "cross-origin-resource-policy": "cross-origin",
    "set-cookie": "session=chosen",
    "server": "a part",
}


async def careless_parts(request: httpx.Request) -> httpx.Response:
    return streamed(careless(request))


def careless(request: httpx.Request) -> httpx.Response:
    """They fail, refuse, answer what nobody understands, break off; and say what no part should."""
    path = request.url.path
    if path.startswith("/v1/policy"):
        raise httpx.ConnectError("away")
    if path.startswith("/v1/cases"):
        return httpx.Response(404, json={"title": "Not found", "detail": "", "errors": []}, headers=CARELESS)
    if path.startswith("/v1/outcomes"):
        return httpx.Response(500, text="<script>failed</script>", headers=CARELESS)
    return httpx.Response(200, json={"items": "not a list of anything"}, headers=CARELESS)


def an_origin() -> Starlette:
    client = httpx.AsyncClient(transport=httpx.MockTransport(careless_parts))
    return create_app(ADDRESSES, client, RolesAreTokens(), names=frozenset({"notebook.example"}))


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=an_origin(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://notebook.example") as client:
        yield client


def paths() -> list[str]:
    """One of every route there is, found where they are declared, and some that there are not."""
    found = [route.path for route in ROUTES]
    for route in an_origin().routes:
        if isinstance(route, Mount):
            found += [f"{route.path}/shell.js", f"{route.path}/missing.js", f"{route.path}/../app.py"]
        else:
            assert isinstance(route, Route)
            found.append(re.sub(r"\{[^}]*\}", CASE, route.path))
    return sorted({*found, "/missing", "/v1/missing", "//", "/v1/cases/%2e%2e/x", "/metrics"})


def faults(answer: httpx.Response) -> list[str]:
    kept = answer.request.url.path.startswith(KEPT)
    due = headers_due(answer.request.url.path)
    wrong = [name for name, value in due.items() if answer.headers.get_list(name) != [value]]
    if answer.headers.get_list("strict-transport-security") != ["max-age=31536000"]:
        wrong.append("strict-transport-security")
    if answer.headers.get_list("cache-control") != ["no-store"] and not kept:
        wrong.append("cache-control")
    if kept and "max-age" in answer.headers.get("cache-control", ""):
        wrong.append("cache-control of a file")
    if "server" in answer.headers or "chosen" in answer.headers.get("set-cookie", ""):
        wrong.append("what a part says of itself")
    for cookie in answer.headers.get_list("set-cookie"):
        wrong += [word for word in ("secure", "httponly", "samesite=strict") if word not in cookie.lower()]
    return wrong


async def test_every_answer_carries_them(browser: httpx.AsyncClient) -> None:
    wrong, statuses = [], Counter[int]()
    for path in paths():
        for method in METHODS:
            for asker in ASKERS:
                cookie = {"cookie": f"__Host-session={asker}"} if asker else {}
                answer = await browser.request(method, path, headers=cookie)
                statuses[answer.status_code] += 1
                wrong += [f"{method} {path} as {asker}: {fault}" for fault in faults(answer)]
    assert wrong == []
    # So many kinds of answers were seen: pages, redirects, refusals, failures of parts.
    assert {200, 303, 403, 404, 405, 503} <= set(statuses)


async def test_so_does_an_answer_to_another_name_and_one_to_whoever_asks_too_often(browser: httpx.AsyncClient) -> None:
    other = await browser.get("/sign-in", headers={"host": "elsewhere.example"})
    assert other.status_code == 421 and faults(other) == []
    answers = [await browser.post("/v1/session", json={"name": "asha"}) for _ in range(30)]
    assert answers[-1].status_code == 429 and faults(answers[-1]) == []


def test_a_file_lacks_only_what_is_said_of_the_page_it_is_drawn_into_and_may_nothing_by_itself() -> None:
    of_file, policy = headers_due("/static/shell.js"), "content-security-policy"
    assert ALWAYS.keys() - of_file.keys() == {"permissions-policy", "x-frame-options", "cross-origin-opener-policy"}
    assert of_file == {name: ALWAYS[name] for name in of_file} | {policy: "default-src 'none'; frame-ancestors 'none'"}
    assert headers_due("/static/worker.js") == headers_due("/today") == ALWAYS


def test_the_policy_has_no_exceptions() -> None:
    sources = dict(part.split(" ", 1) for part in CONTENT_SECURITY_POLICY.split("; "))
    assert set(sources.values()) == {"'none'", "'self'"}
    assert sources["default-src"] == sources["base-uri"] == sources["frame-ancestors"] == "'none'"


async def test_over_plain_http_nobody_is_told_to_come_over_https(browser: httpx.AsyncClient) -> None:
    transport = httpx.ASGITransport(app=an_origin())
    async with httpx.AsyncClient(transport=transport, base_url="http://notebook.example") as plain:
        answer = await plain.get("/sign-in")
    assert "strict-transport-security" not in answer.headers
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
