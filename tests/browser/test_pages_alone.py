"""The pages in a real browser, in front of services that can be told to fail, to refuse and to fall silent."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from services.runtime.problems import Problem
from services.web.routes import Part
from tests.browser.canned_answers import (
    CASES,
    OTHER_CASEWORKER,
    a_cell,
    a_line,
    a_silent_case,
    ago,
    an_alert,
    an_indicator,
)
from tests.browser_fixture import Faces, sign_in

CALL_FORM = f"/cases/{CASES[0]}/record?type=call"


def fill_in_a_call(page: Page, url: str) -> None:
    page.goto(url + CALL_FORM)
    page.get_by_label("We called").check()
    page.get_by_label("No answer").check()
    page.get_by_label("Problem").select_option("money")


def test_signing_in_shows_the_page_of_the_role_and_signing_out_ends_it(faces: Faces, context: BrowserContext) -> None:
    for name, home in (("asha", "/today"), ("nasrin", "/inbox"), ("kamal", "/outcomes"), ("admin", "/people")):
        page = sign_in(context, faces.url, name)
        assert page.url == faces.url + home
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/sign-in")
        page.goto(faces.url + home)
        assert "/sign-in" in page.url


def test_a_wrong_password_keeps_the_name_and_says_so(faces: Faces, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(faces.url + "/sign-in")
    page.get_by_label("Name", exact=True).fill("asha")
    page.get_by_label("Password", exact=True).fill("guessed")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("[data-sign-in-error]")).to_have_text("Name and password do not match.")
    expect(page.get_by_label("Name", exact=True)).to_have_value("asha")


def test_the_title_and_the_tab_say_nothing(faces: Faces, context: BrowserContext) -> None:
    page = sign_in(context, faces.url, "asha")
    page.goto(f"{faces.url}/cases/{CASES[0]}")
    assert page.title() == "Notebook"


def test_a_form_keeps_what_was_typed_when_it_is_refused(faces: Faces, context: BrowserContext) -> None:
    page = sign_in(context, faces.url, "asha")
    fill_in_a_call(page, faces.url)
    faces.services.refusal = Problem(
        422, "Not valid", "the event cannot be taken as it is", [("data.problem", "not this one"), ("case_id", "hm")]
    )
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-wrong=problem]")).to_have_text("not this one")
    expect(page.locator("[data-refusal]")).to_contain_text("case_id: hm")
    expect(page.get_by_label("We called")).to_be_checked()
    expect(page.get_by_label("No answer")).to_be_checked()
    expect(page.get_by_label("Problem")).to_have_value("money")
    expect(page.get_by_label("Problem")).to_have_attribute("aria-invalid", "true")


@pytest.mark.parametrize("away", [Part.CASEWORK, Part.ACCESS])
def test_without_script_a_form_keeps_what_was_typed_when_a_part_is_away_and_then_records_it_once(
    faces: Faces, without_script: BrowserContext, away: Part
) -> None:
    page = sign_in(without_script, faces.url, "asha")
    fill_in_a_call(page, faces.url)
    faces.services.away = {away}
    page.get_by_role("button", name="Save").click()
    if away is Part.CASEWORK:
        expect(page.locator("[data-refusal]")).to_contain_text("“case work” did not answer")
        expect(page.get_by_label("Problem")).to_have_value("money")
        faces.services.away = set()
        page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-receipt]")).to_be_visible()
    assert [event["data"]["problem"] for event in faces.services.recorded.values()] == ["money"]


def test_without_script_an_event_sent_twice_is_recorded_once(faces: Faces, without_script: BrowserContext) -> None:
    page = sign_in(without_script, faces.url, "asha")
    fill_in_a_call(page, faces.url)
    page.evaluate(
        """() => {
            const form = document.querySelector("[data-record]");
            fetch(form.action, {method: "POST", body: new URLSearchParams(new FormData(form))});
        }"""
    )
    page.get_by_role("button", name="Save").dblclick(no_wait_after=True)
    expect(page.locator("[data-receipt]")).to_be_visible()
    page.reload()
    expect(page.locator("[data-receipt]")).to_have_attribute("data-again", "yes")
    assert len(faces.services.recorded) == 1
    assert len(faces.services.posts) >= 2


def test_two_forms_are_two_events(faces: Faces, context: BrowserContext) -> None:
    page = sign_in(context, faces.url, "asha")
    for _ in range(2):
        fill_in_a_call(page, faces.url)
        page.get_by_role("button", name="Save").click()
        expect(page.locator("[data-receipt]")).to_have_attribute("data-again", "no")
    assert len(faces.services.recorded) == 2


def test_opening_a_case_takes_her_own_caseworker_and_a_new_id(faces: Faces, context: BrowserContext) -> None:
    page = sign_in(context, faces.url, "asha")
    page.get_by_role("link", name="Open a case").click()
    page.get_by_label("Source").select_option("police")
    page.locator("[data-field=pathway]").get_by_label("Family").check()
    page.get_by_label("District").fill("satkhira")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-receipt]")).to_be_visible()
    (event,) = faces.services.recorded.values()
    assert event["type"] == "case_opened" and event["case_id"] not in CASES
    assert event["data"]["caseworker_id"].startswith("1111")


def test_a_failed_part_is_named_with_the_time_and_no_number_stands_there(faces: Faces, context: BrowserContext) -> None:
    for name, part, words in (
        ("asha", Part.CASEWORK, "case work"),
        ("nasrin", Part.ALERTING, "alerts"),
        ("kamal", Part.OUTCOMES, "outcomes"),
        ("admin", Part.ACCESS, "sign-in"),
    ):
        page = sign_in(context, faces.url, name)
        faces.services.away = {part}
        answer = page.reload()
        assert answer is not None and answer.status == 503
        failed = page.locator("[data-away]")
        expect(failed).to_contain_text(re.compile(rf"“{words}” did not answer at \d+ \w+ \d{{4}}, \d\d:\d\d"))
        assert page.locator("[data-count], [data-freshness]").count() == 0
        assert not re.search(r"\b0\b", page.get_by_role("main").inner_text())
        faces.services.away = set()
        context.clear_cookies()


def test_an_empty_list_is_calm_only_while_checking_goes_on(faces: Faces, context: BrowserContext) -> None:
    page = sign_in(context, faces.url, "nasrin")
    expect(page.locator("[data-count]")).to_have_text("0 alerts")
    expect(page.get_by_text("Nobody is forgotten.")).to_be_visible()
    faces.services.is_stale = True
    page.reload()
    expect(page.locator("[data-stale-banner]")).to_be_visible()
    expect(page.locator("[data-freshness]")).to_contain_text("cannot be shown now")
    assert page.get_by_text("Nobody is forgotten.").count() == 0


def test_the_line_becomes_whole_again_when_checking_goes_on(faces: Faces, context: BrowserContext) -> None:
    faces.services.is_stale = True
    page = sign_in(context, faces.url, "nasrin")
    expect(page.locator("[data-freshness]")).to_contain_text("cannot be shown now")
    faces.services.is_stale = False
    expect(page.locator("[data-number]")).to_have_text("4,312")
    expect(page.locator("[data-stale-banner]")).to_be_hidden()
    expect(page.get_by_text("Nobody is forgotten.")).to_be_visible()
    faces.services.cases_checked = 1
    expect(page.locator("[data-freshness]")).to_contain_text("1 case checked up to")


def test_a_number_that_is_written_anew_has_the_digits_she_reads(faces: Faces, context: BrowserContext) -> None:
    page = sign_in(context, faces.url, "nasrin")
    page.goto(f"{faces.url}/language?to=bn&back=/blank")
    page.goto(f"{faces.url}/numerals?to=en&back=/inbox")
    faces.services.cases_checked = 5312
    expect(page.locator("[data-number]")).to_have_text("5,312")


def test_the_inbox_turns_red_45_seconds_after_the_last_heartbeat_by_its_own_clock(
    faces: Faces, context: BrowserContext
) -> None:
    page = sign_in(context, faces.url, "nasrin")
    page.clock.install()
    page.goto(faces.url + "/inbox")
    page.clock.run_for(3_000)
    banner = page.locator("[data-stale-banner]")
    expect(banner).to_be_hidden()
    faces.services.is_beating = False
    page.wait_for_timeout(600)
    # The page's clock goes on beside these steps, on a busy machine for seconds.
    page.clock.run_for(35_000)
    expect(banner).to_be_hidden()
    page.clock.run_for(12_000)
    expect(banner).to_be_visible()
    faces.services.is_beating = True
    page.wait_for_timeout(600)
    page.clock.run_for(2_000)
    expect(banner).to_be_hidden()


def test_a_stream_that_beats_while_checking_stands_still_is_no_sign_of_life(
    faces: Faces, context: BrowserContext
) -> None:
    page = sign_in(context, faces.url, "nasrin")
    expect(page.locator("[data-stale-banner]")).to_be_hidden()
    faces.services.is_stale = True
    expect(page.locator("[data-stale-banner]")).to_be_visible()
    expect(page.locator("[data-freshness]")).to_have_class(re.compile("stale"))


def test_the_staffs_page_notices_a_detector_that_stopped(faces: Faces, context: BrowserContext) -> None:
    page = sign_in(context, faces.url, "asha")
    page.clock.install()
    # Its first question has its answer before the service goes away, or the answer would come at some later time.
    with page.expect_response("**/v1/detector") as answer:
        page.goto(faces.url + "/today")
    answer.value.finished()
    page.wait_for_timeout(300)
    faces.services.away = {Part.ALERTING}
    page.clock.run_for(35_000)
    expect(page.locator("[data-stale-banner]")).to_be_hidden()
    page.clock.run_for(12_000)
    expect(page.locator("[data-stale-banner]")).to_be_visible()


def test_a_new_alert_appears_without_reloading_and_what_is_open_stays_open(
    faces: Faces, context: BrowserContext
) -> None:
    faces.services.alerts = [a_silent_case(CASES[0], an_alert(1, "Keeping in touch", "high", 5, "12 days ago."))]
    page = sign_in(context, faces.url, "nasrin")
    page.locator("[data-alert] > summary").first.click()
    faces.services.alerts.append(a_silent_case(CASES[1], an_alert(2, "Help request", "critical", 1, "She called.")))
    faces.services.push({"alert_id": "2"})
    expect(page.locator("[data-case]")).to_have_count(2)
    expect(page.locator("[data-count]")).to_have_text("2 alerts")
    expect(page.get_by_text("12 days ago.")).to_be_visible()


def test_a_list_is_not_taken_away_under_somebody_who_types(faces: Faces, context: BrowserContext) -> None:
    faces.services.alerts = [a_silent_case(CASES[0], an_alert(1, "Keeping in touch", "high", 5, "12 days ago."))]
    page = sign_in(context, faces.url, "nasrin")
    page.locator("[data-alert] > summary").first.click()
    page.locator("[data-alert] summary", has_text="Snooze").click()
    page.locator("[data-alert]").get_by_label("Reason").select_option("her_wish")
    faces.services.alerts.append(a_silent_case(CASES[1], an_alert(2, "Help request", "critical", 1, "She called.")))
    faces.services.push({"alert_id": "2"})
    expect(page.locator("[data-changed]")).to_be_visible()
    expect(page.locator("[data-alert]").get_by_label("Reason")).to_have_value("her_wish")


def test_a_supervisor_acknowledges_snoozes_and_reassigns(faces: Faces, context: BrowserContext) -> None:
    faces.services.alerts = [a_silent_case(CASES[0], an_alert(1, "Keeping in touch", "high", 5, "12 days ago."))]
    page = sign_in(context, faces.url, "nasrin")

    def open_the_alert() -> None:
        page.locator("[data-alert] > summary").first.click()

    open_the_alert()
    page.locator("[data-alert]").get_by_role("button", name="Acknowledge").click()
    expect(page.locator("[data-done=acknowledge]")).to_be_visible()
    open_the_alert()
    page.locator("[data-alert] summary", has_text="Snooze").click()
    page.locator("[data-alert]").get_by_label("Until").fill("2030-03-01T15:30")
    page.locator("[data-alert]").get_by_label("Reason").select_option("visit_planned")
    page.locator("[data-alert]").get_by_role("button", name="Snooze").click()
    expect(page.locator("[data-done=snooze]")).to_be_visible()
    open_the_alert()
    page.locator("[data-alert] summary", has_text="Reassign").click()
    page.locator("[data-alert]").get_by_label("Caseworker").select_option(label="Runa Invented")
    page.locator("[data-alert]").get_by_role("button", name="Reassign").click()
    expect(page.locator("[data-done=reassign]")).to_be_visible()
    (acknowledged, first), (snoozed, second), (reassigned, third) = faces.services.posts
    assert [path.rsplit(":", 1)[1] for path in (acknowledged, snoozed, reassigned)] == [
        "acknowledge",
        "snooze",
        "reassign",
    ]
    assert len({first["event_id"], second["event_id"], third["event_id"]}) == 3
    assert second["until"] == "2030-03-01T09:30:00.000Z" and second["reason"] == "visit_planned"
    assert third["caseworker_id"] == OTHER_CASEWORKER


def test_a_refused_action_says_why_and_keeps_what_was_chosen(faces: Faces, context: BrowserContext) -> None:
    faces.services.alerts = [a_silent_case(CASES[0], an_alert(1, "Keeping in touch", "high", 5, "12 days ago."))]
    page = sign_in(context, faces.url, "nasrin")
    faces.services.refusal = Problem(422, "Not valid", "the action cannot be taken", [("until", "too late")])
    page.locator("[data-alert] > summary").first.click()
    page.locator("[data-alert] summary", has_text="Snooze").click()
    page.locator("[data-alert]").get_by_label("Until").fill("2030-03-01T15:30")
    page.locator("[data-alert]").get_by_label("Reason").select_option("visit_planned")
    page.locator("[data-alert]").get_by_role("button", name="Snooze").click()
    expect(page.locator("[data-refusal]")).to_contain_text("too late")
    expect(page.locator("[data-alert]").get_by_label("Reason")).to_have_value("visit_planned")
    expect(page.locator("[data-alert]").get_by_label("Until")).to_have_value("2030-03-01T15:30")


def test_a_case_shows_conflicts_and_that_something_could_not_be_read(faces: Faces, context: BrowserContext) -> None:
    page = sign_in(context, faces.url, "asha")
    page.goto(f"{faces.url}/cases/{CASES[0]}")
    expect(page.get_by_role("heading", level=1)).to_have_text("0C1-ZZE5")
    expect(page.locator("[data-unreadable]")).to_contain_text("could not be read (1)")
    expect(page.locator("li.conflict")).to_contain_text("The first one stands")
    expect(page.locator("[data-owed=contact]")).to_have_attribute("data-overdue", "yes")
    expect(page.locator("[data-timeline] > li")).to_have_count(7)


def test_numbers_of_outcomes_say_what_they_are_made_of(faces: Faces, context: BrowserContext) -> None:
    share = ("contacts made", "contacts due")
    faces.services.indicators = [
        an_indicator("on_time", "On time", "%", share, value=81.25, numerator=130, denominator=160),
        an_indicator("help", "Help", "%", share, numerator=0, denominator=0),
    ]
    hidden = a_cell(hidden=True, shown="1–2", denominator=3, reason="few") | {"key": "khulna"}
    faces.services.groups = {"on_time": [hidden, a_cell(value=90.0, numerator=9, denominator=10) | {"key": None}]}
    page = sign_in(context, faces.url, "kamal")
    expect(page.locator("[data-indicator=on_time]")).to_contain_text("contacts made: 130 / contacts due: 160")
    expect(page.locator("[data-indicator=help] .value")).to_contain_text("–")
    expect(page.locator("[data-indicator=help]")).to_contain_text("nothing to divide by")
    page.get_by_label("Break down by").select_option("district")
    page.get_by_role("button", name="Show").click()
    assert "by=district" in page.url
    expect(page.locator("[data-group=khulna]")).to_contain_text("too few (1–2)")
    expect(page.locator("[data-indicator=on_time]")).to_contain_text("not shown: it rests on one or two cases")
    expect(page.locator("[data-group='']").first).to_contain_text("not known")


def test_a_period_that_ends_before_it_starts_is_said_at_the_form(faces: Faces, context: BrowserContext) -> None:
    page = sign_in(context, faces.url, "kamal")
    page.goto(faces.url + "/outcomes?from=2026-03-01&to=2026-01-01")
    expect(page.locator("[data-refusal]")).to_have_text("a period ends after it starts")
    expect(page.get_by_label("From")).to_have_value("2026-03-01")


def test_leaving_quickly_empties_the_page_and_ends_the_session(faces: Faces, context: BrowserContext) -> None:
    page = sign_in(context, faces.url, "asha")
    page.goto(f"{faces.url}/cases/{CASES[0]}")
    for _ in range(3):
        page.keyboard.press("Shift")
    page.wait_for_url("**/blank")
    assert page.locator("body").inner_text().strip() == ""
    assert not [cookie for cookie in context.cookies() if cookie["name"].endswith("session")]
    page.go_back()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_everything_is_there_in_bangla(faces: Faces, context: BrowserContext) -> None:
    faces.services.worklist = [a_line(CASES[0], "call_now", "কারণ", due_by=ago(days=-1))]
    page = sign_in(context, faces.url, "asha")
    page.get_by_role("link", name="বাংলা").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("আজ")
    expect(page.locator("[data-number]")).to_have_text("৪,৩১২")
    expect(page.locator(".code").first).to_have_text("0C1-ZZE5")
    assert page.locator("html").get_attribute("lang") == "bn"
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Today")


def test_no_page_is_stopped_by_its_own_security_policy(faces: Faces, context: BrowserContext) -> None:
    faces.services.worklist = [a_line(CASES[0], "call_now", "reason")]
    faces.services.alerts = [a_silent_case(CASES[0], an_alert(1, "Keeping in touch", "high", 5, "12 days ago."))]
    said: list[str] = []
    for name, paths in (
        ("asha", ("/today", f"/cases/{CASES[0]}", CALL_FORM, "/open-case")),
        ("nasrin", ("/inbox",)),
        ("kamal", ("/outcomes",)),
        ("admin", ("/people",)),
    ):
        page = sign_in(context, faces.url, name)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        for path in paths:
            page.goto(faces.url + path)
            page.wait_for_timeout(200)
        context.clear_cookies()
    assert said == []


def test_a_call_is_logged_by_keyboard_alone(faces: Faces, context: BrowserContext) -> None:
    faces.services.worklist = [a_line(CASES[0], "call_now", "reason")]
    page = sign_in(context, faces.url, "asha")
    page.get_by_role("link", name="Log a call").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/record?type=call&direction=outgoing")
    page.get_by_label("We called").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("[data-receipt]")).to_be_visible()
    (event,) = faces.services.recorded.values()
    assert event["data"] == {"direction": "outgoing", "outcome": "reached"}
