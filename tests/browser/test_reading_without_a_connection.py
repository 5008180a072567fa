"""Today's list and her page in aeroplane mode: sealed on the device, opened by the PIN, for so long and no longer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessible import violations
from tests.browser.canned_answers import CASES, OTHER_CASEWORKER, a_line
from tests.browser.phone import Phone, a_phone, eventually, leave_quickly
from tests.browser.test_outbox import kept_id, record_a_call, unsent
from tests.browser_fixture import Faces

PIN, WRONG = "270531", "270530"
REASON = "Twelve days of silence, canary 7431."
HER_CODE = "2GZ-PYQ"
LEASE = timedelta(days=7)
CANARIES = (REASON, "canary 7431", "2 attempts since", CASES[1])
"""Words of the list, words of her page, and the case_id of a case of which nothing was recorded here."""

KEPT_SHEETS = """async () => {
    const kept = await caches.match("/sheets");
    return kept === undefined ? "" : kept.text();
}"""
IS_LOCKED = """async (account) => {
    const { lockOf } = await import("/static/reading.js");
    const lock = await lockOf(account);
    return lock === undefined ? "none" : lock.half === null ? lock.closed : "readable";
}"""
EVERYTHING_STORED = """async () => {
    const said = (value) => {
        if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
            const bytes = new Uint8Array(value.buffer ?? value);
            return ["latin1", "utf-16le", "utf-8"].map((name) => new TextDecoder(name).decode(bytes)).join(" ");
        }
        if (value instanceof CryptoKey) return `key, ${value.type}, ${value.extractable}`;
        if (value !== null && typeof value === "object") return Object.entries(value).flat().map(said).join(" ");
        return String(value);
    };
    const found = {};
    for (const { name } of await indexedDB.databases()) {
        const { openDB } = await import("/static/vendor/idb.js");
        const db = await openDB(name);
        for (const store of db.objectStoreNames) {
            found[`${name} ${store}`] = (await db.getAll(store)).map(said).join(" ");
        }
        db.close();
    }
    for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        const texts = (await cache.keys()).map(async (request) => (await cache.match(request)).text());
        const kept = await Promise.all(texts);
        found[`cache ${name.split(" ")[0]}`] = kept.join(" ");
    }
    return { ...found, local: JSON.stringify(localStorage), session: JSON.stringify(sessionStorage) };
}"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[tuple[Phone, Faces]]:
    with a_phone(tmp_path) as found:
        found[1].services.worklist = [a_line(case_id, "call_now", REASON) for case_id in CASES[:2]]
        yield found


@pytest.fixture
def phone(house: tuple[Phone, Faces]) -> Phone:
    return house[0]


def choose_pin(phone: Phone, page: Page, pin: str = PIN) -> None:
    page.goto(f"{phone.url}/account")
    page.get_by_label("A PIN of at least six digits").fill(pin)
    page.get_by_label("The same PIN again").fill(pin)
    page.get_by_role("button", name="Keep on this device").click()
    expect(page.locator("[data-reading]")).to_have_attribute("data-reading", "kept")


def with_a_pin(phone: Phone) -> Page:
    """Asha's page, with today's list kept on her phone, in aeroplane mode."""
    page = phone.signed_in("asha")
    choose_pin(phone, page)
    phone.go_offline()
    return page


def enter(page: Page, pin: str) -> None:
    page.get_by_label("Your PIN").fill(pin)
    page.get_by_role("button", name="Open").click()


def is_read(page: Page) -> None:
    expect(page.locator("[data-case]")).to_have_count(2)
    expect(page.locator("[data-case]").first).to_contain_text(REASON)


def on_line_again(phone: Phone, page: Page) -> None:
    """What was kept gives way to the list itself, by itself: going elsewhere meanwhile would be cut off."""
    phone.go_online()
    expect(page.locator("[data-take-along]")).to_be_attached()


def test_the_list_and_her_page_are_read_after_a_reload_and_in_a_browser_that_was_killed(phone: Phone) -> None:
    page = with_a_pin(phone)
    page.goto(f"{phone.url}/today")
    expect(page.get_by_label("Your PIN")).to_be_visible()
    assert REASON not in page.content()
    assert violations(page) == []
    enter(page, PIN)
    is_read(page)
    assert violations(page) == []
    expect(page.locator(".banner[data-as-of]")).to_contain_text("Something may be overdue since then")
    expect(page.locator("[data-freshness]")).to_have_class("freshness stale")
    page.locator("[data-case] a.code").first.click()
    expect(page.locator("[data-timeline] [data-event]")).to_have_count(7)
    expect(page.locator("[data-owed]").first).to_be_visible()
    expect(page.locator("[data-as-of]")).to_be_visible()
    assert page.url == f"{phone.url}/cases/{CASES[0]}"
    page.reload()
    enter(page, PIN)
    expect(page.locator("[data-timeline] [data-event]")).to_have_count(7)

    phone.kill()
    page = phone.switched_on()
    phone.go_offline()
    page.goto(f"{phone.url}/today")
    enter(page, PIN)
    is_read(page)


