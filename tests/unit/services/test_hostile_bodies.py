"""Bodies meant to do harm, at every route of every service and every page, found where the routes are declared."""

from __future__ import annotations

import gzip
import json
import re
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount, Route

import services.access.bootstrap as access
import services.alerting.bootstrap as alerting
import services.casework.bootstrap as casework
import services.outcomes.bootstrap as outcomes
import services.vault.bootstrap as vault
from services.access.domain.permissions import Role
from services.casework.entrypoints.rest_imports import IMPORTS_PATH, REGISTER_BYTES
from services.casework.entrypoints.rest_intake import BATCH_BYTES, BATCH_PATH
from services.runtime.http import DEFAULT_BODY_LIMIT, declared_permissions
from services.runtime.settings import Settings
from services.vault.entrypoints.rest import IMPORTED_BYTES, IMPORTED_PATH
from services.web.app import create_app
from services.web.routes import ROUTES, route_of
from tests import tokens
from tests.unit.services.web.test_face_pages import ADDRESSES, SAME_ORIGIN, RolesAreTokens, signed_in
from tests.unit.services.web.test_proxy import Seen

SOMEBODY = "00000000-0000-4000-8000-00000000000a"
WITH_BODY = ("POST", "PUT", "PATCH")
JSON = {"content-type": "application/json"}
PIECE = 4096

LARGER = {BATCH_PATH: BATCH_BYTES, IMPORTS_PATH: REGISTER_BYTES, IMPORTED_PATH: IMPORTED_BYTES}

DEEP = b'{"a":' * 21 + b"1" + b"}" * 21
HOSTILE: dict[str, bytes] = {
    "deep": DEEP,
    "very deep": b"[" * 200_000,
    "deep behind a string": b'{"a": "\\"]]]]", "b": ' + DEEP + b"}",
    "not a number": b'{"a": NaN}',
    "infinite": b'{"a": 1e999}',
    "beyond 64 bits": b'{"a": ' + b"9" * 5000 + b"}",
    "a name twice": b'{"a": 1, "a": 2}',
    "no text": b"\xff\xfe\x00",
    "half a pair": b'{"a": "\\ud800"}',
    "packed with gzip": gzip.compress(b'{"a": "' + b"0" * 50_000_000 + b'"}'),
    "packed with deflate": zlib.compress(b"0" * 50_000_000),
    "nothing at all": b"   ",
}


def service_apps(directory: Path) -> dict[str, FastAPI]:
    """As their bootstraps build them, with nothing behind them: what is refused at the entrance needs none."""
    settings, verifier = Settings(var_dir=directory), tokens.test_verifier()
    intake = casework.casework_of(settings, casework.load_policies(settings))
    return {
        "access": access.create_app(settings),
        "alerting": alerting.alerting_of(settings, verifier).app,
        "casework": casework.create_app(intake, verifier, casework.imports_from(settings, intake)),
        "outcomes": outcomes.create_app(settings, verifier),
        "vault": vault.create_app(vault.vault_of(settings, httpx.AsyncClient()), verifier),
    }


def routes_with_body(app: FastAPI) -> list[tuple[str, str]]:
    found = ((method, path) for method, path, _ in declared_permissions(app) if method in WITH_BODY)
    return [(method, re.sub(r"\{[^}]*\}", SOMEBODY, path)) for method, path in found]


@pytest.fixture
async def apps(tmp_path: Path) -> dict[str, FastAPI]:
    directory = tmp_path / "var"
    directory.mkdir(mode=0o700)
    return service_apps(directory)


def asking(app: FastAPI | Starlette, base_url: str = "http://notebook.example") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=base_url)


