"""The pages of notifications made from what alerting answers, without a browser: in both languages, whole."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from services.web.app import create_app
from services.web.routes import Part
from tests.browser.canned_answers import ADMINISTRATOR, SUPERVISOR, own_notifications
from tests.browser.fake_verifier import FakeVerifier

ADDRESSES = {part: f"http://{part}.inside" for part in Part}
CHANNEL = own_notifications()["channels"][0]
FAILING = {
    "channel_id": CHANNEL["channel_id"],
    "account_id": SUPERVISOR,
    "kind": "webhook",
    "waiting": 2,
    "failures": 1,
    "since": "2026-03-01T06:00:00.000Z",
    "why": "a word of a later version",
    "next_try_at": "2026-03-01T06:05:00.000Z",
}
EVERYBODYS = {
    "channels": [{name: CHANNEL[name] for name in CHANNEL if name != "ending"} | {"account_id": SUPERVISOR}],
    "failing": [FAILING, FAILING | {"account_id": "somebody who has no account any more", "failures": 3}],
    "unheard": 1,
    "working_days": ["sunday"],
    "kinds": ["chat", "webhook"],
}
ACCOUNTS = {
    "items": [{"account_id": SUPERVISOR, "name": "Nasrin Invented"}, {"account_id": ADMINISTRATOR, "name": "A"}]
}


async def parts(request: httpx.Request) -> httpx.Response:
    answers = {
        "/v1/notifications": own_notifications(),
        "/v1/notifications/people": EVERYBODYS,
        "/v1/accounts": ACCOUNTS,
    }
    return httpx.Response(200, json=answers[request.url.path])


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(ADDRESSES, httpx.AsyncClient(transport=httpx.MockTransport(parts)), FakeVerifier())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://origin.test") as client:
        yield client


async def shown(browser: httpx.AsyncClient, path: str, name: str, language: str) -> str:
    answer = await browser.get(path, headers={"cookie": f"session={name}; language={language}"})
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize("language", ["en", "bn"])
async def test_her_own_page_shows_her_channels_and_times(browser, language):
    text = await shown(browser, "/notifications", "nasrin", language)
    assert f'lang="{language}"' in text
    assert 'data-channels="1"' in text and "…hook" in text
    assert re.search(r'name="digest_at" type="time" value="08:00"', text)
    assert "data-not-set-up" in text and "data-only-here" not in text


@pytest.mark.parametrize(
    "done", ["added", "removed", "times", "sent", "too_soon", "not_taken", "not_set_up", "<script>"]
)
async def test_what_was_done_is_said_and_nothing_else(browser, done):
    text = await shown(browser, f"/notifications?done={done}", "nasrin", "en")
    assert (f'data-done="{done}"' in text) is (done != "<script>")
    assert "<script>" not in text


@pytest.mark.parametrize("language", ["en", "bn"])
async def test_an_administrators_page_shows_what_failed_and_why_by_name(browser, language):
    text = await shown(browser, "/notifications/people", "admin", language)
    assert 'data-failing="2"' in text and 'data-unheard="1"' in text
    assert text.count("Nasrin Invented") == 2
    assert "a word of a later version" not in text
    assert re.search(r'name="days" value="sunday" checked', text)
    assert not re.search(r'name="days" value="friday" checked', text)
