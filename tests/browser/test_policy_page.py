"""The rules as people read them."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, expect

from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy
from services.web.routes import Part
from tests.browser_fixture import Faces, sign_in

POLICY = load_policy(DEFAULT_POLICY_PATH)


def test_every_rule_stands_there_in_sentences_with_its_numbers_in_both_languages(
    faces: Faces, context: BrowserContext
) -> None:
    faces.services.policy = POLICY
    page = sign_in(context, faces.url, "nasrin")
    page.get_by_role("link", name="The rules").click()
    expect(page.locator("[data-policy]")).to_have_attribute("data-policy", POLICY.version)
    expect(page.locator("[data-policy]")).to_contain_text("in force since 1 Jan 2026, 06:00")
    assert [rule.get_attribute("data-rule") for rule in page.locator("[data-rule]").all()] == [
        rule.id for rule in POLICY.rules
    ]
    contact = page.locator("[data-rule=contact]")
    expect(contact).to_contain_text("at least every 7 days for the first 30 days")
    expect(contact).to_contain_text("An alert is raised 1 day after it was due. It goes up a level every 2 days")
    page.get_by_role("link", name="বাংলা").click()
    expect(page.locator("[data-rule=contact]")).to_contain_text("অন্তত প্রতি ৭ দিন")


def test_while_casework_is_away_no_rules_stand_there(faces: Faces, context: BrowserContext) -> None:
    faces.services.policy = POLICY
    page = sign_in(context, faces.url, "kamal")
    faces.services.away = {Part.CASEWORK}
    page.goto(faces.url + "/policy")
    expect(page.locator("[data-away=casework]")).to_be_visible()
    expect(page.locator("[data-rule]")).to_have_count(0)
