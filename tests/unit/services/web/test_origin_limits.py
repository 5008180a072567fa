"""Whom the origin answers to, and how often."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest

from services.access.domain.permissions import Role
from services.runtime.rate_limits import Kind, RateLimits
from services.runtime.route_permissions import PUBLIC, declared_permissions
from services.runtime.settings import BucketSize, Settings
from services.web.app import create_app
from services.web.hosts import is_named
from services.web.limiting import is_sign_in, kind_of, name_in
from services.web.routes import route_of
from tests.unit.services.test_hostile_bodies import service_apps
from tests.unit.services.web.test_face_pages import ADDRESSES, SAME_ORIGIN, RolesAreTokens, signed_in
from tests.unit.services.web.test_proxy import streamed

TINY = BucketSize(4, 0.001)
Ask = Callable[..., httpx.AsyncClient]


class Parts:
    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.bodies.append(await request.aread())
        return streamed(httpx.Response(200, json={"ok": True}))


@pytest.fixture
def parts() -> Parts:
    return Parts()


@pytest.fixture
async def origin(parts: Parts) -> AsyncIterator[Ask]:
    """An origin whose every bucket holds four; browsers at addresses of one's choice."""
    sizes = dict.fromkeys(
        ("limit_events", "limit_reading", "limit_searching", "limit_sign_in", "limit_strangers"), TINY
    )
    limits = RateLimits(Settings.model_construct(**sizes))  # type: ignore[arg-type]
    inside = httpx.AsyncClient(transport=httpx.MockTransport(parts))
    app = create_app(ADDRESSES, inside, RolesAreTokens(), limits=limits)

    def browser(address: str = "192.0.2.7") -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=app, client=(address, 4711))
        return httpx.AsyncClient(transport=transport, base_url="http://notebook.example")

    yield browser
    await inside.aclose()


def bearer(role: Role) -> dict[str, str]:
    return {"authorization": f"Bearer {role}"}


async def statuses(browser: httpx.AsyncClient, method: str, path: str, times: int, **content: object) -> list[int]:
    return [(await browser.request(method, path, **content)).status_code for _ in range(times)]  # type: ignore[arg-type]


async def test_a_device_that_asks_too_often_is_told_when_to_come_again(origin: Ask) -> None:
    async with origin() as browser:
        assert await statuses(browser, "GET", "/v1/worklist", 3, headers=bearer(Role.CASEWORKER)) == [200, 200, 429]
        answer = await browser.get("/v1/worklist", headers=bearer(Role.CASEWORKER))
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:reintegration:problem:try_later"
    assert 1 <= int(answer.headers["retry-after"]) <= 2000


async def test_what_is_read_and_what_is_searched_are_counted_apart_and_events_too(origin: Ask) -> None:
    async with origin() as browser:
        for method, path in (("GET", "/v1/worklist"), ("GET", "/v1/outcomes/summary"), ("POST", "/v1/events")):
            got = await statuses(browser, method, path, 3, headers=bearer(Role.CASEWORKER))
            assert got == [200, 200, 429], path


async def test_an_event_that_is_refused_has_not_reached_intake(origin: Ask, parts: Parts) -> None:
    async with origin() as browser:
        await statuses(browser, "POST", "/v1/events", 5, headers=bearer(Role.CASEWORKER), content=b"{}")
    assert len(parts.bodies) == 2


async def test_without_a_good_token_the_address_counts_and_another_address_is_served(origin: Ask) -> None:
    async with origin() as browser:
        assert await statuses(browser, "GET", "/v1/worklist", 5, headers={"authorization": "Bearer forged"}) == [
            *[200] * 4,
            429,
        ]
        # Neither does a new forged token help, nor does it take anything from whoever has a good one.
        assert await statuses(browser, "GET", "/v1/worklist", 1, headers={"authorization": "Bearer other"}) == [429]
        assert await statuses(browser, "GET", "/v1/worklist", 1, headers=bearer(Role.CASEWORKER)) == [200]
    async with origin("192.0.2.8") as browser:
        assert await statuses(browser, "GET", "/v1/worklist", 1) == [200]


async def test_while_keys_cannot_be_read_an_event_is_passed_on(origin: Ask) -> None:
    """Its part says 503, after which phones keep it as well; but nobody has counted it against anybody."""
    async with origin() as browser:
        asleep = {"authorization": "Bearer sleepy"}
        assert await statuses(browser, "POST", "/v1/events", 50, headers=asleep) == [200] * 50
        assert (await statuses(browser, "GET", "/v1/worklist", 5, headers=asleep))[-1] == 429


async def test_sign_ins_are_counted_by_name_and_the_body_goes_on_whole(origin: Ask, parts: Parts) -> None:
    def credentials(name: str) -> bytes:
        return json.dumps({"name": name, "password": "x" * 20_000}).encode()

    json_type = {"content-type": "application/json"}
    async with origin() as browser:
        got = [
            (await browser.post("/v1/session", content=credentials("asha")[:15_000], headers=json_type)).status_code
            for _ in range(3)
        ]
        assert got == [200] * 3
        named = json.dumps({"name": "asha", "password": "invented"}).encode()
        assert await statuses(browser, "POST", "/v1/session", 6, content=named, headers=json_type) == [
            *[200] * 4,
            429,
            429,
        ]
        other = credentials("runa")
        assert await statuses(browser, "POST", "/v1/session", 1, content=other, headers=json_type) == [200]
    assert parts.bodies[-1] == other and parts.bodies[3] == named


