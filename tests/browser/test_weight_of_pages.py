"""What pages weigh on the wire: every byte that comes to the browser, counted on the line."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from services.web.faces import LANGUAGE_COOKIE
from tests.browser.canned_answers import CASES, PASSWORD, a_line, a_silent_case, an_alert
from tests.browser.phone import WORKER_IS_READY, eventually
from tests.browser.test_outcomes_pages import with_numbers
from tests.browser_fixture import Faces, sign_in
from tests.faults.fault_proxy import FaultProxy

FIRST_LOAD_BYTES = 120 * 1024
INBOX_BYTES = 80 * 1024
OUTCOMES_BYTES = 60 * 1024
WITH_CHARTS_BYTES = 450 * 1024
HEADERS_BYTES = 5 * 1024
"""Of the answers of a second load, and of those that say that nothing has changed."""


class CountingLine(FaultProxy):
    """bytes_back: how many came to the browser, headers and all."""

    bytes_back = 0

    async def _pass_on(self, chunk: bytes, writer: asyncio.StreamWriter, is_request: bool) -> None:
        if not is_request:
            self.bytes_back += len(chunk)
        await super()._pass_on(chunk, writer, is_request)


HAS_ITS_PAGES = "caches.match('/kept-for').then(Boolean)"
"""Those that stand in where there is no connection: the last of what a device keeps."""


def size_of(request: Request) -> int:
    """Of its answer, in bytes on the wire."""
    sizes = request.sizes()
    return sizes["responseHeadersSize"] + sizes["responseBodySize"]


def today(page: Page, url: str) -> int:
    """Bytes of the page itself."""
    answer = page.goto(f"{url}/today", wait_until="networkidle")
    assert answer is not None
    return len(answer.body())


JOINED = ("ক্ষ", "জ্ঞ", "ত্ত", "ঙ্গ", "ন্ত্র", "ষ্ঠ", "ল্প", "স্থ", "দ্ধ", "ক্ত", "ম্ব", "হ্ম", "ঞ্চ", "ট্ট", "চ্ছ", "ব্দ", "ন্ধ")
WIDER_APART = """joined => {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = '40px "Notebook Bangla"';
  const width = (text) => pen.measureText(text).width;
  return joined.filter((letters) => width(letters) >= width([...letters].join("\u200c")));
}"""


def test_only_a_page_in_bangla_has_the_font_for_it_and_only_once(faces: Faces, context: BrowserContext) -> None:
    faces.services.worklist = [a_line(CASES[0], "call_now", "12 days without contact.")]
    with CountingLine(urlsplit(faces.url).port or 0) as line:
        page = sign_in(context, line.address, "asha")
        fonts: list[str] = []
        context.on("request", lambda asked: fonts.append(asked.url) if asked.resource_type == "font" else None)
        today(page, line.address)
        expect(page.get_by_role("link", name="বাংলা")).to_be_visible()
        assert fonts == []
        line.bytes_back = 0
        page.goto(f"{line.address}/language?to=bn&back=/today", wait_until="networkidle")
        page.evaluate("document.fonts.ready")
        assert page.evaluate("[...document.fonts].map(font => font.status)") == ["loaded"]
        assert [url for url in fonts if url.endswith(".woff2")] == fonts and len(fonts) >= 1
        assert page.evaluate(WIDER_APART, list(JOINED)) == [], "letters that are written as one stand apart"
        print(f"a page in Bangla, its font with it: {line.bytes_back / 1024:.1f} KB")
        eventually(lambda: page.evaluate("caches.match('/static/vendor/noto-sans-bengali.woff2').then(Boolean)"))
        line.bytes_back = 0
        weight = today(page, line.address)
        assert line.bytes_back <= weight + HEADERS_BYTES


@pytest.mark.parametrize("language", ["en", "bn"])
def test_a_first_load_is_light_and_a_second_brings_the_list_and_nothing_else(
    faces: Faces, context: BrowserContext, language: str
) -> None:
    faces.services.worklist = [a_line(case_id, "call_now", "12 days without contact.") for case_id in CASES * 8]
    with CountingLine(urlsplit(faces.url).port or 0) as line:
        loaded: list[Request] = []
        context.on("requestfinished", lambda request: loaded.append(request))
        context.add_cookies([{"name": LANGUAGE_COOKIE, "value": language, "url": line.address}])
        page = context.new_page()
        page.goto(f"{line.address}/sign-in")
        page.locator("#name").fill("asha")
        page.locator("#password").fill(PASSWORD)
        page.locator("#password").press("Enter")
        page.wait_for_url("**/today")
        eventually(lambda: page.evaluate(WORKER_IS_READY))
        eventually(lambda: page.evaluate(HAS_ITS_PAGES))
        page.wait_for_load_state("networkidle")
        # How far checking is, a page asks again the longer it stands open.
        later = [one for one in loaded if one.url.endswith("/v1/detector")][1:]
        weight = line.bytes_back - sum(map(size_of, later))
        print(f"first load ({language}), from the sign-in on and with all that is kept: {weight / 1024:.1f} KB")
        assert any(one.resource_type == "font" for one in loaded) == (language == "bn")
        assert weight <= FIRST_LOAD_BYTES

        line.bytes_back = 0
        asked: list[str] = []
        again = context.new_page()
        again.on("response", lambda answer: asked.append(answer.url) if not answer.from_service_worker else None)
        weight = today(again, line.address)
        print(f"second load: {line.bytes_back / 1024:.1f} KB, the list itself {weight / 1024:.1f} KB")
        assert line.bytes_back <= weight + HEADERS_BYTES
        assert not [url for url in asked if "/static/" in url]


def weight_of(faces: Faces, chromium: Browser, name: str, path: str) -> int:
    """Of a page in a browser that has nothing yet, with all that the page needs; not what a device keeps for later."""
    with CountingLine(urlsplit(faces.url).port or 0) as line, chromium.new_context() as context:
        sign_in(context, faces.url, name)
        session = [{"name": one["name"], "value": one["value"], "url": line.address} for one in context.cookies()]
        with chromium.new_context(service_workers="block") as fresh:
            fresh.add_cookies(session)
            page = fresh.new_page()
            answer = page.goto(line.address + path, wait_until="load")
            assert answer is not None and answer.status == 200
            if page.locator("[data-unsent]").count():
                # The last of its scripts has its words.
                page.locator("[data-unsent]").wait_for()
            else:
                page.wait_for_load_state("networkidle")
            print(f"{path}: {line.bytes_back / 1024:.1f} KB")
            return line.bytes_back


def test_an_inbox_is_light(faces: Faces, chromium: Browser) -> None:
    # What the stream says afterwards is as much as somebody lets the page stand open.
    faces.services.is_beating = False
    reason = "12 days without contact; at least every 7 days was owed. 2 attempts since."
    faces.services.alerts = [
        a_silent_case(case_id, an_alert(number, "Keeping in touch", "high", 5, reason))
        for number, case_id in enumerate(CASES * 8)
    ]
    assert weight_of(faces, chromium, "nasrin", "/inbox") <= INBOX_BYTES


def test_outcomes_are_light_before_charts_and_with_them(faces: Faces, chromium: Browser) -> None:
    with_numbers(faces)
    faces.services.indicators *= 30
    charts = faces.services.curves * 6
    faces.services.curves = []
    assert weight_of(faces, chromium, "kamal", "/outcomes") <= OUTCOMES_BYTES
    faces.services.curves = charts
    assert weight_of(faces, chromium, "kamal", "/outcomes?by=district") <= WITH_CHARTS_BYTES
