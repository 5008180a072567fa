"""Every page of the running system, as the person it is for: light and dark, in both languages, without a violation."""

from __future__ import annotations

from typing import Any, Final, Literal

import httpx
import pytest
from playwright.sync_api import Browser

from services.web.page_table import PAGES
from tests.browser.accessible import violations
from tests.browser_fixture import sign_in

NO_PAGES: Final = frozenset({"/", "/blank", "/language", "/numerals", "/sheets", "/session", "/second-factor"})
"""Ways to another page, an empty one, what scripts read; and a step that shows itself only while somebody signs in."""

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


def test_every_page_there_is_is_looked_at() -> None:
    pages = {route.path for route in PAGES if "GET" in (route.methods or ())}
    looked_at = {path.partition("?")[0].replace("{curve}", "{name}") for paths in OF_PEOPLE.values() for path in paths}
    assert looked_at | OF_RELEASES | OF_IMPORTS | set(OPEN_TO_ALL) | NO_PAGES == pages


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("bn", "dark")])
def test_no_page_has_a_violation(
    demo_system: Any, chromium: Browser, language: str, scheme: Literal["light", "dark"]
) -> None:
    found: dict[str, list[str]] = {}
    for role, paths in OF_PEOPLE.items():
        context = chromium.new_context(color_scheme=scheme, viewport={"width": 390, "height": 844}, locale="en-GB")
        context.set_default_timeout(30_000)
        person = demo_system.people[role]
        page = sign_in(context, demo_system.url, person.name, person.password)
        about = _about(demo_system)
        page.goto(f"{demo_system.url}/language?to={language}&back=/account")
        for path in paths:
            answer = page.goto(demo_system.url + path.format_map(about))
            assert answer is not None and answer.status == 200, f"{role} {path}: {answer and answer.status}"
            assert page.locator("html").get_attribute("lang") == language
            if wrong := violations(page):
                found[f"{role} {path}"] = wrong
        context.close()
    assert found == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_before_signing_in_have_none_either(
    demo_system: Any, chromium: Browser, scheme: Literal["light", "dark"]
) -> None:
    context = chromium.new_context(color_scheme=scheme, viewport={"width": 390, "height": 844})
    page = context.new_page()
    found = {}
    for path in OPEN_TO_ALL:
        page.goto(demo_system.url + path)
        found[path] = violations(page)
    context.close()
    assert found == {path: [] for path in OPEN_TO_ALL}


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
