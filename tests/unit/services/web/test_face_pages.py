from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from services.access.domain.permissions import Principal, Role
from services.runtime.authentication import CannotVerify, InvalidToken
from services.web.app import create_app
from services.web.pages.signing import own_path
from services.web.routes import Part
from services.web.sessions import FORM_FIELD, form_token

ADDRESSES = {part: f"http://{part}.inside" for part in Part}
CASE = "0d8f0a51-3f0e-4c7e-9a55-000000c0ffee"
ALERT = "77777777-7777-5777-8777-777777777777"
SAME_ORIGIN = {"sec-fetch-site": "same-origin"}
PAGES = {
    "/today": {Role.CASEWORKER},
    "/open-case": {Role.CASEWORKER},
    "/sheets": {Role.CASEWORKER},
    f"/take-along?device={CASE}": {Role.CASEWORKER},
    "/unsent": {Role.CASEWORKER, Role.SUPERVISOR},
    f"/cases/{CASE}": {Role.CASEWORKER, Role.SUPERVISOR},
    f"/cases/{CASE}/record": {Role.CASEWORKER, Role.SUPERVISOR},
    f"/cases/{CASE}/record?type=call": {Role.CASEWORKER, Role.SUPERVISOR},
    f"/cases/{CASE}/identity": {Role.CASEWORKER},
    f"/cases/{CASE}/for-her": {Role.CASEWORKER, Role.SUPERVISOR},
    f"/cases/{CASE}/erase": {Role.SUPERVISOR},
    "/audit": {Role.SUPERVISOR},
    "/inbox": {Role.SUPERVISOR},
    "/policy": {Role.CASEWORKER, Role.SUPERVISOR, Role.EVALUATOR, Role.ADMINISTRATOR},
    "/policy/edit": {Role.SUPERVISOR},
    "/policy/trial": {Role.SUPERVISOR},
    "/cases": {Role.SUPERVISOR},
    "/caseworkers": {Role.SUPERVISOR},
    "/import": {Role.SUPERVISOR},
    f"/import/{CASE}": {Role.SUPERVISOR},
    f"/import/{CASE}/progress": {Role.SUPERVISOR},
    "/notifications": {Role.SUPERVISOR},
    "/notifications/people": {Role.ADMINISTRATOR},
    "/outcomes": {Role.EVALUATOR},
    "/outcomes/indicators/in_work": {Role.EVALUATOR},
    "/outcomes/curves/still_in_work": {Role.EVALUATOR},
    "/outcomes/files/in_work.csv": {Role.EVALUATOR},
    "/people": {Role.ADMINISTRATOR},
    "/people/any": {Role.ADMINISTRATOR},
    "/account-changes": {Role.SUPERVISOR},
    "/targets": {Role.EVALUATOR},
    "/releases": {Role.EVALUATOR, Role.DONOR},
    "/releases/1": {Role.EVALUATOR, Role.DONOR},
    "/releases/1/report": {Role.EVALUATOR, Role.DONOR},
    "/lock-outs": {Role.SUPERVISOR},
    "/proposals": {Role.ADMINISTRATOR, Role.SUPERVISOR},
    "/account": {Role.CASEWORKER, Role.SUPERVISOR, Role.EVALUATOR, Role.ADMINISTRATOR, Role.DONOR},
}
PEOPLE_ROLES = [role for role in Role if role is not Role.SYSTEM]


class RolesAreTokens:
    """A token is the role itself; `sleepy` cannot be checked just now."""

    def known(self, token: str) -> Principal | None:
        return None

    def verify(self, token: str) -> Principal:
        if token == "sleepy":
            raise CannotVerify("no keys")
        if token not in tuple(Role):
            raise InvalidToken("not a token")
        return Principal("11111111-1111-4111-8111-111111111111", "org", frozenset({Role(token)}), name="Invented")


async def parts(request: httpx.Request) -> httpx.Response:
    """Parts that know nothing: no case, and answers nobody understands."""
    if request.url.path.startswith("/v1/cases/"):
        return httpx.Response(404, json={"title": "Not found", "detail": "There is no such case.", "errors": []})
    return httpx.Response(200, json={"items": "not a list of anything"})


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    origin = create_app(ADDRESSES, httpx.AsyncClient(transport=httpx.MockTransport(parts)), RolesAreTokens())
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=origin), base_url="http://notebook.example"
    ) as client:
        yield client


def signed_in(role: str) -> dict[str, str]:
    return {"cookie": f"session={role}"}


