"""Over https, under a name of the local network: a person signs in and records, and the session stays here."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import BrowserContext, Error, expect, sync_playwright

from infra.certificates.keeping import Kept, keep_certificates
from services.runtime.tls import load_certificate
from tests.browser.canned_answers import CASES
from tests.browser.fake_services import FakeServices
from tests.browser.phone import NAME, trusting
from tests.browser_fixture import CHROMIUM_FLAGS, Faces, serving, sign_in


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return keep_certificates(tmp_path_factory.mktemp("https") / "certificates", NAME, datetime.now(UTC))


@pytest.fixture
def faces(kept: Kept) -> Iterator[Faces]:
    certificate = load_certificate(kept.chain_file, kept.key_file, datetime.now(UTC))
    with serving(FakeServices(), certificate=certificate) as found:
        yield Faces(found.url.replace("127.0.0.1", NAME), found.services)


@pytest.fixture(scope="module", params=[True, False], ids=["trusted", "not trusted"])
def trusts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def context(kept: Kept, trusts: bool) -> Iterator[BrowserContext]:
    """A browser for which the name lives here. What it trusts beside the authorities of the system is this one key."""
    found = shutil.which("chromium")
    assert found is not None, "chromium is needed: apt-get install chromium"
    lives_here, trusted = trusting(kept)
    flags = [*CHROMIUM_FLAGS, lives_here, *([trusted] if trusts else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=flags)
        context = browser.new_context(locale="en-GB")
        context.set_default_timeout(30_000)
        yield context
        browser.close()


@pytest.mark.parametrize("trusts", [True], indirect=True)
def test_a_person_signs_in_over_https_and_records_a_call(faces: Faces, context: BrowserContext) -> None:
    page = sign_in(context, faces.url, "asha")
    assert page.url == f"{faces.url}/today"
    assert page.evaluate("isSecureContext")
    (session,) = [cookie for cookie in context.cookies() if "session" in cookie["name"]]
    assert (session["name"], session["domain"], session["path"]) == ("__Host-session", NAME, "/")
    assert session["secure"] and session["httpOnly"] and session["sameSite"] == "Strict"
    assert page.evaluate("document.cookie") == ""

    page.goto(f"{faces.url}/cases/{CASES[0]}/record?type=call")
    page.get_by_label("We called").check()
    page.get_by_label("No answer").check()
    page.get_by_role("button", name="Save").click()
    recorded = page.locator("[data-receipt]").get_attribute("data-receipt")
    assert set(faces.services.recorded) == {recorded}

    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    assert [cookie for cookie in context.cookies() if "session" in cookie["name"]] == []


@pytest.mark.parametrize("trusts", [True], indirect=True)
def test_the_stream_of_alerts_is_live_over_https(faces: Faces, context: BrowserContext) -> None:
    page = sign_in(context, faces.url, "nasrin")
    assert page.url == f"{faces.url}/inbox"
    with page.expect_response(lambda answer: "/v1/alerts/stream" in answer.url) as told:
        page.reload()
    assert told.value.status == 200
    expect(page.locator("[data-stale-banner]")).to_be_hidden()


@pytest.mark.parametrize("trusts", [True], indirect=True)
def test_once_it_was_seen_over_https_the_browser_never_asks_without(faces: Faces, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"{faces.url}/sign-in")
    page.goto(f"{faces.url}/sign-in".replace("https:", "http:"))
    assert page.url == f"{faces.url}/sign-in"
    expect(page.get_by_label("Password", exact=True)).to_be_visible()


@pytest.mark.parametrize("trusts", [False], indirect=True)
def test_a_browser_that_does_not_trust_the_authority_shows_nothing(faces: Faces, context: BrowserContext) -> None:
    page = context.new_page()
    with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
        page.goto(f"{faces.url}/sign-in")
