"""The pages of an organisation's head in a real browser, by keyboard alone, in front of a real vault."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from services.vault.domain.audit_chain import Deed, Look
from tests.browser.canned_answers import CASEWORKER
from tests.browser.vault_house import ANOTHER, CODE, HER, Kept, choose, go_to_her, keep_her, press, tab_to, vault_behind
from tests.browser_fixture import sign_in


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    with vault_behind(tmp_path) as found:
        yield found


def test_the_head_erases_a_survivor_and_sees_it_done(kept: Kept, context: BrowserContext) -> None:
    keep_her(kept)
    page = go_to_her(kept, context, "nasrin")
    tab_to(page, page.get_by_role("link", name="Erase her for ever"))
    page.keyboard.press("Enter")
    choose(page, "Reason", "It is her")
    tab_to(page, page.get_by_label("To confirm, type"))
    page.keyboard.type("0C1-WRNG")
    press(page, "Erase her for ever")
    expect(page.locator("[data-refusal]")).to_be_visible()
    assert kept.deeds() == ["kept", "kept"]
    tab_to(page, page.get_by_label("To confirm, type"))
    page.keyboard.type(CODE.lower())
    press(page, "Erase her for ever")
    expect(page.locator("[data-erasure]")).to_be_visible()
    expect(page.locator("[data-erasure=done]")).to_be_visible(timeout=20_000)
    assert page.locator("[data-step][data-at='']").count() == 0
    assert kept.under_test.casework.erased == {"rupantar": {HER}}
    assert kept.deeds() == ["kept", "kept", "erasure_asked", "erased"]
    context.clear_cookies()
    page = go_to_her(kept, context)
    press(page, "Show who to call")
    expect(page.locator("[data-refusal]")).to_contain_text("erased, for ever")


def test_the_head_sees_who_looked_at_whom_and_filters(kept: Kept, context: BrowserContext) -> None:
    keep_her(kept)
    keep_her(kept, case_id=ANOTHER)
    page = sign_in(context, kept.url, "nasrin")
    tab_to(page, page.get_by_role("link", name="Who looked"))
    page.keyboard.press("Enter")
    expect(page.locator("[data-look]")).to_have_count(5)
    expect(page.locator("[data-look]").first).to_have_attribute("data-deed", "audit_read")
    expect(page.locator("[data-deed=kept]").first).to_contain_text("Asha Invented")
    choose(page, "Who", "Asha")
    press(page, "Show")
    expect(page.locator("[data-look]")).to_have_count(4)
    tab_to(page, page.locator("[data-look]").get_by_role("link", name=CODE).first)
    page.keyboard.press("Enter")
    page.wait_for_url("**case_id**")
    expect(page.locator("[data-deed=kept]")).to_have_count(2)
    assert {HER} == set(page.locator("[data-deed=kept]").evaluate_all("rows => rows.map(row => row.dataset.case)"))


def test_the_head_is_told_who_asked_for_more_cases_than_a_day_allows(kept: Kept, context: BrowserContext) -> None:
    page = sign_in(context, kept.url, "nasrin")
    page.goto(f"{kept.url}/audit")
    expect(page.locator("[data-spent]")).to_have_count(0)
    organisation = "rupantar"
    for _ in range(2):
        with kept.under_test.vault.store.writing(organisation) as transaction:
            refused = Look(organisation, kept.under_test.clock.now, CASEWORKER, Deed.REFUSED, HER, detail="BudgetSpent")
            kept.under_test.vault.audit.append(transaction, refused)
    page.goto(f"{kept.url}/audit")
    spent = page.locator(f"[data-spent='{CASEWORKER}']")
    expect(spent).to_contain_text("Asha Invented: 2 times, last on")
    tab_to(page, spent.get_by_role("link"))
    page.keyboard.press("Enter")
    page.wait_for_url("**account_id**")
    expect(page.locator("[data-deed=refused]")).to_have_count(2)


def test_who_answers_for_an_area_sees_neither_the_audit_nor_the_erasing(kept: Kept, context: BrowserContext) -> None:
    page = sign_in(context, kept.url, "ruma")
    assert page.get_by_role("link", name="Who looked").count() == 0
    for path in ("/audit", f"/cases/{HER}/erase"):
        answer = page.goto(kept.url + path)
        assert answer is not None and answer.status == 403


def test_the_browser_remembers_the_end_of_the_audit_and_turns_red_when_it_is_another(
    kept: Kept, context: BrowserContext
) -> None:
    keep_her(kept)
    page = sign_in(context, kept.url, "nasrin")
    for expected in ("first", "same", "same"):
        page.goto(f"{kept.url}/audit")
        expect(page.locator("[data-chain]")).to_have_attribute("data-chain", expected)
    page.get_by_role("button", name="Sign out").click()
    page = sign_in(context, kept.url, "nasrin")
    page.goto(f"{kept.url}/audit")
    expect(page.locator("[data-chain]")).to_have_attribute("data-chain", "same")
    newest = kept.audit()[-1].sequence
    kept.forge("UPDATE audit SET digest = zeroblob(32) WHERE sequence = :sequence", newest)
    for _ in range(2):
        page.goto(f"{kept.url}/audit")
        expect(page.locator("[data-said=broken]")).to_be_visible()


def test_what_stands_in_the_audit_no_longer_is_missed(kept: Kept, context: BrowserContext) -> None:
    keep_her(kept)
    page = sign_in(context, kept.url, "nasrin")
    for expected in ("first", "same"):
        page.goto(f"{kept.url}/audit")
        expect(page.locator("[data-chain]")).to_have_attribute("data-chain", expected)
    kept.forge("DELETE FROM audit WHERE sequence = :sequence", kept.audit()[-1].sequence)
    page.goto(f"{kept.url}/audit")
    expect(page.locator("[data-said=broken]")).to_be_visible()


def test_no_page_of_the_vault_is_stopped_by_its_own_security_policy_and_all_are_there_in_bangla(
    kept: Kept, context: BrowserContext
) -> None:
    keep_her(kept)
    said: list[str] = []
    page = sign_in(context, kept.url, "nasrin")
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.get_by_role("link", name="বাংলা").click()
    for path, title in ((f"/cases/{HER}/erase", "তাঁকে চিরতরে মুছে ফেলুন"), ("/audit", "কে দেখেছেন")):
        page.goto(kept.url + path)
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        page.wait_for_timeout(200)
    assert said == []