@pytest.mark.parametrize("path", PAGES)
async def test_who_is_not_signed_in_is_sent_to_sign_in(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(path)
    assert answer.status_code == 303 and answer.headers["location"].startswith("/sign-in?next=/")


@pytest.mark.parametrize("role", PEOPLE_ROLES)
@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_for_its_roles_alone(browser: httpx.AsyncClient, path: str, role: Role) -> None:
    answer = await browser.get(path, headers=signed_in(role))
    assert (answer.status_code == 403) == (role not in PAGES[path])
    if answer.status_code == 403:
        assert "This page is not yours" in answer.text


async def test_a_token_that_is_no_longer_good_ends_the_session(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/today", headers=signed_in("expired"))
    assert answer.status_code == 303 and 'session=""' in answer.headers["set-cookie"]


async def test_a_session_that_cannot_be_checked_is_kept_and_said(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/today", headers=signed_in("sleepy"))
    assert answer.status_code == 503 and "set-cookie" not in answer.headers
    assert 'data-away="access"' in answer.text


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("/today", "caseworker"),
        ("/inbox", "supervisor"),
        ("/policy", "evaluator"),
        ("/cases", "supervisor"),
        ("/caseworkers", "supervisor"),
        ("/import", "supervisor"),
        (f"/import/{CASE}", "supervisor"),
        ("/people", "administrator"),
        ("/people/any", "administrator"),
        ("/account-changes", "supervisor"),
        ("/outcomes", "evaluator"),
        ("/outcomes/indicators/in_work", "evaluator"),
        ("/outcomes/curves/still_in_work", "evaluator"),
        ("/releases", "donor"),
        ("/lock-outs", "supervisor"),
        ("/proposals", "supervisor"),
        ("/account", "evaluator"),
    ],
)
async def test_an_answer_that_is_not_understood_is_a_failure_never_an_empty_list(
    browser: httpx.AsyncClient, path: str, role: str
) -> None:
    answer = await browser.get(path, headers=signed_in(role))
    assert answer.status_code == 503 and "data-away=" in answer.text


async def test_a_missing_case_and_somebody_elses_look_the_same(browser: httpx.AsyncClient) -> None:
    theirs = await browser.get(f"/cases/{CASE}", headers=signed_in("caseworker"))
    none = await browser.get(f"/cases/{CASE.replace('c0ffee', 'c0ffff')}", headers=signed_in("caseworker"))
    no_id = await browser.get("/cases/anything", headers=signed_in("caseworker"))
    texts = {answer.text.replace("c0ffff", "c0ffee") for answer in (theirs, none)}
    assert [answer.status_code for answer in (theirs, none, no_id)] == [404, 404, 404] and len(texts) == 1
    assert CASE not in theirs.text.split("<main")[1]


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("/sign-out", "caseworker"),
        ("/leave", "caseworker"),
        ("/open-case", "caseworker"),
        (f"/cases/{CASE}", "caseworker"),
        (f"/cases/{CASE}/identity", "caseworker"),
        (f"/cases/{CASE}/words", "caseworker"),
        (f"/cases/{CASE}/for-her", "caseworker"),
        (f"/cases/{CASE}/glass", "supervisor"),
        (f"/cases/{CASE}/erase", "supervisor"),
        (f"/cases/{CASE}/record", "caseworker"),
        (f"/inbox/{ALERT}/acknowledge", "supervisor"),
        ("/account/absences", "caseworker"),
        ("/account/absences/any", "caseworker"),
        ("/account/sessions/any", "evaluator"),
        ("/lock-outs/any", "supervisor"),
        ("/people", "administrator"),
        ("/people/any/close", "administrator"),
        ("/people/any/roles", "administrator"),
        ("/people/any/away", "administrator"),
        ("/people/any/absences/any", "administrator"),
        ("/proposals/any/confirm", "supervisor"),
    ],
)
@pytest.mark.parametrize("forged", ["no proof", "another site", "another session's token"])
async def test_a_form_that_another_site_sends_does_nothing(
    browser: httpx.AsyncClient, path: str, role: str, forged: str
) -> None:
    token = form_token("another" if forged == "another session's token" else role)
    headers = {"no proof": {}, "another site": {"origin": "http://evil.example"}}.get(forged, SAME_ORIGIN)
    answer = await browser.post(path, headers=signed_in(role) | headers, data={FORM_FIELD: token, "type": "call"})
    assert answer.status_code == 403 and "nothing was done" in answer.text
    assert "set-cookie" not in answer.headers


async def test_signing_in_needs_this_origin_too(browser: httpx.AsyncClient) -> None:
    form = {"name": "a", "password": "b"}
    assert (await browser.post("/sign-in", data=form)).status_code == 403
    assert (await browser.post("/sign-in", data=form, headers=SAME_ORIGIN)).status_code == 503


async def test_a_form_may_not_be_large(browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/sign-in", data={"name": "x" * 300_000}, headers=SAME_ORIGIN)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "path", ["//evil.example", "https://evil.example", "/\\evil.example", "", None, "evil", "/a\nb"]
)
def test_after_signing_in_one_stays_at_this_origin(path: str | None) -> None:
    assert own_path(path) == "/"


def test_after_signing_in_one_goes_on_to_where_one_was() -> None:
    assert own_path(f"/cases/{CASE}") == f"/cases/{CASE}"


@pytest.mark.parametrize("name", ["case_unassigned", "survivor_erased", "case_closed", "alert_snoozed", "nonsense"])
async def test_a_caseworker_gets_no_form_for_what_she_may_not_record(browser: httpx.AsyncClient, name: str) -> None:
    answer = await browser.get(f"/cases/{CASE}/record?type={name}", headers=signed_in("caseworker"))
    assert answer.status_code == 404


@pytest.mark.parametrize("path", ["/today", "/v1/worklist"])
async def test_what_nobody_foresaw_is_a_failure_under_the_same_headers(path: str) -> None:
    def unforeseen(request: httpx.Request) -> httpx.Response:
        raise RuntimeError("unforeseen")

    origin = create_app(ADDRESSES, httpx.AsyncClient(transport=httpx.MockTransport(unforeseen)), RolesAreTokens())
    transport = httpx.ASGITransport(app=origin, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://notebook.example") as client:
        answer = await client.get(path, headers=signed_in("caseworker"))
    assert answer.status_code == 500 and "content-security-policy" in answer.headers
    assert "unforeseen" not in answer.text


async def test_a_device_asks_whose_session_it_has(browser: httpx.AsyncClient) -> None:
    hers = await browser.get("/session", headers=signed_in("caseworker"))
    token = form_token("caseworker")
    assert hers.json() == {"account_id": "11111111-1111-4111-8111-111111111111", "form_token": token}
    statuses = [(await browser.get("/session", headers=signed_in(role))).status_code for role in ("expired", "sleepy")]
    assert statuses == [401, 503] and (await browser.get("/session")).status_code == 401
