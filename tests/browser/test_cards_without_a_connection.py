"""How she may be contacted, taken along for a day from a real vault: audited when it leaves, and when it is seen."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from services.web.routes import Part
from tests.browser.canned_answers import CASES, a_line
from tests.browser.phone import WORKER_IS_READY, eventually
from tests.browser.test_reading_without_a_connection import EVERYTHING_STORED, PIN, enter
from tests.browser.test_sealed_outbox import A_LOOK, CHECK_OUT, FORGET_THE_KEY, looks_kept
from tests.browser.vault_house import ANOTHER, HER, NAME, PHONE, STORY, Kept, keep_her, vault_behind
from tests.browser_fixture import sign_in
from tests.faults.fault_proxy import FaultProxy, Refuse

NEVER: list[dict[str, object]] = []


@dataclass
class Staff:
    """A caseworker's page on a line that can be cut, in front of a vault that knows two survivors."""

    kept: Kept
    line: FaultProxy
    page: Page

    def go(self, path: str) -> None:
        self.page.goto(self.line.address + path)

    def cut_off(self) -> None:
        self.line.door = Refuse()
        self.line.cut()
        self.page.context.set_offline(True)

    def connected(self) -> None:
        self.line.heal()
        self.page.context.set_offline(False)

    def looks(self) -> list[tuple[str, str]]:
        told = ("checked_out", "looked_offline")
        return [(entry.look.deed, entry.look.case_id) for entry in self.kept.audit() if entry.look.deed in told]


@pytest.fixture
def staff(tmp_path: Path, context: BrowserContext) -> Iterator[Staff]:
    with vault_behind(tmp_path) as kept, FaultProxy(urlsplit(kept.url).port or 0) as line:
        kept.faces.services.worklist = [a_line(case_id, "call_now", "Twelve days.") for case_id in CASES[:2]]
        keep_her(kept)
        keep_her(kept, NEVER, ANOTHER)
        context.set_default_timeout(60_000)
        page = sign_in(context, line.address, "asha")
        eventually(lambda: page.evaluate(WORKER_IS_READY))
        yield Staff(kept, line, page)


def take_cards_along(staff: Staff) -> None:
    page = staff.page
    staff.go("/account")
    page.get_by_label("A PIN of at least six digits").fill(PIN)
    page.get_by_label("The same PIN again").fill(PIN)
    page.get_by_role("button", name="Keep on this device").click()
    expect(page.locator("[data-reading]")).to_have_attribute("data-reading", "kept", timeout=60_000)
    staff.go("/today")
    page.get_by_role("button", name="Take today's safe-contact cards along").click()
    expect(page.locator("[data-cards]")).to_have_attribute("data-cards", "2", timeout=60_000)


def at_her_page(staff: Staff, case_id: str) -> None:
    staff.go(f"/cases/{case_id}")
    enter(staff.page, PIN)
    expect(staff.page.locator("[data-timeline]")).to_be_visible(timeout=60_000)


def test_a_card_is_audited_when_it_is_taken_along_and_again_when_it_is_looked_at(staff: Staff) -> None:
    take_cards_along(staff)
    assert staff.looks() == [("checked_out", HER), ("checked_out", ANOTHER)]
    stored = " ".join(staff.page.evaluate(EVERYTHING_STORED).values())
    assert not [secret for secret in (NAME, PHONE, STORY) if secret in stored]

    staff.cut_off()
    at_her_page(staff, HER)
    page = staff.page
    assert NAME not in page.content()
    page.get_by_role("button", name="Show who to call").click()
    expect(page.locator("[data-who=shown]")).to_contain_text(NAME)
    expect(page.locator("[data-who=shown]")).to_contain_text(STORY)
    expect(page.locator("[data-phones] a")).to_have_attribute("href", f"tel:{PHONE}")
    # Looking goes on without a connection, and so does the log of it.
    page.locator("nav").get_by_role("link", name="Today").click()
    page.locator(f'[data-case="{ANOTHER}"] a.code').click()
    page.get_by_role("button", name="Show who to call").click()
    expect(page.locator("[data-phones]")).to_contain_text("did not agree to be called at this time")
    assert PHONE not in page.content()

    staff.connected()
    # The page gives way to one that is not old.
    expect(page.locator("[data-kept-page]")).to_have_count(0)
    eventually(lambda: len(staff.looks()) == 4)
    assert staff.looks()[2:] == [("looked_offline", HER), ("looked_offline", ANOTHER)]
    staff.go("/today")
    eventually(lambda: page.evaluate(EVERYTHING_STORED)["looks sealed"] == "")