async def test_a_body_that_comes_in_pieces_goes_on_whole(origin: Ask, parts: Parts) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 1024

    async with origin() as browser:
        await browser.post("/v1/session", content=pieces())
    assert parts.bodies == [b"x" * 40 * 1024]


async def test_the_sign_in_page_counts_the_same_and_says_it_in_words(origin: Ask) -> None:
    form = {"name": "Asha ", "password": "invented"}
    async with origin() as browser:
        for _ in range(4):
            answer = await browser.post("/sign-in", data=form, headers=SAME_ORIGIN)
            assert answer.status_code != 429
        answer = await browser.post("/sign-in", data=form, headers=SAME_ORIGIN)
        assert answer.status_code == 429 and int(answer.headers["retry-after"]) >= 1
        assert "Too much at once" in answer.text
        bangla = await browser.post("/sign-in", data=form, headers={**SAME_ORIGIN, "cookie": "language=bn"})
        assert "একসাথে" in bangla.text
        api = await browser.post("/v1/session", json={"name": "asha", "password": "invented"})
        assert api.status_code == 429


async def test_health_and_files_are_never_refused(origin: Ask) -> None:
    async with origin() as browser:
        for path in ("/healthz", "/static/shell.js", "/favicon.ico", "/blank"):
            assert await statuses(browser, "GET", path, 10) == [200] * 10


async def test_a_session_of_the_browser_counts_as_its_person(origin: Ask) -> None:
    async with origin() as browser:
        got = await statuses(browser, "GET", "/v1/worklist", 3, headers=signed_in(Role.CASEWORKER))
        assert got == [200, 200, 429]


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/v1/events", Kind.EVENTS),
        ("POST", "/v1/events:batch", Kind.EVENTS),
        ("POST", "/cases/a/record", Kind.EVENTS),
        ("POST", "/open-case", Kind.EVENTS),
        ("POST", "/unsent/events", Kind.EVENTS),
        ("GET", "/v1/events", Kind.READING),
        ("GET", "/cases/a/record", Kind.READING),
        ("GET", "/v1/cases/a", Kind.READING),
        ("POST", "/v1/alerts/a:snooze", Kind.READING),
        ("GET", "/v1/outcomes/summary", Kind.SEARCHING),
        ("GET", "/outcomes", Kind.SEARCHING),
        ("POST", "/v1/cases:search", Kind.SEARCHING),
        ("GET", "/v1/cases/a/export", Kind.SEARCHING),
    ],
)
def test_what_is_asked_for_has_a_kind(method: str, path: str, kind: Kind) -> None:
    assert kind_of(method, path) is kind


def test_ways_to_a_token_are_sign_ins() -> None:
    assert all(is_sign_in("POST", path) for path in ("/sign-in", "/v1/session", "/v1/session:refresh"))
    assert not any(is_sign_in("GET", path) for path in ("/sign-in", "/v1/session"))
    assert not any(is_sign_in("POST", path) for path in ("/v1/sessions", "/v1/session:end", "/sign-out"))


async def test_every_route_that_asks_for_no_token_and_takes_a_body_is_a_way_to_one(tmp_path: Path) -> None:
    """Found where the services declare them: a new way to a token must be counted as one."""
    found = {
        path
        for app in service_apps(tmp_path).values()
        for method, path, permission in declared_permissions(app)
        if permission == PUBLIC and method == "POST" and route_of(path) is not None
    }
    assert {"/v1/session", "/v1/session:refresh", "/v1/invitation"} <= found
    assert {path for path in found if not is_sign_in("POST", path)} == set()


def odd_bodies() -> Iterator[tuple[str, bytes]]:
    form, as_json = "application/x-www-form-urlencoded", "application/json"
    yield from ((form, b"\xff\xfe"), (form, b"name"), (form, b"&".join([b"a=b"] * 500)), (form, b"name=" + b"%" * 99))
    yield from ((as_json, b""), (as_json, b"[]"), (as_json, b"[" * 10_000), (as_json, b'{"name": 7}'), ("", b"\x00"))


@pytest.mark.parametrize(("content_type", "body"), list(odd_bodies()))
def test_a_body_that_says_no_name_is_no_failure(content_type: str, body: bytes) -> None:
    assert name_in(content_type, body) in ("", "%" * 99)


@pytest.mark.parametrize(
    "host", ["notebook.local", "NOTEBOOK.local:8080", "notebook.local.", "a.example.org", "[::1]:9"]
)
def test_a_host_is_known_by_its_name(host: str) -> None:
    assert is_named(host, frozenset({"notebook.local", "*.example.org", "::1"}))


@pytest.mark.parametrize("host", ["", ":8080", "local", "x.notebook.local", "example.org", "a.b.example.org", "[::2]"])
def test_and_not_by_another(host: str) -> None:
    assert not is_named(host, frozenset({"notebook.local", "*.example.org", "::1"}))
