"""The pages of the vault in a real browser, by keyboard alone, in front of a real vault."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from services.casework.domain.case_code import case_code
from services.vault.bootstrap import create_app
from services.vault.domain.audit_chain import Entry
from services.vault.domain.safe_contact import DAY, WEEKDAYS
from services.web.routes import Part
from tests.browser.canned_answers import CASES, CASEWORKER
from tests.browser.fake_services import FakeServices, FakeVerifier
from tests.browser_fixture import Faces, serving, sign_in
from tests.vault_fixture import CaseworkTable, VaultUnderTest, vault_in

HER, ANOTHER = CASES[0], CASES[1]
CODE = "0C1-ZZE5"
NAME, PHONE, ADDRESS = "Invented Salma", "+8801000000111", "House 7, Invented Road"
ALWAYS: list[dict[str, object]] = [{"weekdays": list(WEEKDAYS), "begins": "00:00", "ends": "00:00"}]
ASHA = {"authorization": "Bearer asha"}
STORY = "the tailoring course"


@dataclass
class Kept:
    """The origin, and the vault behind it with one survivor in it."""

    faces: Faces
    under_test: VaultUnderTest

    @property
    def url(self) -> str:
        return self.faces.url

    def audit(self) -> list[Entry]:
        """Oldest first."""
        with self.under_test.vault.store.reading() as transaction:
            return list(transaction.whole_audit("rupantar"))

    def forge(self, statement: str, sequence: int) -> None:
        """What somebody with the database does behind the vault's back."""
        (path,) = self.under_test.data.glob("*.sqlite*3")
        with sqlite3.connect(path) as database:
            database.execute(statement, {"sequence": sequence})

    def deeds(self) -> list[str]:
        return [entry.look.deed.value for entry in self.audit()]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    table = CaseworkTable()
    for case_id in CASES:
        table.give(case_id, CASEWORKER, "rupantar")
    under_test = vault_in(tmp_path, table, time.time_ns() // 1_000_000)
    with serving(FakeServices(), create_app(under_test.vault, FakeVerifier())) as faces:
        yield Kept(faces, under_test)
    under_test.vault.store.close()


def keep_her(kept: Kept, windows: list[dict[str, object]] | None = None, case_id: str = HER) -> None:
    """windows: ALWAYS unless said otherwise."""
    plan = {"channel": "voice", "windows": ALWAYS if windows is None else windows, "cover_story": STORY}
    identity = {"names": [NAME], "phones": [PHONE], "address": ADDRESS}
    for what, body in (("identity", identity), ("safe-contact-plan", plan)):
        answer = httpx.put(f"{kept.url}/v1/vault/cases/{case_id}/{what}", headers=ASHA, json=body, trust_env=False)
        assert answer.status_code == 200, answer.text


def tab_to(page: Page, place: Locator) -> None:
    """The way to it without a mouse, as far as it may be."""
    expect(place).to_be_visible()
    for _ in range(150):
        page.keyboard.press("Tab")
        if place.evaluate("place => place === document.activeElement"):
            return
    raise AssertionError(f"no key leads to {place}")


def choose(page: Page, label: str, option: str) -> None:
    """By the letters its words begin with."""
    tab_to(page, page.get_by_label(label, exact=True))
    page.keyboard.type(option)


def press(page: Page, name: str) -> None:
    tab_to(page, page.get_by_role("main").get_by_role("button", name=name, exact=True))
    page.keyboard.press("Enter")


def go_to_her(kept: Kept, context: BrowserContext, name: str = "asha") -> Page:
    page = sign_in(context, kept.url, name)
    page.goto(f"{kept.url}/cases/{HER}")
    return page


def test_who_to_call_is_shown_to_who_asks_and_gone_when_the_page_is_left(kept: Kept, context: BrowserContext) -> None:
    keep_her(kept)
    page = go_to_her(kept, context)
    assert NAME not in page.content() and PHONE not in page.content()
    with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
        press(page, "Show who to call")
    card = page.locator("[data-who=shown]")
    for words in (NAME, PHONE, STORY):
        expect(card).to_contain_text(words)
    assert answered.value.headers["cache-control"] == "no-store"
    assert page.url == f"{kept.url}/cases/{HER}" and page.title() == "Notebook"
    assert kept.deeds() == ["kept", "kept", "revealed"]
    page.goto(f"{kept.url}/today")
    page.goto(f"{kept.url}/cases/{HER}")
    expect(page.locator("[data-who=hidden]")).to_be_visible()
    assert NAME not in page.content() and PHONE not in page.content()
    assert kept.deeds() == ["kept", "kept", "revealed"]


def test_what_a_visit_needs_is_where_she_lives_and_not_her_number(kept: Kept, context: BrowserContext) -> None:
    keep_her(kept, [])
    page = go_to_her(kept, context)
    choose(page, "What for", "To visit")
    press(page, "Show who to call")
    expect(page.locator("[data-who=shown]")).to_contain_text(ADDRESS)
    assert PHONE not in page.content()
    assert kept.audit()[-1].look.purpose == "visit"


def test_outside_the_hours_she_agreed_to_her_number_needs_a_reason(kept: Kept, context: BrowserContext) -> None:
    keep_her(kept, [])
    page = go_to_her(kept, context)
    press(page, "Show who to call")
    expect(page.locator("[data-refusal]")).to_contain_text("agreed to be called at other hours")
    assert NAME not in page.content() and PHONE not in page.content()
    choose(page, "Why at this hour", "She may")
    press(page, "Show who to call")
    expect(page.locator("[data-who=shown]")).to_contain_text(PHONE)
    expect(page.locator("[data-closed]")).to_be_visible()
    last = kept.audit()[-1].look
    assert (last.deed, last.reason, kept.deeds()[-2]) == ("revealed", "danger", "refused")


def test_a_plan_older_than_thirty_days_asks_to_be_agreed_on_anew(kept: Kept, context: BrowserContext) -> None:
    keep_her(kept)
    kept.under_test.clock.now += 31 * DAY
    page = go_to_her(kept, context)
    press(page, "Show who to call")
    expect(page.locator("[data-needs-review]")).to_be_visible()


def test_who_she_is_and_a_plan_are_entered_and_a_shared_number_is_told(kept: Kept, context: BrowserContext) -> None:
    keep_her(kept, case_id=ANOTHER)
    page = go_to_her(kept, context)
    tab_to(page, page.get_by_role("link", name="Enter who she is, or agree on a plan"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Names, one a line"))
    page.keyboard.type(NAME)
    tab_to(page, page.get_by_label("Phone numbers"))
    page.keyboard.type(PHONE)
    press(page, "Keep")
    expect(page.locator("[data-same-phone]")).to_have_attribute("data-same-phone", case_code(ANOTHER))
    page.goto(f"{kept.url}/cases/{HER}/identity")
    tab_to(page, page.get_by_label("a call", exact=True))
    page.keyboard.press("Space")
    tab_to(page, page.get_by_label("Mon", exact=True).first)
    page.keyboard.press("Space")
    tab_to(page, page.get_by_label("From", exact=True).first)
    page.keyboard.type("0930AM")
    tab_to(page, page.get_by_label("Until", exact=True).first)
    page.keyboard.type("1100AM")
    tab_to(page, page.get_by_label("Who we say we are"))
    page.keyboard.type(STORY)
    press(page, "Agreed with her: keep")
    expect(page.locator("[data-kept]")).to_be_visible()
    page.goto(f"{kept.url}/cases/{HER}/identity")
    press(page, "Fill in what is kept, to change it")
    expect(page.get_by_label("Who we say we are")).to_have_value(STORY)
    expect(page.get_by_label("Mon", exact=True).first).to_be_checked()
    expect(page.get_by_label("From", exact=True).first).to_have_value("09:30")
    assert PHONE not in page.content()


def test_a_number_that_cannot_be_one_is_told_and_what_was_typed_stays(kept: Kept, context: BrowserContext) -> None:
    page = go_to_her(kept, context)
    page.goto(f"{kept.url}/cases/{HER}/identity")
    tab_to(page, page.get_by_label("Names, one a line"))
    page.keyboard.type(NAME)
    tab_to(page, page.get_by_label("Phone numbers"))
    page.keyboard.type("12")
    press(page, "Keep")
    expect(page.locator("[data-wrong=phones]")).to_contain_text("expected a phone number")
    expect(page.get_by_label("Names, one a line")).to_have_value(NAME)
    assert kept.deeds() == []


def test_a_supervisor_breaks_the_glass_and_others_see_it(kept: Kept, context: BrowserContext) -> None:
    keep_her(kept)
    page = go_to_her(kept, context, "nasrin")
    assert page.get_by_role("button", name="Show who to call").count() == 0
    tab_to(page, page.locator("[data-break-glass] summary"))
    page.keyboard.press("Enter")
    choose(page, "Reason", "Her caseworker")
    tab_to(page, page.get_by_label("I need this"))
    page.keyboard.press("Space")
    press(page, "Break the glass")
    expect(page.locator("[data-open-until]")).to_contain_text("You broke the glass")
    assert kept.audit()[-1].look.deed == "glass_broken"
    press(page, "Show who to call")
    expect(page.locator("[data-who=shown]")).to_contain_text(PHONE)
    assert kept.audit()[-1].look.ground == "broken_glass"
    page.goto(f"{kept.url}/audit")
    expect(page.locator(f"[data-glass='{HER}']")).to_contain_text("Nasrin Invented")
    context.clear_cookies()
    page = go_to_her(kept, context)
    expect(page.locator("[data-glass-list]")).to_contain_text("Her caseworker is absent")
    page.goto(f"{kept.url}/today")
    expect(page.locator(f"[data-glass='{HER}']")).to_contain_text(CODE)


def test_the_glass_is_not_broken_without_a_reason_and_a_confirmation(kept: Kept, context: BrowserContext) -> None:
    page = go_to_her(kept, context, "nasrin")
    page.locator("[data-break-glass] form").evaluate("form => form.noValidate = true")
    tab_to(page, page.locator("[data-break-glass] summary"))
    page.keyboard.press("Enter")
    press(page, "Break the glass")
    expect(page.locator("[data-refusal]")).to_have_text("Choose a reason and confirm.")
    assert kept.deeds() == []


def test_while_the_vault_is_away_nothing_is_shown_and_the_rest_of_the_page_is(
    kept: Kept, context: BrowserContext
) -> None:
    keep_her(kept)
    page = go_to_her(kept, context)
    kept.faces.services.away = {Part.VAULT}
    press(page, "Show who to call")
    expect(page.locator("[data-refusal]")).to_contain_text("“who she is” did not answer")
    expect(page.locator("[data-away=vault]")).to_be_visible()
    expect(page.locator("[data-timeline] > li")).to_have_count(7)
    assert NAME not in page.content()


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
