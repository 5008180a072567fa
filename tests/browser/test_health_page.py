"""How every part is, as the administrator sees it: never well when somebody does not answer."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Page, expect

from services.web.routes import Part
from tests.browser_fixture import Faces, sign_in


def health_page(faces: Faces, context: BrowserContext) -> Page:
    page: Page = sign_in(context, faces.url, "admin")
    page.get_by_role("link", name="The system").click()
    expect(page.locator("[data-health]")).to_be_visible()
    return page


def test_when_every_part_is_ready_and_the_detector_awake_the_page_says_so(
    faces: Faces, context: BrowserContext
) -> None:
    page = health_page(faces, context)
    expect(page.locator("[data-health]")).to_have_attribute("data-health", "well")
    expect(page.locator("[data-part]")).to_have_count(len(Part))
    expect(page.locator("[data-detector]")).to_contain_text("4,312")
    expect(page.locator("[data-silent]")).to_have_text("0 of 12")


def test_what_a_part_misses_is_said_with_the_reason(faces: Faces, context: BrowserContext) -> None:
    faces.services.not_reached = [("log", "LogUnavailable: no broker")]
    page = health_page(faces, context)
    expect(page.locator("[data-health]")).to_have_attribute("data-health", "unwell")
    expect(page.locator("[data-part=casework]")).to_have_attribute("data-state", "not_ready")
    expect(page.locator("[data-part=casework]")).to_contain_text("log: LogUnavailable: no broker")


def test_a_detector_nobody_may_rely_on_is_not_well(faces: Faces, context: BrowserContext) -> None:
    faces.services.is_stale = True
    page = health_page(faces, context)
    expect(page.locator("[data-health]")).to_have_attribute("data-health", "unwell")
    expect(page.locator("[data-detector]")).to_have_attribute("data-detector", "stale")
    expect(page.locator("[data-silent]")).to_have_text("1 of 12")
    expect(page.locator("[data-detector]")).to_contain_text("partition 3 has been silent")
    expect(page.locator("[data-detector] dd").nth(2)).to_have_text("cannot be shown now")


def test_while_alerting_is_away_the_detector_is_unknown_and_not_well(faces: Faces, context: BrowserContext) -> None:
    faces.services.away = {Part.ALERTING}
    page = health_page(faces, context)
    expect(page.locator("[data-detector]")).to_have_attribute("data-detector", "unknown")
    expect(page.locator("[data-health]")).to_have_attribute("data-health", "unwell")


def test_the_page_is_for_administrators_alone(faces: Faces, context: BrowserContext) -> None:
    for name in ("asha", "nasrin", "kamal"):
        page = sign_in(context, faces.url, name)
        answer = page.goto(faces.url + "/health")
        assert answer is not None and answer.status == 403
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/sign-in")
