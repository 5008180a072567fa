"""A session goes on while its token is exchanged: once, whoever waits, and without losing what was being done."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from http.cookies import SimpleCookie

import httpx
import jwt
import pytest

from services.access.domain.permissions import Principal, Role
from services.web.app import create_app
from services.web.routes import Part
from services.web.sessions import FORM_FIELD, form_token
from tests import tokens

ADDRESSES = {part: f"http://{part}.inside" for part in Part}
RINA = Principal("11111111-1111-4111-8111-111111111111", "org", frozenset({Role.CASEWORKER}), name="Invented")


def a_token(began_seconds_ago: float, lifetime: int = 900) -> str:
    issuer = tokens.TokenIssuer(tokens.signing_key(), tokens.ISSUER, tokens.AUDIENCE, lifetime)
    return issuer.issue(RINA, int((time.time() - began_seconds_ago) * 1000)).token


@dataclass
class Parts(httpx.AsyncBaseTransport):
    """access exchanges refresh tokens after a while, or is away, or takes none any more; casework says who asked."""

    asked: list[str] = field(default_factory=list)
    status: int = 200
    bearers: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        match request.url.path:
            case "/v1/session:refresh":
                self.asked.append(json.loads(request.content)["refresh_token"])
                await asyncio.sleep(0.05)
                if self.status != 200:
                    return httpx.Response(self.status, json={"title": "", "detail": "", "errors": []})
                told = {"token": a_token(0), "refresh_token": f"renewal-{len(self.asked)}"}
                return httpx.Response(200, json=told)
            case "/v1/session:end":
                self.ended.append(bearer)
                return httpx.Response(200, json={"session_id": None})
        self.bearers.append(bearer)
        return httpx.Response(200, headers={"content-type": "application/json"}, stream=httpx.ByteStream(b"{}"))


@pytest.fixture
def parts() -> Parts:
    return Parts()


@dataclass
class Browser:
    """Keeps the cookies it is given, and sends them along."""

    client: httpx.AsyncClient
    cookies: dict[str, str]

    async def ask(self, method: str, path: str, **form: str) -> httpx.Response:
        said = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"cookie": said, "sec-fetch-site": "same-origin"}
        answer = await self.client.request(method, path, headers=headers, data=form or None)
        for each in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(each).items():
                self.cookies[name] = morsel.value
                if not morsel.value:
                    del self.cookies[name]
        return answer

    async def get(self, path: str) -> httpx.Response:
        return await self.ask("GET", path)


@pytest.fixture
async def browser(parts: Parts) -> AsyncIterator[Browser]:
    origin = create_app(ADDRESSES, httpx.AsyncClient(transport=parts), tokens.test_verifier())
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=origin), base_url="http://notebook.example"
    ) as client:
        # Cookies are this browser's business alone.
        client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        yield Browser(client, {"session": a_token(600), "renewal": "renewal-0", "form": "a secret"})


async def test_a_token_that_is_half_over_is_exchanged_and_the_part_sees_the_new_one(
    browser: Browser, parts: Parts
) -> None:
    answer = await browser.get("/v1/worklist")
    assert answer.status_code == 200
    assert parts.asked == ["renewal-0"]
    assert parts.bearers == [browser.cookies["session"]]
    assert browser.cookies["renewal"] == "renewal-1"
    await browser.get("/v1/worklist")
    assert parts.asked == ["renewal-0"]


async def test_a_young_token_and_one_without_renewal_are_left_alone(browser: Browser, parts: Parts) -> None:
    browser.cookies["session"] = a_token(60)
    await browser.get("/v1/worklist")
    del browser.cookies["renewal"]
    browser.cookies["session"] = a_token(800)
    await browser.get("/v1/worklist")
    assert parts.asked == []
    assert len(parts.bearers) == 2


async def test_what_a_browser_asks_for_at_once_shares_one_exchange(browser: Browser, parts: Parts) -> None:
    answers = await asyncio.gather(*(browser.get("/v1/worklist") for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert parts.asked == ["renewal-0"]
    assert len(set(parts.bearers)) == 1


async def test_what_is_sent_again_because_the_answer_got_lost_gets_the_same_answer(
    browser: Browser, parts: Parts
) -> None:
    before = dict(browser.cookies)
    lost = await browser.get("/v1/worklist")
    browser.cookies = before
    again = await browser.get("/v1/worklist")
    assert parts.asked == ["renewal-0"]
    assert again.headers.get_list("set-cookie") == lost.headers.get_list("set-cookie")


async def test_while_access_is_away_the_token_serves_until_it_ends_and_then_the_page_says_so(
    browser: Browser, parts: Parts
) -> None:
    parts.status = 503
    assert (await browser.get("/v1/worklist")).status_code == 200
    browser.cookies["session"] = a_token(2000)
    page = await browser.get("/today")
    assert page.status_code == 503
    assert 'data-away="access"' in page.text
    assert page.headers.get_list("set-cookie") == [], "she is signed in still"
    parts.status = 200
    assert (await browser.get("/v1/worklist")).status_code == 200
    assert browser.cookies["renewal"].startswith("renewal-")


async def test_a_session_that_is_over_leads_to_the_sign_in(browser: Browser, parts: Parts) -> None:
    parts.status = 401
    browser.cookies["session"] = a_token(2000)
    page = await browser.get("/today")
    assert (page.status_code, page.headers["location"]) == (303, "/sign-in?next=/today")
    assert not {"session", "renewal", "form"} & set(browser.cookies)


async def test_signing_out_ends_the_session_where_it_is_kept(browser: Browser, parts: Parts) -> None:
    for path in ("/sign-out", "/leave"):
        browser.cookies.update({"session": a_token(0), "renewal": "renewal-0", "form": "a secret"})
        token = browser.cookies["session"]
        answer = await browser.ask("POST", path, **{FORM_FIELD: form_token("a secret")})
        assert answer.status_code == 303
        assert parts.ended[-1] == token
        assert not {"session", "renewal", "form"} & set(browser.cookies)


async def test_signing_out_while_the_token_is_exchanged_signs_out(browser: Browser, parts: Parts) -> None:
    answer = await browser.ask("POST", "/sign-out", **{FORM_FIELD: form_token("a secret")})
    assert answer.status_code == 303
    assert parts.asked == ["renewal-0"]
    assert jwt.decode(parts.ended[0], options={"verify_signature": False})["iat"] > time.time() - 60
    assert not {"session", "renewal", "form"} & set(browser.cookies)


async def test_what_nobody_needs_a_session_for_exchanges_nothing(browser: Browser, parts: Parts) -> None:
    for path in ("/static/shell.js", "/healthz", "/blank"):
        assert (await browser.get(path)).status_code == 200
    assert parts.asked == []
