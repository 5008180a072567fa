"""A later page that is gone, or has nothing left, is never shown as an empty list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from services.runtime.problems import Problem
from services.web.app import create_app
from tests.browser.canned_answers import CASES, a_line, a_silent_case, alerts_answer, an_alert
from tests.unit.services.web.test_face_pages import ADDRESSES, RolesAreTokens, signed_in

FRESH = {"checked_until": "2026-03-01T00:00:00.000Z", "cases_checked": 3, "lag_seconds": 0.1, "stale": False}
PAGES = [("/today", "caseworker"), ("/inbox", "supervisor")]


def answer_of(path: str, case_ids: tuple[str, ...]) -> dict[str, Any]:
    if path == "/v1/worklist":
        lines = [a_line(case_id, "call_now", "Nobody has called.") for case_id in case_ids]
        return {"items": lines, "next_cursor": None, "cases_in_scope": 4, "incomplete": False, "freshness": FRESH}
    silent = [a_silent_case(case_id, an_alert(1, "Keeping in touch", "high", 3, "Overdue.")) for case_id in case_ids]
    return alerts_answer(silent) | {"freshness": FRESH}


def lists_with(after: Callable[[str, str], httpx.Response]) -> httpx.AsyncClient:
    """The first page has two cases; `after` answers a path and a cursor."""

    async def answer(request: httpx.Request) -> httpx.Response:
        path, cursor = request.url.path, request.url.params.get("cursor")
        if path == "/v1/people":
            return httpx.Response(200, json={"items": []})
        return after(path, cursor) if cursor else httpx.Response(200, json=answer_of(path, CASES[:2]))

    origin = create_app(ADDRESSES, httpx.AsyncClient(transport=httpx.MockTransport(answer)), RolesAreTokens())
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=origin), base_url="http://notebook.example")


def gone(path: str, cursor: str) -> httpx.Response:
    return httpx.Response(410, json=Problem(410, "Begin again").to_json())


def nothing_left(path: str, cursor: str) -> httpx.Response:
    return httpx.Response(200, json=answer_of(path, ()))


@pytest.mark.parametrize("after", [gone, nothing_left])
@pytest.mark.parametrize(("path", "role"), PAGES)
async def test_where_nothing_can_be_shown_after_a_page_the_list_begins_again_and_says_so(
    path: str, role: str, after: Callable[[str, str], httpx.Response]
) -> None:
    async with lists_with(after) as browser:
        answer = await browser.get(f"{path}?cursor=abc", headers=signed_in(role))
    assert answer.status_code == 200
    assert "data-begun-again" in answer.text
    assert all(case_id in answer.text for case_id in CASES[:2])


@pytest.mark.parametrize(("path", "role"), PAGES)
async def test_a_later_page_is_the_one_that_was_asked_for(path: str, role: str) -> None:
    async with lists_with(lambda path, _: httpx.Response(200, json=answer_of(path, CASES[2:]))) as browser:
        first = await browser.get(path, headers=signed_in(role))
        later = await browser.get(f"{path}?cursor=abc", headers=signed_in(role))
    assert "data-begun-again" not in first.text + later.text
    assert CASES[0] in first.text and CASES[0] not in later.text
    assert CASES[2] in later.text


@pytest.mark.parametrize(("path", "role"), PAGES)
async def test_what_is_no_cursor_is_said_and_not_passed_over(path: str, role: str) -> None:
    refused = httpx.Response(422, json=Problem(422, "Not valid", "no cursor", [("cursor", "unknown")]).to_json())
    async with lists_with(lambda *_: refused) as browser:
        answer = await browser.get(f"{path}?cursor=abc", headers=signed_in(role))
    assert answer.status_code == 422
    assert "data-refused" in answer.text