SEALED_TO = """async ([place, keyId]) => {
    const { openDB } = await import("/static/vendor/idb.js");
    const db = await openDB("looks");
    const entry = await db.get("sealed", place);
    const before = entry.sealed.look.key_id;
    entry.sealed.look.key_id = keyId;
    await db.put("sealed", entry);
    db.close();
    return before;
}"""


def note(staff: Staff, case_id: str) -> None:
    staff.page.evaluate(A_LOOK, [case_id, time.time_ns() // 1_000_000])


def refused_looks(staff: Staff, count: int) -> None:
    staff.go("/unsent")
    expect(staff.page.locator("[data-refused-looks]")).to_have_attribute("data-refused-looks", str(count))


def test_a_look_that_the_vault_refuses_stays_in_sight_and_holds_up_no_other(staff: Staff) -> None:
    take_cards_along(staff)
    for case_id in (CASES[2], HER):
        note(staff, case_id)
    staff.go("/today")
    eventually(lambda: staff.looks()[2:] == [("looked_offline", HER)])
    refused_looks(staff, 1)
    note(staff, ANOTHER)
    staff.go("/today")
    eventually(lambda: staff.looks()[3:] == [("looked_offline", ANOTHER)])
    eventually(lambda: len(looks_kept(staff.page)) == 1)
    assert looks_kept(staff.page)[0]["refusal"]["status"] == 404


def test_a_look_whose_key_is_gone_stays_in_sight_and_goes_by_itself_when_the_key_is_back(staff: Staff) -> None:
    assert staff.page.evaluate(CHECK_OUT, [HER]) == 200
    staff.cut_off()
    note(staff, HER)
    (look,) = looks_kept(staff.page)
    key_id = staff.page.evaluate(SEALED_TO, [look["place"], "gone"])
    staff.connected()
    eventually(lambda: [look["refusal"] for look in looks_kept(staff.page) if look["refusal"]])
    refused_looks(staff, 1)
    assert staff.looks()[1:] == []
    staff.page.evaluate(SEALED_TO, [look["place"], key_id])
    staff.go("/today")
    eventually(lambda: staff.looks()[1:] == [("looked_offline", HER)])
    refused_looks(staff, 0)


def test_a_look_without_the_key_is_noted_in_clear_and_sealed_when_there_is_one(staff: Staff) -> None:
    staff.page.evaluate(FORGET_THE_KEY)
    staff.kept.faces.services.away = {Part.VAULT}
    staff.cut_off()
    # A page that never had the key.
    staff.go("/today")
    note(staff, HER)
    (look,) = looks_kept(staff.page)
    assert look["sealed"] is None and look["clear"]["look"]["case_id"] == HER
    staff.connected()
    eventually(lambda: all(look["sealed"] and not look["clear"] for look in looks_kept(staff.page)))
    assert HER not in str(looks_kept(staff.page))


def test_at_midnight_the_cards_are_gone_and_the_list_stays(staff: Staff) -> None:
    take_cards_along(staff)
    staff.cut_off()
    staff.page.clock.set_fixed_time(datetime.now(UTC) + timedelta(days=1))
    at_her_page(staff, HER)
    expect(staff.page.locator("[data-who]")).to_be_hidden()
    assert NAME not in staff.page.content()


def test_cards_that_the_vault_does_not_give_out_are_said_not_to_be_there(staff: Staff) -> None:
    take_cards_along(staff)
    staff.kept.faces.services.away = {Part.VAULT}
    staff.page.get_by_role("button", name="Take today's safe-contact cards along").click()
    expect(staff.page.locator("[data-cards]")).to_have_attribute("data-cards", "refused", timeout=60_000)
    assert staff.looks() == [("checked_out", HER), ("checked_out", ANOTHER)]
