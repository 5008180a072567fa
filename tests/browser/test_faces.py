"""The three faces of the running system: what each person sees is what was counted apart from the same events."""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from services.runtime.topics import CASE_EVENTS
from tests import local_http
from tests.browser.counted_apart import CountedApart, Person
from tests.browser.demo_over_https import PhoneOfDemo, phone_of_demo
from tests.browser.pages_read import read_inbox, read_outcomes, read_worklist
from tests.browser.phone import eventually
from tests.browser.test_outbox import kept_id, record_a_call, unsent
from tests.browser_fixture import sign_in
from tests.demo_fixture import DemoSystem, asked, own_account
from tests.live_log import TopicReader

LOOKS = 4
"""A timer may fire between what the page says and what it says it is checked up to: then one looks again."""


def signed_in(context: BrowserContext, demo_system: Any, role: str) -> tuple[Page, Person]:
    person = demo_system.people[role]
    page = sign_in(context, demo_system.url, person.name, person.password)
    me = page.request.get(f"{demo_system.url}/v1/me").json()
    return page, Person(me["account_id"], me["organisation"], me["areas"])


def test_the_supervisor_sees_exactly_the_alerts_that_are_open(demo_system: Any, context: BrowserContext) -> None:
    page, supervisor = signed_in(context, demo_system, "supervisor")
    for look in range(LOOKS):
        page.goto(f"{demo_system.url}/inbox")
        shown = read_inbox(page)
        counted = CountedApart(Path(demo_system.events_file), supervisor.organisation, shown.checked_until)
        expected = counted.open_alerts(supervisor)
        if shown.listed == expected or look == LOOKS - 1:
            break
    assert shown.listed == expected
    assert shown.alerts == len(expected) > 0
    assert shown.cases == len({case_id for case_id, _, _ in expected})
    expect(page.locator("[data-count]")).to_have_text(f"{shown.alerts:,} alerts")
    expect(page.locator("[data-stale-banner]")).to_be_hidden()


def test_the_caseworker_sees_exactly_what_is_owed_to_her_cases(demo_system: Any, context: BrowserContext) -> None:
    page, caseworker = signed_in(context, demo_system, "caseworker")
    for look in range(LOOKS):
        page.goto(f"{demo_system.url}/today")
        shown = read_worklist(page)
        counted = CountedApart(Path(demo_system.events_file), caseworker.organisation, shown.checked_until)
        owed = {line.case_id: line.rules for line in shown.lines if line.rules}
        expected = counted.owed_by(caseworker.account_id)
        if owed == expected or look == LOOKS - 1:
            break
    assert owed == expected and expected
    overdue = counted.overdue_of(caseworker.account_id)
    assert {line.case_id for line in shown.lines if line.overdue_since} <= overdue
    assert not {line.case_id for line in shown.lines if line.group == "waiting"} & overdue


def test_the_evaluator_sees_numbers_that_can_be_counted_again(demo_system: Any, context: BrowserContext) -> None:
    page, evaluator = signed_in(context, demo_system, "evaluator")
    page.goto(f"{demo_system.url}/outcomes")
    shown = read_outcomes(page)
    counted = CountedApart(Path(demo_system.events_file), evaluator.organisation, shown.as_of)
    assert shown.indicators["cases_in_follow_up"].numerator == counted.in_follow_up() > 0
    on_time = shown.indicators["contacted_on_time"]
    assert (on_time.numerator, on_time.denominator) == counted.contacted_on_time(shown.start, shown.end)
    for found in shown.indicators.values():
        assert found.shown != "0" or found.denominator is None or found.denominator > 0


def test_a_call_that_reaches_her_ends_what_was_owed_on_the_page(demo_system: Any, context: BrowserContext) -> None:
    page, _ = signed_in(context, demo_system, "caseworker")
    line = next(line for line in read_worklist(page).lines if "contact" in line.rules and line.group == "call_now")
    page.goto(f"{demo_system.url}/cases/{line.case_id}/record?type=call")
    page.get_by_label("We called").check()
    page.get_by_label("Reached").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-receipt]")).to_be_visible()
    recorded = page.locator("[data-receipt]").get_attribute("data-receipt")
    page.goto(f"{demo_system.url}/cases/{line.case_id}")
    for _ in range(20):
        if page.locator(f"[data-event='{recorded}']").count():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(page.locator(f"[data-event='{recorded}']")).to_have_count(1)
    assert page.locator("[data-owed=contact][data-overdue=yes]").count() == 0


