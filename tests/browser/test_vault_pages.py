"""Who she is, in a real browser, by keyboard alone, in front of a real vault: staff and supervisors."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from services.casework.domain.case_code import case_code
from services.vault.domain.safe_contact import DAY
from services.web.routes import Part
from tests.browser.accessible import violations
from tests.browser.canned_answers import CASEWORKER, OTHER_CASEWORKER
from tests.browser.vault_house import (
    ADDRESS,
    ANOTHER,
    ASHA,
    CODE,
    HER,
    NAME,
    PHONE,
    STORY,
    Kept,
    choose,
    go_to_her,
    keep_her,
    press,
    tab_to,
    vault_behind,
)
from tests.browser_fixture import sign_in


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    with vault_behind(tmp_path) as found:
        yield found


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


WORDS = "She said that the landlord asks questions.\nমা ভালো নেই।"


def record_a_call_with_words(kept: Kept, page: Page) -> None:
    page.goto(f"{kept.url}/cases/{HER}/record?type=call")
    tab_to(page, page.get_by_label("We called"))
    page.keyboard.press("Space")
    tab_to(page, page.get_by_label("Reached"))
    page.keyboard.press("Space")
    tab_to(page, page.get_by_label("In words"))
    page.keyboard.insert_text(WORDS)
    press(page, "Save")
    expect(page.locator("[data-receipt]")).to_be_visible()


def test_words_go_to_the_vault_and_are_read_by_who_asks(kept: Kept, context: BrowserContext) -> None:
    page = sign_in(context, kept.url, "asha")
    record_a_call_with_words(kept, page)
    expect(page.locator("[data-words=kept]")).to_be_visible()
    (event,) = kept.faces.services.recorded.values()
    assert set(event["data"]) == {"direction", "outcome", "note_id"}
    assert kept.deeds() == ["kept"]
    page.goto(f"{kept.url}/cases/{HER}")
    expect(page.locator("[data-note]")).to_have_attribute("data-note", event["data"]["note_id"])
    assert "landlord" not in page.content()
    press(page, "Read the words")
    expect(page.locator(".words")).to_contain_text("She said that the landlord asks questions.")
    expect(page.locator(".words")).to_contain_text("মা ভালো নেই।")
    assert kept.deeds() == ["kept", "revealed"] and kept.audit()[-1].look.fields == "notes"


def test_while_the_vault_is_away_the_event_is_recorded_and_no_word_is_lost(kept: Kept, context: BrowserContext) -> None:
    page = sign_in(context, kept.url, "asha")
    kept.faces.services.away = {Part.VAULT}
    record_a_call_with_words(kept, page)
    expect(page.locator("[data-words=waiting]")).to_contain_text("kept on this device")
    expect(page.locator("[data-unsent]")).to_have_attribute("data-unsent", "1")
    assert len(kept.faces.services.recorded) == 1 and kept.deeds() == []
    # They wait for nothing but the vault, and nothing waits for them.
    page.goto(f"{kept.url}/cases/{HER}/record?type=counselling")
    tab_to(page, page.get_by_label("Yes"))
    page.keyboard.press("Space")
    press(page, "Save")
    expect(page.locator("[data-receipt]")).to_be_visible()
    kept.faces.services.away = set()
    page.goto(f"{kept.url}/cases/{HER}")
    expect(page.locator("[data-unsent]")).to_have_attribute("data-unsent", "0")
    press(page, "Read the words")
    expect(page.locator(".words")).to_contain_text("landlord")
    assert len(kept.faces.services.recorded) == 2 and kept.deeds() == ["kept", "revealed"]


def test_words_that_the_vault_refuses_stay_in_sight_until_they_are_taken(kept: Kept, context: BrowserContext) -> None:
    page = sign_in(context, kept.url, "asha")
    kept.under_test.casework.give(HER, OTHER_CASEWORKER, "rupantar")
    record_a_call_with_words(kept, page)
    expect(page.locator("[data-words=refused]")).to_contain_text("your words were not accepted")
    page.goto(f"{kept.url}/unsent")
    line = page.locator("[data-outbox] li[data-what=words]")
    expect(line).to_have_attribute("data-state", "refused")
    expect(line.get_by_label("In words")).to_have_value(WORDS)
    assert violations(page) == []
    kept.under_test.casework.give(HER, CASEWORKER, "rupantar")
    line.get_by_label("In words").fill("She said it differently.")
    press(page, "Keep the words")
    expect(page.locator("[data-unsent]")).to_have_attribute("data-refused", "0")
    expect(page.locator("[data-empty]")).to_be_visible()
    page.goto(f"{kept.url}/cases/{HER}")
    press(page, "Read the words")
    expect(page.locator(".words")).to_contain_text("She said it differently.")
    assert len(kept.faces.services.recorded) == 1 and kept.deeds() == ["kept", "revealed"]


def test_an_event_without_words_names_none(kept: Kept, context: BrowserContext) -> None:
    page = sign_in(context, kept.url, "asha")
    page.goto(f"{kept.url}/cases/{HER}/record?type=counselling")
    tab_to(page, page.get_by_label("Yes"))
    page.keyboard.press("Space")
    press(page, "Save")
    expect(page.locator("[data-receipt]")).to_be_visible()
    (event,) = kept.faces.services.recorded.values()
    assert event["data"] == {"attended": True}
    assert page.locator("[data-words]").count() == 0


def test_all_that_is_held_about_her_is_given_to_her_on_paper_and_as_a_file(kept: Kept, context: BrowserContext) -> None:
    keep_her(kept, [])
    page = sign_in(context, kept.url, "asha")
    record_a_call_with_words(kept, page)
    expect(page.locator("[data-words=kept]")).to_be_visible()
    page.goto(f"{kept.url}/cases/{HER}")
    tab_to(page, page.get_by_role("link", name="Everything held about her"))
    page.keyboard.press("Enter")
    press(page, "Show it, to read or print")
    paper = page.locator("[data-held]")
    for words in (NAME, PHONE, ADDRESS, STORY, "the landlord asks questions", "Wellbeing assessment"):
        expect(paper).to_contain_text(words)
    page.goto(f"{kept.url}/cases/{HER}/for-her")
    with page.expect_download() as downloading:
        press(page, "As a file (JSON)")
    assert downloading.value.suggested_filename == "notebook.json"
    told = json.loads(downloading.value.path().read_text(encoding="utf-8"))
    assert told["who_she_is"]["names"] == [NAME] and told["who_she_is"]["notes"][0]["text"] == WORDS
    assert len(told["events"]) == 8
    assert kept.deeds()[-2:] == ["exported", "exported"]
    assert {entry.look.purpose for entry in kept.audit()[-2:]} == {"for_her"}


TAKEN_AT = b"GPS 23.0 N 89.0 E"


def a_photo(page: Page) -> bytes:
    """Of nobody, large, with what a camera writes beside the picture."""
    drawn = """() => {
        const canvas = Object.assign(document.createElement("canvas"), { width: 1600, height: 1200 });
        const pen = canvas.getContext("2d");
        pen.fillStyle = "teal";
        pen.fillRect(0, 0, 800, 1200);
        return canvas.toDataURL("image/jpeg").split(",")[1];
    }"""
    jpeg = base64.b64decode(page.evaluate(drawn))
    exif = b"Exif\0\0" + TAKEN_AT
    return jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:]


def kept_photo(kept: Kept) -> bytes:
    question = {"fields": ["photo"], "purpose": "correction"}
    answer = httpx.post(f"{kept.url}/v1/vault/cases/{HER}:reveal", headers=ASHA, json=question, trust_env=False).json()
    return base64.b64decode(answer.get("photo", ""))


def test_her_photo_is_kept_small_and_without_where_it_was_taken_and_shown_to_who_visits_her(
    kept: Kept, context: BrowserContext
) -> None:
    keep_her(kept)
    page = go_to_her(kept, context)
    page.goto(f"{kept.url}/cases/{HER}/identity")
    photo = a_photo(page)
    assert TAKEN_AT in photo
    chosen = page.get_by_label("Choose a photo of her")
    tab_to(page, chosen)
    chosen.set_input_files({"name": "no-picture.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff no picture"})
    expect(page.locator("[data-wrong=photo]")).to_be_visible()
    expect(page.locator("[data-keep]")).to_be_disabled()
    chosen.set_input_files({"name": "salma.jpg", "mimeType": "image/jpeg", "buffer": photo})
    with page.expect_request(lambda request: request.method == "POST") as posted:
        press(page, "Keep the photo")
    assert "salma" not in (posted.value.post_data or "")
    expect(page.locator("[data-kept]")).to_be_visible()
    small = kept_photo(kept)
    assert small.startswith(b"\xff\xd8\xff") and len(small) < 60_000 and TAKEN_AT not in small
    page.goto(f"{kept.url}/cases/{HER}")
    choose(page, "What for", "To visit")
    press(page, "Show who to call")
    canvas = page.locator("canvas.photo[data-shown=yes]")
    expect(canvas).to_be_visible()
    assert canvas.evaluate("canvas => [canvas.width, canvas.height]") == [480, 360]
    assert "photo" in kept.audit()[-1].look.fields
    page.goto(f"{kept.url}/cases/{HER}/identity")
    press(page, "Fill in what is kept, to change it")
    expect(page.locator("canvas.photo[data-shown=yes]")).to_be_visible()
    press(page, "Take the kept photo away")
    expect(page.locator("[data-kept]")).to_be_visible()
    assert kept_photo(kept) == b""


def test_a_supervisor_who_did_not_break_the_glass_is_given_nothing_for_her(kept: Kept, context: BrowserContext) -> None:
    keep_her(kept)
    page = sign_in(context, kept.url, "nasrin")
    page.goto(f"{kept.url}/cases/{HER}/for-her")
    press(page, "Show it, to read or print")
    expect(page.locator("[data-refusal]")).to_contain_text("not yours to see")
    assert NAME not in page.content()
