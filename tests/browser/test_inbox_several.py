"""The inbox with many lines: narrowed, moved in by keyboard, and acted on several at once."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from services.runtime.problems import Problem
from services.web.routes import Part
from tests.browser.canned_answers import CASES, CASEWORKER, OTHER_CASEWORKER, a_silent_case, an_alert
from tests.browser.phone import eventually
from tests.browser_fixture import Faces, sign_in

ENDED = Problem(409, "Ended", "the alert ended at 2026-03-03T09:00:00.000Z: resolved")


@pytest.fixture
def inbox(faces: Faces, context: BrowserContext) -> Page:
    """Three silent women: one with two alerts, one elsewhere, one whom nobody has."""
    faces.services.alerts = [
        a_silent_case(
            CASES[0], an_alert(1, "Help request", "critical", 1, "She called."), an_alert(2, "Visit", "low", 3, "Due.")
        ),
        a_silent_case(CASES[1], an_alert(3, "Contact", "high", 5, "12 days."), district="jashore", upazila="sharsha"),
        a_silent_case(CASES[2], an_alert(4, "Contact", "high", 4, "11 days."), caseworker_id=None),
    ]
    page: Page = sign_in(context, faces.url, "nasrin")
    return page


def choose(page: Page, *cases: str) -> None:
    for case in cases:
        page.locator(f"[data-case='{case}'] [data-choose]").check()


def several(page: Page) -> Any:
    return page.locator("#several")


def sent(faces: Faces) -> list[tuple[str, str]]:
    """(end of the alert's id, act) of every action."""
    return [(path.rpartition(":")[0][-1], path.rpartition(":")[2]) for path, _ in faces.services.posts]


def test_all_chosen_lines_are_acknowledged_each_alert_by_an_event_of_its_own(faces: Faces, inbox: Page) -> None:
    choose(inbox, CASES[0], CASES[2])
    expect(inbox.locator("[data-chosen-number]")).to_have_text("2")
    several(inbox).get_by_role("button", name="Acknowledge").click()
    expect(inbox.locator("[data-done=acknowledge]")).to_contain_text("2 lines acknowledged")
    assert sorted(sent(faces)) == [("1", "acknowledge"), ("2", "acknowledge"), ("4", "acknowledge")]
    assert len({body["event_id"] for _, body in faces.services.posts}) == 3


def test_chosen_lines_are_snoozed_with_one_reason_and_reassigned_once_a_case(faces: Faces, inbox: Page) -> None:
    choose(inbox, CASES[0], CASES[1])
    several(inbox).locator("summary", has_text="Snooze").click()
    several(inbox).get_by_label("Until").fill("2030-03-01T15:30")
    several(inbox).get_by_label("Reason").select_option("visit_planned")
    several(inbox).get_by_role("button", name="Snooze").click()
    expect(inbox.locator("[data-done=snooze]")).to_be_visible()
    assert {body["until"] for _, body in faces.services.posts} == {"2030-03-01T09:30:00.000Z"}
    assert {body["reason"] for _, body in faces.services.posts} == {"visit_planned"}
    faces.services.posts.clear()
    choose(inbox, CASES[0], CASES[1])
    several(inbox).locator("summary", has_text="Reassign").click()
    several(inbox).get_by_label("Caseworker").select_option(OTHER_CASEWORKER)
    several(inbox).get_by_role("button", name="Reassign").click()
    expect(inbox.locator("[data-done=reassign]")).to_have_text("2 cases reassigned.")
    assert sorted(sent(faces)) == [("1", "reassign"), ("3", "reassign")]


def test_a_case_is_handed_over_by_an_alert_that_has_not_ended_meanwhile(faces: Faces, inbox: Page) -> None:
    faces.services.refusals = {"77777777-7777-5777-8777-000000000001": ENDED}
    choose(inbox, CASES[0])
    several(inbox).locator("summary", has_text="Reassign").click()
    several(inbox).get_by_label("Caseworker").select_option(OTHER_CASEWORKER)
    several(inbox).get_by_role("button", name="Reassign").click()
    expect(inbox.locator("[data-done=reassign]")).to_be_visible()
    assert sent(faces) == [("1", "reassign"), ("2", "reassign")]


def test_where_some_do_not_go_through_it_says_which_and_they_stay_chosen(faces: Faces, inbox: Page) -> None:
    faces.services.refusals = {"77777777-7777-5777-8777-000000000003": ENDED}
    choose(inbox, *CASES[:3])
    several(inbox).locator("summary", has_text="Snooze").click()
    several(inbox).get_by_label("Until").fill("2030-03-01T15:30")
    several(inbox).get_by_label("Reason").select_option("her_wish")
    several(inbox).get_by_role("button", name="Snooze").click()
    said = inbox.locator("[data-chosen=snooze]")
    expect(said).to_have_attribute("data-through", "2")
    expect(said.locator(f"[data-not-through-case='{CASES[1]}']")).to_contain_text("the alert ended")
    ticked = inbox.locator("[data-choose]:checked")
    expect(ticked).to_have_count(1)
    assert str(ticked.get_attribute("value")).startswith(CASES[1])
    expect(several(inbox).get_by_label("Reason")).to_have_value("her_wish")
    expect(several(inbox).get_by_label("Until")).to_have_value("2030-03-01T15:30")
    first = {body["event_id"] for path, body in faces.services.posts if path.endswith("3:snooze")}
    faces.services.refusals = {}
    several(inbox).get_by_role("button", name="Snooze").click()
    expect(inbox.locator("[data-done=snooze]")).to_contain_text("1 line snoozed")
    assert {body["event_id"] for path, body in faces.services.posts if path.endswith("3:snooze")} == first


def test_what_could_not_be_sent_is_said_line_by_line_and_nothing_counts_as_done(faces: Faces, inbox: Page) -> None:
    choose(inbox, CASES[0], CASES[1])
    faces.services.refusal = Problem(503, "Not available just now")
    several(inbox).get_by_role("button", name="Acknowledge").click()
    said = inbox.locator("[data-chosen=acknowledge]")
    expect(said).to_have_attribute("data-through", "0")
    expect(said.locator("li")).to_have_count(2)
    expect(said).to_contain_text("“alerts” did not answer")
    expect(inbox.locator("[data-choose]:checked")).to_have_count(2)


def test_nothing_chosen_or_no_reason_is_said_and_what_is_chosen_stays(faces: Faces, inbox: Page) -> None:
    several(inbox).get_by_role("button", name="Acknowledge").click()
    expect(inbox.locator("[data-refusal]")).to_contain_text("choose at least one line")
    choose(inbox, CASES[1])
    several(inbox).locator("summary", has_text="Snooze").click()
    several(inbox).get_by_label("Until").fill("2030-03-01T15:30")
    several(inbox).get_by_role("button", name="Snooze").click()
    expect(inbox.locator("[data-refusal]")).to_contain_text("choose a reason")
    expect(inbox.locator("[data-choose]:checked")).to_have_count(1)
    assert faces.services.posts == []


def test_several_at_once_works_without_a_script(faces: Faces, inbox: Page, chromium: Browser) -> None:
    with chromium.new_context(java_script_enabled=False, storage_state=inbox.context.storage_state()) as plain:
        page = plain.new_page()
        page.goto(faces.url + "/inbox")
        expect(page.locator("[data-keys], [data-choose-all]").first).to_be_hidden()
        choose(page, CASES[0], CASES[1])
        several(page).get_by_role("button", name="Acknowledge").click()
        expect(page.locator("[data-done=acknowledge]")).to_contain_text("2 lines acknowledged")
    assert len(faces.services.posts) == 3


def test_lines_are_moved_in_chosen_and_acknowledged_by_keys(faces: Faces, inbox: Page) -> None:
    boxes = inbox.locator("[data-choose]")
    boxes.first.focus()
    inbox.keyboard.press("j")
    expect(boxes.nth(1)).to_be_focused()
    inbox.keyboard.press("x")
    expect(boxes.nth(1)).to_be_checked()
    inbox.keyboard.press("ArrowDown")
    inbox.keyboard.press("Enter")
    expect(inbox.get_by_text("11 days.")).to_be_visible()
    inbox.keyboard.press("ArrowUp")
    inbox.keyboard.press("k")
    expect(boxes.first).to_be_focused()
    inbox.keyboard.press("a")
    expect(inbox.locator("[data-done=acknowledge]")).to_be_focused()
    assert sent(faces) == [("3", "acknowledge")]


def test_with_nothing_chosen_the_key_acknowledges_the_line_that_has_the_focus(faces: Faces, inbox: Page) -> None:
    inbox.locator("[data-choose]").nth(2).focus()
    inbox.keyboard.press("a")
    expect(inbox.locator("[data-done=acknowledge]")).to_be_visible()
    assert sent(faces) == [("4", "acknowledge")]


def test_keys_do_nothing_away_from_a_line_with_a_modifier_or_where_somebody_types(faces: Faces, inbox: Page) -> None:
    inbox.locator("body").press("a")
    inbox.locator("[data-choose]").first.focus()
    for keys in ("Control+a", "Alt+x", "Meta+j", "Shift+A"):
        inbox.keyboard.press(keys)
    expect(inbox.locator("[data-choose]").first).to_be_focused()
    inbox.locator("[data-alert] > summary").first.click()
    inbox.locator("[data-alert] summary", has_text="Snooze").first.click()
    reason = inbox.locator("[data-alert]").get_by_label("Reason").first
    reason.focus()
    for key in ("a", "x"):
        inbox.keyboard.press(key)
    expect(reason).to_be_focused()
    expect(inbox.locator("[data-choose]:checked")).to_have_count(0)
    assert faces.services.posts == []


def test_a_chosen_line_is_not_taken_away_when_something_changes(faces: Faces, inbox: Page) -> None:
    choose(inbox, CASES[1])
    faces.services.alerts.pop(0)
    faces.services.push({"alert_id": "2"})
    expect(inbox.locator("[data-changed]")).to_be_visible()
    expect(inbox.locator("[data-choose]:checked")).to_have_count(1)
    expect(inbox.locator("li[data-case]")).to_have_count(3)


def test_filters_stand_in_the_address_and_stay_there_through_every_act(faces: Faces, inbox: Page) -> None:
    inbox.locator("summary", has_text="Filter").click()
    inbox.locator("#by-caseworker").select_option(CASEWORKER)
    inbox.locator("#by-area").select_option("jashore/sharsha")
    inbox.get_by_role("button", name="Show", exact=True).click()
    narrowed = f"caseworker_id={CASEWORKER}&area=jashore/sharsha"
    expect(inbox.locator("#by-area")).to_have_value("jashore/sharsha")
    asked = [one for one in faces.services.questions if one.get("upazila") == "sharsha"][-1]
    assert (asked["district"], asked["caseworker_id"]) == ("jashore", CASEWORKER)
    choose(inbox, CASES[1])
    several(inbox).get_by_role("button", name="Acknowledge").click()
    inbox.wait_for_url(lambda address: address.endswith(f"/inbox?{narrowed}&done=acknowledge&n=1"))
    inbox.locator("[data-alert] > summary").first.click()
    inbox.locator("[data-alert]").get_by_role("button", name="Acknowledge").first.click()
    inbox.wait_for_url(lambda address: address.endswith(f"/inbox?{narrowed}&done=acknowledge"))
    expect(inbox.locator("#by-area")).to_have_value("jashore/sharsha")
    faces.services.refusal = Problem(422, "Not valid", "the action cannot be taken", [("until", "too late")])
    inbox.locator("[data-alert] > summary").first.click()
    inbox.locator("[data-alert]").get_by_role("button", name="Acknowledge").first.click()
    expect(inbox.locator("[data-refusal]")).to_contain_text("too late")
    expect(inbox.locator("#by-caseworker")).to_have_value(CASEWORKER)
    assert str(inbox.locator("#inbox").get_attribute("data-address")).endswith(narrowed)


def test_an_empty_list_that_is_narrowed_is_no_calm_for_all(faces: Faces, inbox: Page) -> None:
    faces.services.alerts = []
    inbox.goto(faces.url + "/inbox?area=khulna")
    expect(inbox.get_by_text("Nothing here.")).to_be_visible()
    assert inbox.get_by_text("Nobody is forgotten.").count() == 0
    expect(several(inbox)).to_be_hidden()


def test_after_a_refusal_its_words_stay_until_the_list_is_asked_for_anew(faces: Faces, inbox: Page) -> None:
    inbox.goto(faces.url + "/inbox?level=1")
    faces.services.refusal = ENDED
    inbox.locator("[data-alert] > summary").first.click()
    inbox.locator("[data-alert]").get_by_role("button", name="Acknowledge").first.click()
    expect(inbox.locator("[data-refusal]")).to_contain_text("the alert ended")
    faces.services.alerts.pop()
    changed = inbox.locator("[data-changed]")

    def something_happens() -> bool:
        faces.services.push({"alert_id": "4"})
        return changed.is_visible()

    # Until the new page listens: what happens before is told by its list, not by its stream.
    eventually(something_happens)
    expect(inbox.locator("[data-refusal]")).to_contain_text("the alert ended")
    inbox.get_by_role("link", name="Show").click()
    inbox.wait_for_url(lambda address: address.endswith("/inbox?level=1"))
    expect(inbox.locator("li[data-case]")).to_have_count(2)


def test_while_the_list_cannot_be_shown_it_says_what_became_of_the_lines_and_sends_the_rest_again(
    faces: Faces, inbox: Page
) -> None:
    choose(inbox, CASES[0], CASES[1])
    several(inbox).locator("summary", has_text="Reassign").click()
    several(inbox).get_by_label("Caseworker").select_option(OTHER_CASEWORKER)
    faces.services.away = {Part.ALERTING}
    several(inbox).get_by_role("button", name="Reassign").click()
    expect(inbox.locator("[data-chosen=reassign]")).to_have_attribute("data-not-through", "2")
    assert inbox.locator("[data-done]").count() == 0
    faces.services.away = set()
    inbox.get_by_role("button", name="Send again").click()
    expect(inbox.locator("[data-done=reassign]")).to_have_text("2 cases reassigned.")
    assert {body["caseworker_id"] for _, body in faces.services.posts} == {OTHER_CASEWORKER}
