from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from urllib.parse import unquote

import httpx
import pytest
from starlette.routing import Match

from services.web.app import create_app
from services.web.page_table import PAGES
from services.web.routes import Part
from tests.browser.canned_answers import CASES
from tests.browser.fake_services import FakeServices
from tests.browser.fake_verifier import FakeVerifier

OF_SCRIPTS = "/unsent/"
"""No form is sent there, and no page is the answer."""
POSTED = [route.path for route in PAGES if "POST" in (route.methods or ()) and not route.path.startswith(OF_SCRIPTS)]


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    behind = httpx.AsyncClient(transport=httpx.ASGITransport(app=FakeServices().app()))
    origin = create_app(dict.fromkeys(Part, "http://inside"), behind, FakeVerifier())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=origin), base_url="http://here") as client:
        yield client


async def way_back(browser: httpx.AsyncClient, path: str, name: str = "nasrin", method: str = "POST") -> str:
    """Where the link to Bangla leads, on the page that a form without any proof is answered with."""
    answer = await browser.request(method, path, headers={"cookie": f"session={name}", "content-length": "0"})
    assert "text/html" in answer.headers["content-type"], answer.text
    found = re.search(r'href="/language\?to=bn&amp;back=([^"]+)"', answer.text)
    assert found
    return unquote(html.unescape(found[1]))


@pytest.mark.parametrize(
    ("sent_to", "page"),
    [
        (f"/cases/{CASES[0]}/glass", f"/cases/{CASES[0]}"),
        (f"/cases/{CASES[0]}/identity", f"/cases/{CASES[0]}/identity"),
        (f"/cases/{CASES[0]}/record?type=call", f"/cases/{CASES[0]}/record?type=call"),
        ("/cases/chosen/assign?which=unowned", "/cases?which=unowned"),
        ("/inbox/chosen/snooze?area=jashore/sharsha", "/inbox?area=jashore/sharsha"),
        ("/inbox/any/acknowledge?level=2&cursor=AAA", "/inbox?level=2&cursor=AAA"),
        ("/notifications/times", "/notifications"),
        ("/lock-outs/any", "/lock-outs"),
        ("/people/any/close", "/people"),
        ("/people/any/roles", "/people/any"),
        ("/sign-out", "/"),
    ],
)
async def test_after_a_form_the_other_language_shows_the_page_that_it_stands_on(
    browser: httpx.AsyncClient, sent_to: str, page: str
) -> None:
    assert await way_back(browser, sent_to) == page


@pytest.mark.parametrize("pattern", POSTED)
async def test_no_form_leads_to_an_address_that_only_takes_forms(browser: httpx.AsyncClient, pattern: str) -> None:
    path = re.sub(r"\{\w+\}", "any", pattern)
    for name in ("asha", "nasrin", "kamal", "admin"):
        page = (await way_back(browser, path, name)).partition("?")[0]
        scope = {"type": "http", "method": "GET", "path": page}
        assert any(route.matches(scope)[0] is Match.FULL for route in PAGES), page


async def test_a_page_that_was_asked_for_leads_to_itself_with_all_that_its_address_says(
    browser: httpx.AsyncClient,
) -> None:
    assert await way_back(browser, "/cases?which=unowned", method="GET") == "/cases?which=unowned"
