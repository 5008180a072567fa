"""Saying how a call went takes a few taps: counted on a phone, at the speed of a person."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.canned_answers import CASES, a_line
from tests.browser.vault_house import PHONE, keep_her, vault_behind
from tests.browser_fixture import Faces, sign_in

MOST_TAPS = 4
MOST_SECONDS = 15
LOOKS_BEFORE_A_TAP_SECONDS = 1.5


@dataclass
class Hand:
    """Somebody who reads before she taps."""

    taps: int = 0
    began: float = 0.0

    def tap(self, what: Locator) -> None:
        if not self.taps:
            self.began = time.monotonic()
        time.sleep(LOOKS_BEFORE_A_TAP_SECONDS)
        what.tap()
        self.taps += 1

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began


@pytest.fixture
def touch(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(locale="en-GB", viewport={"width": 390, "height": 844}, has_touch=True)
    context.set_default_timeout(30_000)
    yield context
    context.close()


def saved(page: Page) -> None:
    expect(page.locator("[data-receipt]")).to_be_visible()


def test_a_call_of_todays_list_is_logged_in_few_taps(faces: Faces, touch: BrowserContext) -> None:
    faces.services.worklist = [a_line(CASES[0], "call_now", "12 days without contact.")]
    page = sign_in(touch, faces.url, "asha")
    hand = Hand()
    hand.tap(page.get_by_role("link", name="Log a call"))
    expect(page.get_by_role("heading", level=1)).to_have_text("How did it go?")
    hand.tap(page.get_by_text("No answer"))
    hand.tap(page.get_by_role("button", name="Save"))
    saved(page)
    print(f"{hand.taps} taps, {hand.seconds:.1f} s")
    assert hand.taps <= MOST_TAPS and hand.seconds <= MOST_SECONDS
    (event,) = faces.services.recorded.values()
    assert event["data"] == {"direction": "outgoing", "outcome": "no_answer"}


def test_after_a_call_the_sheet_is_open_already(tmp_path: Path, touch: BrowserContext) -> None:
    with vault_behind(tmp_path) as kept:
        keep_her(kept)
        kept.faces.services.worklist = [a_line(CASES[0], "call_now", "12 days without contact.")]
        page = sign_in(touch, kept.url, "asha")
        page.locator("[data-case] a.code").tap()
        page.get_by_role("button", name="Show who to call").tap()
        number = page.get_by_role("link", name=PHONE)
        expect(number).to_have_attribute("href", f"tel:{PHONE}")
        # What opens the sheet has come by then.
        page.wait_for_load_state()
        # A telephone takes the address; here no program does, and the browser would ask which one, and wait.
        page.evaluate("document.addEventListener('click', event => event.preventDefault(), { once: true })")
        number.tap()
        expect(page).to_have_url(f"{kept.url}/cases/{CASES[0]}/record?type=call&direction=outgoing")
        assert PHONE not in page.content()
        hand = Hand()
        hand.tap(page.get_by_text("Reached"))
        hand.tap(page.get_by_role("button", name="Save"))
        saved(page)
        assert hand.taps <= MOST_TAPS and hand.seconds <= MOST_SECONDS
        (event,) = kept.faces.services.recorded.values()
        assert event["data"] == {"direction": "outgoing", "outcome": "reached"}
        assert kept.deeds() == ["kept", "kept", "revealed"]


def test_who_refuses_may_be_left_in_peace_from_the_same_sheet(faces: Faces, touch: BrowserContext) -> None:
    page = sign_in(touch, faces.url, "asha")
    page.goto(f"{faces.url}/cases/{CASES[0]}/record?type=call&direction=outgoing")
    offer = page.get_by_role("group", name="She does not want to be called")
    page.get_by_text("No answer").tap()
    expect(offer).to_be_hidden()
    page.get_by_text("Did not want to talk").tap()
    expect(offer).to_be_visible()
    page.get_by_text("14 days").tap()
    page.get_by_role("button", name="Save").tap()
    saved(page)
    expect(page.locator("[data-unsent]")).to_have_attribute("data-unsent", "0")
    call, pause = faces.services.recorded.values()
    assert (call["type"], call["data"]["outcome"]) == ("call", "refused")
    assert (pause["type"], pause["data"]["reason"], pause["case_id"]) == ("contact_paused", "her_wish", CASES[0])
    long = datetime.fromisoformat(pause["data"]["until"]) - datetime.fromisoformat(call["occurred_at"])
    assert long == timedelta(days=14)


def test_a_pause_that_was_offered_and_not_taken_is_not_recorded(faces: Faces, touch: BrowserContext) -> None:
    page = sign_in(touch, faces.url, "asha")
    page.goto(f"{faces.url}/cases/{CASES[0]}/record?type=call&direction=outgoing")
    page.get_by_text("Did not want to talk").tap()
    page.get_by_text("14 days").tap()
    page.get_by_text("Reached").tap()
    page.get_by_role("button", name="Save").tap()
    saved(page)
    assert [event["type"] for event in faces.services.recorded.values()] == ["call"]