def test_what_is_recorded_meanwhile_stands_on_her_page_as_not_sent_yet(phone: Phone) -> None:
    page = with_a_pin(phone)
    page.goto(f"{phone.url}/today")
    enter(page, PIN)
    page.locator("[data-case]").first.get_by_role("link", name="Log a call").click()
    page.get_by_label("No answer").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-kept]")).to_be_visible()
    page.go_back()
    is_read(page)
    page.locator("[data-case] a.code").first.click()
    expect(page.locator("[data-kept-unsent] li")).to_have_count(1)
    phone.go_online()
    # With a connection it is the page itself, and the call is in the log.
    expect(page.locator("[data-who]")).to_be_visible()
    unsent(page, 0)


def test_five_wrong_pins_wipe_what_is_kept_and_never_what_is_unsent(phone: Phone) -> None:
    page = with_a_pin(phone)
    record_a_call(page, phone.url)
    event_id = kept_id(page)
    page.goto(f"{phone.url}/today")
    for left in (4, 3, 2, 1):
        enter(page, WRONG)
        expect(page.locator("[data-refusal]")).to_have_text(f"That is not the PIN. Tries left: {left}.")
        # Loading the page anew brings no new tries.
        page.reload()
    enter(page, WRONG)
    expect(page.locator("[data-refusal]")).to_have_attribute("data-refusal", "wiped")
    enter(page, PIN)
    expect(page.locator("[data-refusal]")).to_have_attribute("data-refusal", "none")
    assert page.evaluate(EVERYTHING_STORED)["reading reading"] == ""
    unsent(page, 1)
    assert event_id in page.evaluate(EVERYTHING_STORED)["outbox events"]


def test_after_the_lease_it_is_gone_however_the_clock_was_set(phone: Phone) -> None:
    """By a table of what the device's clock said when the pages were kept, and afterwards."""
    page = phone.signed_in("asha")
    choose_pin(phone, page)
    now = datetime.now(UTC)

    def left_after(ahead_when_kept: timedelta, *clocks: timedelta) -> str:
        page.clock.set_fixed_time(now + ahead_when_kept)
        page.evaluate(KEEP_ANEW)
        for clock in clocks:
            page.evaluate(HEED, (now + clock).timestamp() * 1000)
        left: str = page.evaluate(IS_LOCKED_NOW)
        return left

    right, minute, day = timedelta(), timedelta(minutes=1), timedelta(days=1)
    # A minute more than it took to get here; the origin's clock went on meanwhile.
    over = LEASE + 10 * minute
    assert left_after(right, LEASE - minute) == "readable"
    assert left_after(right, over) == "lease_over"
    # Set back after it was seen later: the latest instant counts, and what comes after it.
    assert left_after(right, 6 * day, -30 * day) == "readable"
    assert left_after(right, over, -30 * day) == "lease_over"
    # Behind when it was kept, and left or set right: neither gains a day.
    assert left_after(-3 * day, -3 * day + LEASE - minute) == "readable"
    assert left_after(-3 * day, -3 * day + over) == "lease_over"
    assert left_after(-3 * day, over) == "lease_over"
    # Ahead when it was kept, and set right: it ends on its day.
    assert left_after(5 * day, over) == "lease_over"
    assert left_after(300 * day, over) == "lease_over"


KEEP_ANEW = """async () => {
    const { keepAnew } = await import("/static/reading.js");
    await keepAnew(document.body.dataset.account, "en");
}"""
HEED = """async (clock) => {
    const { heed } = await import("/static/reading.js");
    await heed(clock);
}"""
IS_LOCKED_NOW = f"async () => ({IS_LOCKED})(document.body.dataset.account)"


def test_when_the_lease_is_over_the_page_says_so_and_a_connection_keeps_it_anew(phone: Phone) -> None:
    page = with_a_pin(phone)
    page.goto(f"{phone.url}/today")
    page.clock.set_fixed_time(datetime.now(UTC) + LEASE + timedelta(minutes=1))
    enter(page, PIN)
    expect(page.locator("[data-refusal]")).to_have_attribute("data-refusal", "lease_over")
    page.reload()
    expect(page.locator("[data-not-kept]")).to_contain_text("kept too long ago")
    assert "canary 7431" not in page.content()
    phone.go_online()
    page.goto(f"{phone.url}/today")
    expect(page.locator("[data-take-along]")).to_have_attribute("data-take-along", "kept")


def test_somebody_else_who_signs_in_on_the_same_browser_reads_nothing(phone: Phone) -> None:
    page = phone.signed_in("asha")
    choose_pin(phone, page)
    phone.browser.clear_cookies()
    other = phone.signed_in("runa")
    eventually(lambda: OTHER_CASEWORKER in other.evaluate(KEPT_SHEETS))
    assert other.evaluate(IS_LOCKED, "11111111-1111-4111-8111-111111111111") == "signed_out"
    phone.go_offline()
    other.goto(f"{phone.url}/today")
    expect(other.locator("[data-not-kept]")).to_be_visible()
    expect(other.get_by_label("Your PIN")).to_have_count(0)
    assert REASON not in other.content()