class Pieces:
    """A body that says no length; `taken` bytes of it were asked for."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.taken < self.size:
            self.taken += PIECE
            yield b"x" * PIECE


async def test_every_route_of_every_service_refuses_what_is_no_plain_json(apps: dict[str, FastAPI]) -> None:
    headers = {**JSON, **tokens.bearer("administrator", "org", SOMEBODY)}
    wrong, asked = [], 0
    for part, app in apps.items():
        async with asking(app) as client:
            for method, path in routes_with_body(app):
                for name, body in HOSTILE.items():
                    packed = {"content-encoding": "gzip"} if name.startswith("packed") else {}
                    answer = await client.request(method, path, content=body, headers=headers | packed)
                    asked += 1
                    if answer.status_code != 400 or answer.json()["type"] != "urn:reintegration:problem:invalid_json":
                        wrong.append(f"{part} {method} {path}: {name}: {answer.status_code}")
    assert wrong == []
    assert asked >= 7 * len(HOSTILE)


async def test_every_route_of_every_service_counts_the_bytes_and_takes_no_more(apps: dict[str, FastAPI]) -> None:
    wrong = []
    for part, app in apps.items():
        async with asking(app) as client:
            for method, path in routes_with_body(app):
                most = LARGER.get(path, DEFAULT_BODY_LIMIT)
                body = Pieces(2 * most)
                answer = await client.request(method, path, content=body, headers=JSON)
                if answer.status_code != 413 or body.taken > most + 2 * PIECE:
                    wrong.append(f"{part} {method} {path}: {answer.status_code} after {body.taken}")
    assert wrong == []


async def test_what_is_packed_is_never_unpacked(apps: dict[str, FastAPI]) -> None:
    bomb = gzip.compress(b"0" * 100_000_000)
    assert len(bomb) < DEFAULT_BODY_LIMIT
    async with asking(apps["casework"]) as client:
        tracemalloc.start()
        answer = await client.post("/v1/events", content=bomb, headers={**JSON, "content-encoding": "gzip"})
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert answer.status_code == 400
    assert most < 20_000_000


async def test_a_body_that_says_it_is_something_else_is_refused_by_every_service(apps: dict[str, FastAPI]) -> None:
    for app in apps.values():
        async with asking(app) as client:
            for method, path in routes_with_body(app):
                for content_type in ("text/plain", "application/xml", "multipart/form-data; boundary=x", ""):
                    answer = await client.request(method, path, content=b"{}", headers={"content-type": content_type})
                    assert answer.status_code == 415, f"{method} {path} {content_type}"


# The pages of the origin.


@pytest.fixture
async def seen() -> Seen:
    found = Seen()
    found.answer = lambda _: httpx.Response(401, json={"title": "Not signed in", "detail": "", "errors": []})
    return found


@pytest.fixture
async def browser(seen: Seen) -> AsyncIterator[httpx.AsyncClient]:
    inside = httpx.AsyncClient(transport=httpx.MockTransport(seen))
    async with asking(create_app(ADDRESSES, inside, RolesAreTokens())) as client:
        yield client
    await inside.aclose()


def pages_with_forms() -> list[str]:
    app = create_app(ADDRESSES, httpx.AsyncClient(), RolesAreTokens())
    routes = (route for route in app.routes if not isinstance(route, Mount))
    found = [route.path for route in routes if isinstance(route, Route) and "POST" in (route.methods or ())]
    return [re.sub(r"\{[^}]*\}", SOMEBODY, path) for path in found if route_of(path) is None and ":path}" not in path]


def hostile_forms() -> Iterator[tuple[dict[str, str], bytes]]:
    form = "application/x-www-form-urlencoded"
    multipart = "multipart/form-data; boundary=x"
    yield {"content-type": form}, b"&".join(b"f%d=1" % number for number in range(2000))
    yield {"content-type": form}, b"%" * 60_000
    yield {"content-type": form}, b"name=\xff\xfe&password=\x00"
    yield {"content-type": form, "content-encoding": "gzip"}, gzip.compress(b"name=" + b"0" * 10_000_000)
    yield (
        {"content-type": multipart},
        b'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n' * 500 + b"--x--\r\n",
    )
    yield (
        {"content-type": multipart},
        (b'--x\r\ncontent-disposition: form-data; name="name"; filename="a"\r\n\r\n1\r\n--x--\r\n'),
    )
    yield {"content-type": multipart}, b"--x\r\n" + b"y: z\r\n" * 5000 + b"\r\n\r\n--x--\r\n"
    yield {"content-type": "multipart/form-data"}, b"--x--"
    yield {"content-type": "application/json"}, b"[" * 50_000
    yield {}, b"name=asha"


async def test_no_hostile_form_is_more_than_a_refusal(browser: httpx.AsyncClient, seen: Seen) -> None:
    pages = pages_with_forms()
    assert {"/sign-in", "/sign-out", "/leave", "/open-case"} <= set(pages)
    wrong = []
    for path in pages:
        for headers, body in hostile_forms():
            for who in ({}, *(signed_in(role) for role in (Role.CASEWORKER, Role.SUPERVISOR))):
                answer = await browser.post(path, content=body, headers=headers | who | SAME_ORIGIN)
                if answer.status_code >= 500:
                    wrong.append(f"{path}: {headers} {body[:40]!r}: {answer.status_code}")
    assert wrong == []
    assert [request.url.path for request, _ in seen.requests if request.url.path == "/v1/events"] == []


async def test_a_form_that_is_too_large_or_says_no_length_is_not_read(browser: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded", **signed_in(Role.CASEWORKER), **SAME_ORIGIN}
    for path in pages_with_forms():
        body = Pieces(1_000_000)
        # What is not for her is refused before anybody looks how long it is.
        refusals = {403, 413}
        answer = await browser.post(path, content=body, headers=headers)
        assert answer.status_code in refusals, path
        # Of a sign-in so much is read ahead as tells the name.
        assert body.taken <= 24 * 1024
        # What waited on a device for weeks may come at once.
        too_large = 2_200_000 if path.startswith("/unsent/") else 140_000
        declared = await browser.post(path, content=b"a=" + b"x" * too_large, headers=headers)
        assert declared.status_code in refusals, path


async def test_a_proxied_body_is_counted_on_every_route(browser: httpx.AsyncClient) -> None:
    for route in ROUTES:
        body = Pieces(2 * route.body_bytes)
        answer = await browser.post(route.path, content=body, headers=JSON)
        assert answer.status_code == 413, route.path
        assert body.taken <= route.body_bytes + 2 * PIECE
        assert json.loads(answer.content)["type"] == "urn:reintegration:problem:too_large"
