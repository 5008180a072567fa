"""Every page of the running system, as the person it is for, light and dark, in both languages: without a violation of
what makes it accessible, under the strict policy, and asking nobody but the origin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from services.web.headers import CONTENT_SECURITY_POLICY
from services.web.page_table import PAGES
from tests.browser.accessible import violations_in_both_schemes
from tests.browser_fixture import sign_in

NO_PAGES: Final = frozenset(
    {
        "/",
        "/blank",
        "/language",
        "/numerals",
        "/sheets",
        "/session",
        "/second-factor",
        "/take-along",
        "/outcomes/files/{file}",
    }
)
"""Ways to another page, an empty one, what scripts read, files; and a step that shows itself only while somebody signs
in."""

OF_PEOPLE: Final[dict[str, tuple[str, ...]]] = {
    "caseworker": (
        "/today",
        "/unsent",
        "/open-case",
        "/cases/{case_id}",
        "/cases/{case_id}/identity",
        "/cases/{case_id}/for-her",
        "/cases/{case_id}/record",
        "/cases/{case_id}/record?type=call",
        "/cases/{case_id}/record?type=case_updated",
        "/account",
    ),
    "supervisor": (
        "/inbox",
        "/cases",
        "/cases?which=unopened",
        "/caseworkers",
        "/import",
        "/policy",
        "/policy/edit",
        "/policy/trial",
        "/audit",
        "/cases/{case_id}",
        "/cases/{case_id}/erase",
        "/account-changes",
        "/proposals",
        "/lock-outs",
        "/notifications",
    ),
    "evaluator": (
        "/outcomes",
        "/outcomes?by=district",
        "/outcomes/indicators/{name}",
        "/outcomes/curves/{curve}",
        "/targets",
        "/releases",
    ),
    "administrator": ("/people", "/people/{account_id}", "/health", "/notifications/people"),
}
OF_RELEASES: Final = frozenset({"/releases/{number}", "/releases/{number}/report"})
"""Looked at where a release is made (test_donor_report)."""
OF_IMPORTS: Final = frozenset({"/import/{import_id}", "/import/{import_id}/progress"})
"""Looked at where a register is brought in (test_register_pages); the second is what a script reads."""
OPEN_TO_ALL: Final = ("/sign-in", "/invitation")
NOTE_WHAT_IS_STOPPED: Final = """
window.stopped = [];
addEventListener("securitypolicyviolation", (event) => {
  window.stopped.push(`${event.effectiveDirective} ${event.blockedURI}`);
});
"""


def test_every_page_there_is_is_looked_at() -> None:
    pages = {route.path for route in PAGES if "GET" in (route.methods or ())}
    looked_at = {path.partition("?")[0].replace("{curve}", "{name}") for paths in OF_PEOPLE.values() for path in paths}
    assert looked_at | OF_RELEASES | OF_IMPORTS | set(OPEN_TO_ALL) | NO_PAGES == pages


@dataclass
class Looked:
    """A page as a person was shown it. stopped: what its policy did not let it do. asked: where the browser went."""

    where: str
    policy: str
    violations: list[str]
    stopped: list[str]
    asked: list[str]


@pytest.fixture(scope="module", params=["en", "bn"])
def looked(request: pytest.FixtureRequest, demo_system: Any, chromium: Browser) -> list[Looked]:
    """Every page, as everybody it is for sees it on her phone, in one language, light and dark."""
    found: list[Looked] = []
    about = _about(demo_system)
    for role, paths in (("", OPEN_TO_ALL), *OF_PEOPLE.items()):
        context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="en-GB")
        context.set_default_timeout(60_000)
        context.add_init_script(NOTE_WHAT_IS_STOPPED)
        page = _at_the_door(context, demo_system, role)
        page.goto(f"{demo_system.url}/language?to={request.param}&back=/blank")
        asked: list[str] = []
        context.on("request", lambda request, asked=asked: asked.append(request.url))
        for path in paths:
            asked.clear()
            answer = page.goto(demo_system.url + path.format_map(about))
            assert answer is not None and answer.status == 200, f"{role} {path}: {answer and answer.status}"
            assert page.locator("html").get_attribute("lang") == request.param
            policy = answer.headers["content-security-policy"]
            wrong = violations_in_both_schemes(page)
            found.append(Looked(f"{role} {path}", policy, wrong, page.evaluate("window.stopped"), list(asked)))
        context.close()
    return found


def _at_the_door(context: BrowserContext, demo_system: Any, role: str) -> Page:
    """Signed in as the person of that role, or nobody yet."""
    if not role:
        return context.new_page()
    person = demo_system.people[role]
    page: Page = sign_in(context, demo_system.url, person.name, person.password)
    return page


def test_no_page_has_a_violation_light_or_dark(looked: list[Looked]) -> None:
    assert {page.where: page.violations for page in looked if page.violations} == {}


def test_every_page_has_the_strict_policy_and_none_is_stopped_by_it(looked: list[Looked]) -> None:
    sources = {source for directive in CONTENT_SECURITY_POLICY.split("; ") for source in directive.split()[1:]}
    assert sources == {"'none'", "'self'"}
    assert {page.policy for page in looked} == {CONTENT_SECURITY_POLICY}
    assert {page.where: page.stopped for page in looked if page.stopped} == {}


def test_no_request_of_any_page_leaves_the_origin(demo_system: Any, looked: list[Looked]) -> None:
    asked = [url for page in looked for url in page.asked]
    assert len(asked) > len(looked)
    assert [url for url in asked if not url.startswith(f"{demo_system.url}/")] == []


def _about(demo_system: Any) -> dict[str, str]:
    """What the variable parts of paths stand for: a case of the caseworker, an account, an indicator, a curve."""
    return {
        "case_id": _first(demo_system, "/v1/worklist", "caseworker")["case_id"],
        "account_id": _first(demo_system, "/v1/people", "supervisor")["account_id"],
        "name": "contacted_on_time",
        "curve": "still_in_work",
    }


def _first(demo_system: Any, path: str, role: str) -> dict[str, Any]:
    answer = httpx.get(demo_system.url + path, headers=demo_system.people[role].bearer, trust_env=False)
    assert answer.status_code == 200, answer.text
    first: dict[str, Any] = answer.json()["items"][0]
    return first