@pytest.mark.parametrize("role", ["caseworker", "supervisor", "evaluator"])
def test_nobody_sees_another_faces_page(demo_system: Any, context: BrowserContext, role: str) -> None:
    page, _ = signed_in(context, demo_system, role)
    own = {"caseworker": "/today", "supervisor": "/inbox", "evaluator": "/outcomes"}
    for whose, path in own.items():
        answer = page.goto(demo_system.url + path)
        assert answer is not None and answer.status == (200 if whose == role else 403)


def test_the_origin_is_ready_and_describes_every_part(demo_system: Any, context: BrowserContext) -> None:
    page = context.new_page()
    assert page.request.get(f"{demo_system.url}/readyz").status == 200
    document = page.request.get(f"{demo_system.url}/openapi.json").json()
    assert "x-missing-parts" not in document["info"]
    assert {"/v1/events", "/v1/worklist", "/v1/alerts", "/v1/detector", "/v1/session"} <= set(document["paths"])
    assert any(path.startswith("/v1/outcomes") for path in document["paths"])


def test_twelve_events_of_a_phone_on_a_bad_line_are_in_the_log_exactly_once_each(
    demo_system: DemoSystem, chromium: Browser, tmp_path: Path
) -> None:
    """Last in this file: it kills the part that takes events."""
    hers = demo_system.cases_of(own_account(demo_system)) & demo_system.opened_cases() - demo_system.closed_cases()
    cases = sorted(hers)[:4]
    written: dict[str, str] = {}
    with phone_of_demo(demo_system, chromium.browser_type, tmp_path) as house:
        record_in_aeroplane_mode_and_lose_the_battery(house, cases, written)
        page = the_first_answer_is_lost(house)
        os.kill(demo_system.command.parts()["casework"]["pid"], signal.SIGKILL)
        for case_id in cases:
            record_a_call(page, house.phone.url, case_id=case_id)
            shown = page.locator("[data-kept], [data-receipt]").first
            expect(shown).to_be_visible()
            written[shown.get_attribute("data-kept") or shown.get_attribute("data-receipt") or ""] = case_id
        eventually(lambda: is_ready(demo_system), 120)
        page.reload()
        unsent(page, 0)
    assert len(written) == 12
    assert times_in_log(demo_system, set(written)) == dict.fromkeys(written, 1)
    for case_id in cases:
        ids = sorted(event_id for event_id, about in written.items() if about == case_id)
        found = eventually(lambda case_id=case_id, ids=ids: entries_of(demo_system, case_id, ids))
        assert [entry["conflicts"] for entry in found] == [[]] * len(ids)


def record_in_aeroplane_mode_and_lose_the_battery(
    house: PhoneOfDemo, cases: list[str], written: dict[str, str]
) -> None:
    """Eight events over a reload and in two tabs; then the browser is killed, with all of them kept and none sent."""
    phone = house.phone
    first = house.signed_in()
    phone.go_offline()
    second = phone.browser.new_page()
    for number, case_id in enumerate(cases * 2):
        if number == 4:
            first.reload()
        page = (first, second)[number % 2]
        record_a_call(page, phone.url, case_id=case_id)
        written[kept_id(page)] = case_id
    unsent(first, 8)
    phone.kill()


def the_first_answer_is_lost(house: PhoneOfDemo) -> Page:
    """On again, and with a connection: what waited is sent, and asked for again by its id."""
    house.phone.switched_on()
    house.phone.line.heal()
    page = house.signed_in()
    unsent(page, 0)
    assert house.origin.status == 200
    return page


def is_ready(system: DemoSystem) -> bool:
    try:
        return local_http.get(f"{system.url}/readyz", timeout=20).status_code == 200
    except httpx.TransportError:
        return False


def times_in_log(system: DemoSystem, event_ids: set[str]) -> dict[str, int]:
    """How many records of the log have each."""
    reader = TopicReader(system.kafka, CASE_EVENTS.name)
    try:
        while reader.read(1):
            pass
    finally:
        reader.close()
    found = (event_id for value in reader.values for event_id in event_ids if event_id.encode() in value)
    return dict(Counter(found))


def entries_of(system: DemoSystem, case_id: str, event_ids: list[str]) -> list[dict[str, Any]]:
    """Of the case's timeline, once all are there; none twice."""
    items = asked(system, f"/v1/cases/{case_id}/timeline")["items"]
    found = [entry for entry in items if entry["event_id"] in event_ids]
    return found if sorted(entry["event_id"] for entry in found) == event_ids else []