def test_signing_out_takes_it_away_and_signing_in_brings_it_back_under_the_same_pin(phone: Phone) -> None:
    page = phone.signed_in("asha")
    choose_pin(phone, page)
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    kept = page.evaluate(EVERYTHING_STORED)["reading reading"]
    assert "signed_out" in kept and "key, secret" not in kept
    page = phone.signed_in("asha")
    expect(page.locator("[data-take-along]")).to_have_attribute("data-take-along", "kept")
    phone.go_offline()
    page.goto(f"{phone.url}/today")
    enter(page, PIN)
    is_read(page)
    leave_quickly(page)
    assert page.evaluate(EVERYTHING_STORED).get("reading reading", "") == ""


LEAVES_AND_IS_CONNECTED = """() => {
  document.querySelector("form[data-leave] button").click();
  window.dispatchEvent(new Event("online"));
}"""


def test_a_connection_that_comes_while_she_leaves_does_not_bring_the_page_back(phone: Phone) -> None:
    page = phone.signed_in("asha")
    choose_pin(phone, page)
    phone.go_offline()
    page.goto(f"{phone.url}/today")
    enter(page, PIN)
    is_read(page)
    page.evaluate(LEAVES_AND_IS_CONNECTED)
    page.wait_for_url("**/blank")


def test_a_pin_is_changed_and_forgotten_on_her_own_page(phone: Phone) -> None:
    page = phone.signed_in("asha")
    choose_pin(phone, page)
    page.get_by_label("A PIN of at least six digits").fill("12345")
    page.get_by_label("The same PIN again").fill("12345")
    page.get_by_role("button", name="Change the PIN").click()
    expect(page.locator("[data-reading] [data-refusal]")).to_contain_text("at least 6 digits")
    page.get_by_label("A PIN of at least six digits").fill(WRONG)
    page.get_by_label("The same PIN again").fill("৯৯৯৯৯৯")
    page.get_by_role("button", name="Change the PIN").click()
    expect(page.locator("[data-reading] [data-refusal]")).to_contain_text("not the same")
    # Bangla digits are the same PIN.
    page.get_by_label("The same PIN again").fill("২৭০৫৩০")
    page.get_by_role("button", name="Change the PIN").click()
    expect(page.locator("[data-reading] [data-refusal]")).to_be_hidden()
    phone.go_offline()
    page.goto(f"{phone.url}/today")
    enter(page, PIN)
    expect(page.locator("[data-refusal]")).to_have_attribute("data-refusal", "wrong")
    enter(page, WRONG)
    is_read(page)
    on_line_again(phone, page)
    page.goto(f"{phone.url}/account")
    page.get_by_role("button", name="Forget the PIN").click()
    expect(page.locator("[data-reading]")).to_have_attribute("data-reading", "not_kept")
    assert page.evaluate(EVERYTHING_STORED)["reading reading"] == ""


def test_nothing_of_a_case_is_stored_in_clear(phone: Phone) -> None:
    page = with_a_pin(phone)
    record_a_call(page, phone.url)
    event_id = kept_id(page)
    page.goto(f"{phone.url}/today")
    enter(page, PIN)
    is_read(page)
    stored: dict[str, Any] = page.evaluate(EVERYTHING_STORED)
    assert event_id in stored["outbox events"] and "key, public" in stored["reading reading"]
    assert "key, private" not in stored["reading reading"] and "key, secret, true" not in stored["reading reading"]
    assert {(store, canary) for store, kept in stored.items() for canary in CANARIES if canary in kept} == set()
    assert PIN not in " ".join(stored.values())
    phone.kill()
    on_disk = b"".join(path.read_bytes() for path in phone.profile.rglob("*") if path.is_file())
    assert event_id.encode() in on_disk
    for words in CANARIES[:3]:
        assert words.encode() not in on_disk and words.encode("utf-16-le") not in on_disk


def test_whether_the_browser_may_throw_unsent_events_away_is_asked_once_and_said(phone: Phone) -> None:
    page = phone.signed_in("asha")
    page.goto(f"{phone.url}/unsent")
    expect(page.locator("[data-stays]")).to_have_attribute("data-stays", "no")
    expect(page.locator("[data-stays]")).to_contain_text("may delete unsent events")
    session = phone.browser.new_cdp_session(page)
    session.send("Browser.grantPermissions", {"permissions": ["durableStorage"], "origin": phone.url})
    record_a_call(page, phone.url)
    expect(page.locator("[data-receipt]")).to_be_visible()
    eventually(lambda: page.evaluate("() => navigator.storage.persisted()"))
    page.goto(f"{phone.url}/unsent")
    expect(page.locator("[data-stays]")).to_have_attribute("data-stays", "yes")
