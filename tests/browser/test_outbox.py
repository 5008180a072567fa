"""No event is lost and none is recorded twice, whatever becomes of the line, the browser and the services."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from services.runtime.problems import Problem
from services.web.routes import Part
from tests.browser.canned_answers import CASES, CASEWORKER
from tests.browser.fake_services import FakeServices
from tests.browser.phone import Phone, a_phone, eventually, leave_quickly
from tests.browser_fixture import Faces

CALL = f"/cases/{CASES[0]}/record?type=call"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[tuple[Phone, Faces]]:
    with a_phone(tmp_path) as found:
        yield found


@pytest.fixture
def phone(house: tuple[Phone, Faces]) -> Phone:
    return house[0]


@pytest.fixture
def services(house: tuple[Phone, Faces]) -> FakeServices:
    return house[1].services


def record_a_call(page: Page, url: str, problem: str = "", case_id: str = CASES[0]) -> None:
    page.goto(f"{url}/cases/{case_id}/record?type=call")
    page.get_by_label("We called").check()
    page.get_by_label("No answer").check()
    if problem:
        page.get_by_label("Problem").select_option(problem)
    page.get_by_role("button", name="Save").click()


def kept_id(page: Page) -> str:
    """Of the event that the page says to have kept."""
    event_id = page.locator("[data-kept]").get_attribute("data-kept")
    assert event_id
    return event_id


def unsent(page: Page, waiting: int, refused: int = 0) -> None:
    shown = page.locator("[data-unsent]")
    expect(shown).to_have_attribute("data-unsent", str(waiting))
    expect(shown).to_have_attribute("data-refused", str(refused))


def assert_exactly_once(services: FakeServices, event_ids: set[str]) -> None:
    """They are there, nothing else is, and whatever was sent again was the same."""
    assert set(services.recorded) == event_ids
    for _, event in services.posts:
        assert event == services.recorded[event["event_id"]]


def test_what_is_recorded_without_a_connection_is_kept_and_sent_once_when_there_is_one(
    phone: Phone, services: FakeServices
) -> None:
    page = phone.signed_in("asha")
    unsent(page, 0)
    phone.go_offline()
    record_a_call(page, phone.url)
    event_id = kept_id(page)
    unsent(page, 1)
    expect(page.locator("[data-unsent-why]")).to_have_attribute("data-unsent-why", "offline")
    assert services.posts == []
    phone.go_online()
    expect(page.locator("[data-receipt]")).to_have_attribute("data-receipt", event_id)
    unsent(page, 0)
    assert_exactly_once(services, {event_id})


def test_an_event_is_on_the_disk_before_it_is_sent_and_survives_kill_9(phone: Phone, services: FakeServices) -> None:
    page = phone.signed_in("asha")
    phone.go_offline()
    record_a_call(page, phone.url, "money")
    event_id = kept_id(page)
    (written,) = page.evaluate(READ_OUTBOX)
    phone.kill()
    phone.line.heal()
    page = phone.switched_on()
    page.goto(f"{phone.url}/sign-in")
    assert services.posts == []
    page = phone.signed_in("asha")
    unsent(page, 0)
    assert_exactly_once(services, {event_id})
    assert services.recorded[event_id]["type"] == written["type"]
    assert services.recorded[event_id]["data"]["problem"] == "money"


READ_OUTBOX = """async () => {
    const { entries } = await import("/static/outbox.js");
    return entries();
}"""


def test_twelve_events_through_everything_arrive_exactly_once_each(phone: Phone, services: FakeServices) -> None:
    """Aeroplane mode, a reload, kill -9, two tabs, a lost answer, a service that was restarted."""
    first = phone.signed_in("asha")
    phone.go_offline()
    event_ids = set()
    for number in range(4):
        record_a_call(first, phone.url, case_id=CASES[number])
        event_ids.add(kept_id(first))
    first.reload()
    second = phone.browser.new_page()
    for page in (first, second, first, second):
        record_a_call(page, phone.url, "health")
        event_ids.add(kept_id(page))
    unsent(first, 8)
    unsent(second, 8)
    phone.kill()

    phone.switched_on()
    phone.line.heal()
    services.away = {Part.CASEWORK}
    page = phone.signed_in("asha")
    for _ in range(4):
        record_a_call(page, phone.url, "job")
        event_ids.add(kept_id(page))
    unsent(page, 12)
    expect(page.locator("[data-unsent-why]")).to_have_attribute("data-unsent-why", "away")
    assert services.recorded == {}

    lost = iter([True])
    services.on_event = lambda: phone.line.cut() if next(lost, False) else None
    services.away = set()
    other = phone.browser.new_page()
    other.goto(f"{phone.url}/today")
    unsent(other, 0)
    unsent(page, 0)
    assert len(event_ids) == 12
    assert_exactly_once(services, event_ids)
    # The answer that got lost had been given: these were asked for twice.
    assert max(Counter(event["event_id"] for _, event in services.posts).values()) >= 2


def test_two_tabs_send_what_waits_once(phone: Phone, services: FakeServices) -> None:
    page = phone.signed_in("asha")
    other = phone.browser.new_page()
    other.goto(f"{phone.url}/unsent")
    phone.go_offline()
    record_a_call(page, phone.url)
    event_id = kept_id(page)
    expect(other.locator("[data-outbox] li")).to_have_attribute("data-event", event_id)
    phone.go_online()
    unsent(other, 0)
    expect(other.locator("[data-empty]")).to_be_visible()
    assert [event["event_id"] for _, event in services.posts] == [event_id]


def test_a_receipt_that_got_lost_is_asked_for_again_and_the_event_is_there_once(
    phone: Phone, services: FakeServices
) -> None:
    page = phone.signed_in("asha")
    lost = iter([True])
    services.on_event = lambda: phone.line.cut() if next(lost, False) else None
    record_a_call(page, phone.url)
    expect(page.locator("[data-receipt]")).to_have_attribute("data-again", "yes")
    (event_id,) = services.recorded
    assert [event["event_id"] for _, event in services.posts] == [event_id, event_id]
    assert_exactly_once(services, {event_id})


def test_while_the_session_is_over_events_are_kept_and_the_page_says_to_sign_in(
    phone: Phone, services: FakeServices
) -> None:
    page = phone.signed_in("asha")
    page.goto(phone.url + CALL)
    phone.browser.clear_cookies()
    page.get_by_label("We called").check()
    page.get_by_label("No answer").check()
    page.get_by_role("button", name="Save").click()
    event_id = kept_id(page)
    expect(page.locator("[data-unsent-why]")).to_contain_text("Sign in")
    assert services.recorded == {}
    page.locator("[data-unsent-why]").get_by_role("link", name="Sign in").click()
    page.get_by_label("Name", exact=True).fill("asha")
    page.get_by_label("Password", exact=True).fill("an invented password")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/sign-in" not in address)
    eventually(lambda: services.recorded)
    assert_exactly_once(services, {event_id})


def test_what_one_person_recorded_is_never_sent_in_the_name_of_another(phone: Phone, services: FakeServices) -> None:
    page = phone.signed_in("asha")
    phone.go_offline()
    record_a_call(page, phone.url)
    event_id = kept_id(page)
    phone.close_pages()
    phone.browser.clear_cookies()
    phone.go_online()
    other = phone.signed_in("nasrin")
    expect(other.locator("[data-unsent-why]")).to_have_attribute("data-unsent-why", "others")
    unsent(other, 1)
    other.goto(f"{phone.url}/unsent")
    expect(other.locator("[data-others]")).to_contain_text("somebody else")
    expect(other.locator("[data-outbox] li")).to_have_count(0)
    assert services.recorded == {}
    phone.browser.clear_cookies()
    phone.signed_in("asha")
    eventually(lambda: services.recorded)
    assert services.recorded_by == {event_id: CASEWORKER}


def test_a_refused_event_stays_with_its_reason_until_it_is_corrected_under_the_same_id(
    phone: Phone, services: FakeServices
) -> None:
    page = phone.signed_in("asha")
    services.refused = {"money": Problem(422, "Not valid", "It cannot be taken.", [("data.problem", "not this one")])}
    phone.go_offline()
    record_a_call(page, phone.url, "money")
    event_id = kept_id(page)
    record_a_call(page, phone.url, "health")
    accepted = kept_id(page)
    phone.go_online()
    unsent(page, 0, refused=1)
    assert set(services.recorded) == {accepted}
    page.goto(f"{phone.url}/unsent")
    page.reload()
    line = page.locator("[data-outbox] li")
    expect(line).to_have_attribute("data-state", "refused")
    expect(line).to_contain_text("It cannot be taken. data.problem: not this one")
    line.get_by_role("link", name="Correct").click()
    expect(page.locator("[data-wrong=problem]")).to_have_text("not this one")
    expect(page.get_by_label("We called")).to_be_checked()
    page.get_by_label("Problem").select_option("health")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-receipt]")).to_have_attribute("data-receipt", event_id)
    unsent(page, 0)
    assert set(services.recorded) == {accepted, event_id}


def test_a_refused_event_can_be_given_up_and_one_that_waits_cannot(phone: Phone, services: FakeServices) -> None:
    page = phone.signed_in("asha")
    services.refused = {"money": Problem(403, "Not permitted", "You may not record this.")}
    record_a_call(page, phone.url, "money")
    expect(page.locator("[data-refusal]").first).to_contain_text("You may not record this.")
    unsent(page, 0, refused=1)
    page.goto(f"{phone.url}/unsent")
    page.locator("summary", has_text="Give up").click()
    page.get_by_role("button", name="Delete it here").click()
    unsent(page, 0)
    assert services.recorded == {}
    phone.go_offline()
    record_a_call(page, phone.url)
    page.evaluate(
        "async (id) => { const { giveUp } = await import('/static/outbox.js'); await giveUp(id); }", kept_id(page)
    )
    unsent(page, 1)


def test_signing_out_warns_of_what_is_unsent_and_leaves_it_here(phone: Phone, services: FakeServices) -> None:
    page = phone.signed_in("asha")
    services.away = {Part.CASEWORK}
    record_a_call(page, phone.url)
    event_id = kept_id(page)
    page.get_by_role("button", name="Sign out").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 unsent")
    dialog.get_by_role("button", name="Stay").click()
    expect(page.locator("[data-kept]")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    dialog.get_by_role("button", name="Sign out all the same").click()
    page.wait_for_url("**/sign-in")
    services.away = set()
    phone.signed_in("asha")
    eventually(lambda: services.recorded)
    assert_exactly_once(services, {event_id})


def test_leaving_in_a_hurry_takes_no_unsent_event_away(phone: Phone, services: FakeServices) -> None:
    page = phone.signed_in("asha")
    services.away = {Part.CASEWORK}
    record_a_call(page, phone.url)
    event_id = kept_id(page)
    leave_quickly(page)
    services.away = set()
    phone.signed_in("asha")
    eventually(lambda: services.recorded)
    assert_exactly_once(services, {event_id})


def test_a_case_is_opened_in_the_field_and_what_follows_comes_after_it(phone: Phone, services: FakeServices) -> None:
    page = phone.signed_in("asha")
    phone.go_offline()
    page.goto(f"{phone.url}/open-case")
    page.get_by_label("Source").select_option("police")
    page.locator("[data-field=pathway]").get_by_label("Family").check()
    page.get_by_label("District").fill("satkhira")
    case_id = page.locator("form[data-record]").get_attribute("data-case-id") or ""
    page.get_by_role("button", name="Save").click()
    opening = kept_id(page)
    record_a_call(page, phone.url, case_id=case_id)
    call = kept_id(page)
    phone.go_online()
    unsent(page, 0)
    assert [event["event_id"] for _, event in services.posts] == [opening, call]
    assert services.recorded[opening]["data"]["caseworker_id"] == CASEWORKER
    assert {event["case_id"] for event in services.recorded.values()} == {case_id}


def test_a_form_that_is_gone_back_to_makes_another_event(phone: Phone, services: FakeServices) -> None:
    page = phone.signed_in("asha")
    phone.go_offline()
    record_a_call(page, phone.url)
    first = kept_id(page)
    page.evaluate("history.back()")
    expect(page.locator("[data-kept]")).to_have_count(0)
    page.evaluate("history.forward()")
    page.get_by_label("We called").check()
    page.get_by_label("Reached").check()
    page.get_by_role("button", name="Save").click()
    second = kept_id(page)
    phone.go_online()
    unsent(page, 0)
    assert first != second
    assert_exactly_once(services, {first, second})


def test_whose_session_it_is_is_checked_at_the_moment_of_sending(phone: Phone, services: FakeServices) -> None:
    """The answer to "who is signed in" may be old by the time the event leaves."""
    page = phone.signed_in("asha")
    page.goto(phone.url + CALL)
    token = page.evaluate("document.body.dataset.formToken")
    phone.browser.clear_cookies()
    other = phone.signed_in("nasrin")
    status: Any = other.evaluate(
        """async (token) => {
            const event = { event_id: crypto.randomUUID(), case_id: crypto.randomUUID(), type: "call", data: {} };
            const headers = { "content-type": "application/json", "x-form-token": token };
            return (await fetch("/v1/events", { method: "POST", headers, body: JSON.stringify(event) })).status;
        }""",
        token,
    )
    assert status == 403 and services.recorded == {}


def test_where_nothing_can_be_kept_a_form_that_stood_in_is_sent_as_a_form(phone: Phone, services: FakeServices) -> None:
    phone.signed_in("asha")
    phone.close_pages()
    page = phone.browser.new_page()
    page.add_init_script("IDBFactory.prototype.open = () => { throw new Error('there is no room'); };")
    phone.go_offline()
    page.goto(phone.url + CALL)
    page.get_by_label("We called").check()
    page.get_by_label("No answer").check()
    phone.go_online()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-receipt]")).to_be_visible()
    (event,) = services.recorded.values()
    assert (event["case_id"], event["type"]) == (CASES[0], "call")
