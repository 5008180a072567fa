"""What waits on a phone is sealed, and none of it is lost by that."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from services.casework.domain.instants import SECOND, format_instant
from services.vault.bootstrap import create_app
from services.vault.domain.audit_chain import Deed
from services.web.routes import Part
from tests.acceptance.canary_search import Search
from tests.browser.accessible import violations
from tests.browser.canned_answers import CASES, CASEWORKER
from tests.browser.fake_services import FakeServices
from tests.browser.fake_verifier import FakeVerifier
from tests.browser.phone import Phone, a_phone, eventually
from tests.browser.test_outbox import READ_OUTBOX, assert_exactly_once, kept_id, record_a_call, unsent
from tests.browser_fixture import Faces
from tests.vault_fixture import CaseworkTable, VaultUnderTest, vault_in

WORDS = "Zqlandlordy ঝকবাড়িওয়ালা"
STORES = ("IndexedDB", "Service Worker", "Local Storage", "Session Storage")
"""Of a profile, those that pages write to: its history has every address, and with it the case of a form."""

DAMAGE = """async (eventId) => {
    const { openDB } = await import("/static/vendor/idb.js");
    const db = await openDB("outbox");
    const entry = await db.getFromIndex("events", "event_id", eventId);
    const { event } = entry.sealed;
    event.sealed = (event.sealed[0] === "A" ? "B" : "A") + event.sealed.slice(1);
    await db.put("events", entry);
    db.close();
}"""
AS_IT_WAS = """async ([events, account]) => {
    const { openDB } = await import("/static/vendor/idb.js");
    const upgrade = (db) => db.createObjectStore("events", { keyPath: "place", autoIncrement: true })
        .createIndex("event_id", "event_id", { unique: true });
    const db = await openDB("outbox", 1, { upgrade });
    for (const event of events) {
        await db.add("events", { event_id: event.event_id, account, event, edition: 1, refusal: null });
    }
    db.close();
}"""
LOOKS_AS_THEY_WERE = """async (look) => {
    const { deleteDB, openDB } = await import("/static/vendor/idb.js");
    const upgrade = (db) => db.createObjectStore("looks", { autoIncrement: true });
    await deleteDB("looks");
    const db = await openDB("looks", 1, { upgrade });
    await db.add("looks", look);
    db.close();
}"""
FORGET_THE_KEY = """async () => {
    for (const name of await caches.keys()) await (await caches.open(name)).delete("/static/sealing-key.json");
}"""


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[VaultUnderTest]:
    """Asha has the first two cases."""
    table = CaseworkTable()
    for case_id in CASES[:2]:
        table.give(case_id, CASEWORKER, "rupantar")
    made = vault_in(tmp_path / "vault", table, time.time_ns() // 1_000_000)
    yield made
    made.vault.store.close()


@pytest.fixture
def house(tmp_path: Path, vault: VaultUnderTest) -> Iterator[tuple[Phone, Faces]]:
    with a_phone(tmp_path, create_app(vault.vault, FakeVerifier())) as found:
        yield found


@pytest.fixture
def phone(house: tuple[Phone, Faces]) -> Phone:
    return house[0]


@pytest.fixture
def services(house: tuple[Phone, Faces]) -> FakeServices:
    return house[1].services


def notes_in(vault: VaultUnderTest) -> list[str]:
    """Who kept or saw what, in the order of the audit."""
    with vault.vault.store.reading() as transaction:
        return [f"{entry.look.deed} {entry.look.fields}" for entry in transaction.whole_audit("rupantar")]


def record_with_words(page: Page, url: str) -> str:
    page.goto(f"{url}/cases/{CASES[0]}/record?type=call")
    page.get_by_label("We called").check()
    page.get_by_label("Reached").check()
    page.get_by_label("In words").fill(WORDS)
    page.get_by_role("button", name="Save").click()
    return kept_id(page)


def open_in_the_field(page: Page, url: str) -> str:
    """The event_id of the opening."""
    page.goto(f"{url}/open-case")
    page.get_by_label("Source").select_option("police")
    page.locator("[data-field=pathway]").get_by_label("Family").check()
    page.get_by_label("District").fill("satkhira")
    page.get_by_role("button", name="Save").click()
    return kept_id(page)


def found_in(profile: Path, tokens: list[str]) -> dict[str, set[str]]:
    """By token, in which parts of a profile it stands, in whatever encoding."""
    search = Search(tokens)
    search.look_below(profile)
    return {token: {part for where in search.found_in(token) for part in Path(where).parts} for token in tokens}


def outbox(page: Page) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = page.evaluate(READ_OUTBOX)
    return entries


def test_what_waits_cannot_be_read_by_who_has_the_phone_and_arrives_once_after_kill_9(
    phone: Phone, services: FakeServices, vault: VaultUnderTest
) -> None:
    page = phone.signed_in("asha")
    phone.go_offline()
    opening = open_in_the_field(page, phone.url)
    call = record_with_words(page, phone.url)
    expect(page.locator("[data-words=waiting]")).to_be_visible()
    phone.kill()
    found = found_in(phone.profile, [opening, call, CASES[0], "satkhira", *WORDS.split()])
    assert all("IndexedDB" in found[event_id] for event_id in (opening, call)), "the search sees nothing"
    assert not [word for word in ("satkhira", *WORDS.split()) if found[word]]
    assert not found[CASES[0]] & set(STORES)

    as_it_was = Path(shutil.copytree(phone.profile, phone.profile.with_name("as it was"), symlinks=True))
    phone.line.heal()
    phone.switched_on()
    page = phone.signed_in("asha")
    unsent(page, 0)
    assert_exactly_once(services, {opening, call})
    assert notes_in(vault) == ["kept notes"]
    page.goto(f"{phone.url}/cases/{CASES[0]}")
    page.get_by_role("button", name="Read the words").click()
    expect(page.locator(".words")).to_contain_text(WORDS)
    # That of a case which was opened on the phone stood in no address either.
    case_id = services.recorded[opening]["case_id"]
    assert found_in(as_it_was, [case_id]) == {case_id: set()}


CHECK_OUT = """async (caseIds) => {
    const headers = { "content-type": "application/json", "x-form-token": document.body.dataset.formToken };
    const body = JSON.stringify({ case_ids: caseIds });
    return (await fetch("/v1/vault/cards:check-out", { method: "POST", headers, body })).status;
}"""
A_LOOK = """async ([caseId, at]) => {
    const { noteLook } = await import("/static/looks.js");
    await noteLook(document.body.dataset.account, caseId, at);
}"""
LOOKS = """async () => {
    const { looks } = await import("/static/looks.js");
    return looks();
}"""


def looks_kept(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(LOOKS)
    return found


def test_a_look_cannot_be_read_by_who_has_the_phone_nor_one_that_an_older_version_noted_and_both_are_told_once(
    phone: Phone, services: FakeServices, vault: VaultUnderTest
) -> None:
    earlier, later = vault.clock.now - SECOND, vault.clock.now
    page = phone.signed_in("asha")
    assert page.evaluate(CHECK_OUT, CASES[:2]) == 200
    page.goto(f"{phone.url}/blank")
    older = {"account": CASEWORKER, "case_id": CASES[0], "at": format_instant(earlier)}
    page.evaluate(LOOKS_AS_THEY_WERE, older)
    services.away = {Part.VAULT}
    page.goto(f"{phone.url}/today")
    phone.go_offline()
    page.evaluate(A_LOOK, [CASES[1], later])
    eventually(lambda: [look["clear"] for look in looks_kept(page)] == [None, None])
    kept = looks_kept(page)
    assert CASES[0] not in str(kept) and older["at"] not in str(kept)
    phone.kill()
    found = found_in(phone.profile, [CASES[1], format_instant(later), *(look["event_id"] for look in kept)])
    assert all("IndexedDB" in found[look["event_id"]] for look in kept), "the search sees nothing"
    assert not found[CASES[1]] and not found[format_instant(later)]

    phone.line.heal()
    phone.switched_on()
    services.away = set()
    page = phone.signed_in("asha")
    eventually(lambda: looks_kept(page) == [])
    with vault.vault.store.reading() as transaction:
        looks = [entry.look for entry in transaction.whole_audit("rupantar") if entry.look.deed == Deed.LOOKED_OFFLINE]
    assert [(look.actor, look.case_id) for look in looks] == [(CASEWORKER, case_id) for case_id in CASES[:2]]
    assert [int(look.detail) for look in looks] == [earlier, later]


def test_what_is_damaged_on_the_phone_is_refused_in_sight_and_holds_up_nothing(
    phone: Phone, services: FakeServices
) -> None:
    page = phone.signed_in("asha")
    phone.go_offline()
    record_a_call(page, phone.url)
    damaged = kept_id(page)
    record_a_call(page, phone.url)
    whole = kept_id(page)
    page.evaluate(DAMAGE, damaged)
    phone.go_online()
    unsent(page, 0, refused=1)
    assert_exactly_once(services, {whole})
    page.goto(f"{phone.url}/unsent")
    line = page.locator("[data-outbox] li")
    expect(line).to_have_attribute("data-event", damaged)
    expect(line).to_contain_text("It was damaged on this device and cannot be opened.")
    expect(line.get_by_role("link", name="Correct")).to_be_hidden()
    assert violations(page) == []
    line.get_by_role("button", name="Send it again").click()
    unsent(page, 0, refused=1)
    line.locator("summary", has_text="Give up").click()
    line.get_by_role("button", name="Delete it here").click()
    unsent(page, 0)
    assert_exactly_once(services, {whole})


def test_what_an_older_version_left_in_clear_is_sealed_and_sent_as_it_was(phone: Phone, services: FakeServices) -> None:
    page = phone.browser.pages[0]
    page.goto(f"{phone.url}/blank")
    data = {"direction": "outgoing", "outcome": "no_answer", "problem": "health"}
    at = "2026-03-03T10:00:00.000Z"
    events = [
        {"event_id": str(uuid4()), "case_id": case_id, "type": "call", "occurred_at": at, "data": data}
        for case_id in CASES[:2]
    ]
    page.evaluate(AS_IT_WAS, [events, CASEWORKER])
    services.away = {Part.CASEWORK}
    page = phone.signed_in("asha")
    unsent(page, 2)
    eventually(lambda: all(entry["sealed"] and not entry["clear"] for entry in outbox(page)))
    assert CASES[0] not in str(outbox(page))
    services.away = set()
    page.goto(f"{phone.url}/today")
    unsent(page, 0)
    assert services.recorded == {event["event_id"]: event for event in events}


def test_without_the_key_it_is_kept_in_clear_and_said_so_and_sealed_when_there_is_one(
    phone: Phone, services: FakeServices
) -> None:
    page = phone.signed_in("asha")
    page.evaluate(FORGET_THE_KEY)
    phone.go_offline()
    record_a_call(page, phone.url)
    event_id = kept_id(page)
    page.goto(f"{phone.url}/unsent")
    expect(page.locator("[data-in-clear]")).to_contain_text("Not sealed yet")
    services.away = {Part.CASEWORK}
    phone.go_online()
    expect(page.locator("[data-in-clear]")).to_be_hidden()
    assert [entry["clear"] for entry in outbox(page)] == [None]
    services.away = set()
    page.goto(f"{phone.url}/today")
    unsent(page, 0)
    assert_exactly_once(services, {event_id})
