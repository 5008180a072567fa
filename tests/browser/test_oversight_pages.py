"""What a supervisor has beside her alerts: everybody's load, lists of cases, what she does with a whole case."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from services.runtime.problems import Problem
from services.web.routes import Part
from tests.browser.canned_answers import (
    CASES,
    CASEWORKER,
    OTHER_CASEWORKER,
    a_load,
    a_paused_case,
    a_silent_case,
    ago,
    an_alert,
    an_overseen_case,
)
from tests.browser_fixture import Faces, sign_in


@pytest.fixture
def page(faces: Faces, context: BrowserContext) -> Page:
    faces.services.overseen = {
        "paused": [
            a_paused_case(CASES[0], "her_wish", 2),
            a_paused_case(CASES[1], "import", 60),
            a_paused_case(CASES[2], "unsafe_for_her", 40),
        ],
        "unopened": [an_overseen_case(CASES[3], state="unopened")],
        "unowned": [an_overseen_case(CASES[3], caseworker_id=None)],
    }
    faces.services.loads = [a_load(CASEWORKER, 31, 2, 3), a_load(None, 4, 1)]
    faces.services.alerts = [a_silent_case(CASES[0], an_alert(1, "Contact", "high", 5, "12 days."))]
    signed_in: Page = sign_in(context, faces.url, "nasrin")
    return signed_in


def test_load_and_alerts_of_each_caseworker_lead_to_her_inbox(faces: Faces, page: Page) -> None:
    page.get_by_role("link", name="By caseworker").click()
    hers = page.locator(f"tr[data-caseworker='{CASEWORKER}']")
    for name, value in (("data-open", "31"), ("data-overdue", "2"), ("data-alerts", "1")):
        expect(hers).to_have_attribute(name, value)
    expect(page.locator(f"tr[data-caseworker='{OTHER_CASEWORKER}']")).to_have_attribute("data-open", "0")
    expect(page.locator("tbody tr").first).to_have_attribute("data-caseworker", "nobody")
    hers.get_by_role("link", name="Asha Invented").click()
    page.wait_for_url(f"**/inbox?caseworker_id={CASEWORKER}")


@pytest.mark.parametrize(
    ("part", "unknown", "known"),
    [(Part.CASEWORK, "data-open", "data-alerts"), (Part.ALERTING, "data-alerts", "data-open")],
)
def test_a_part_that_is_away_leaves_its_columns_unknown_and_the_others_as_they_are(
    faces: Faces, page: Page, part: Part, unknown: str, known: str
) -> None:
    faces.services.away = {part}
    page.goto(faces.url + "/caseworkers")
    hers = page.locator(f"tr[data-caseworker='{CASEWORKER}']")
    expect(hers).to_have_attribute(unknown, "")
    expect(hers).to_contain_text("not known")
    assert hers.get_attribute(known)
    expect(page.locator(f"[data-away={part}]")).to_contain_text("This does not mean that there are none.")


def test_numbers_that_are_not_complete_are_not_shown(faces: Faces, page: Page) -> None:
    faces.services.is_incomplete = True
    page.goto(faces.url + "/caseworkers")
    expect(page.locator("[data-incomplete]")).to_be_visible()
    expect(page.locator(f"tr[data-caseworker='{CASEWORKER}']")).to_have_attribute("data-open", "")
    page.goto(faces.url + "/cases?which=short_pauses")
    expect(page.locator("[data-incomplete]")).to_be_visible()
    expect(page.locator("[data-empty]")).to_have_text("None are known now.")


def test_who_is_away_says_who_stands_in(faces: Faces, page: Page) -> None:
    def absent(account_id: str, delegate_id: str | None, since: str) -> dict[str, object]:
        away = {"account_id": account_id, "delegate_id": delegate_id, "since": since, "until": ago(days=-5)}
        return {"absence_id": account_id} | away

    faces.services.absences = [absent(CASEWORKER, OTHER_CASEWORKER, ago(days=1)), absent(OTHER_CASEWORKER, None, ago())]
    page.goto(faces.url + "/caseworkers")
    expect(page.locator(f"tr[data-caseworker='{CASEWORKER}'] [data-absent]")).to_contain_text("Runa Invented stands in")
    expect(page.locator(f"tr[data-caseworker='{OTHER_CASEWORKER}']")).to_contain_text("nobody stands in")
    page.goto(faces.url + "/inbox")
    expect(page.locator(f"li[data-case='{CASES[0]}'] [data-absent]")).to_contain_text("Runa Invented stands in")
    faces.services.absences = [absent(CASEWORKER, None, ago(days=-1))]
    page.reload()
    expect(page.locator("[data-absent]")).to_have_count(0)


def test_paused_cases_say_until_when_and_why_and_imported_ones_are_counted_in_red(faces: Faces, page: Page) -> None:
    page.get_by_role("link", name="Paused", exact=True).click()
    expect(page.locator("[data-count]")).to_have_text("3 cases")
    expect(page.locator("[data-imported]")).to_contain_text("1 of these was brought in")
    soon = page.locator(f"li[data-case='{CASES[0]}']")
    expect(soon.locator("[data-ends-soon]")).to_be_visible()
    expect(soon.locator("[data-short]")).to_be_visible()
    imported = page.locator(f"li[data-case='{CASES[1]}']")
    expect(imported).to_contain_text("Brought in")
    expect(imported.locator("[data-short], [data-ends-soon]")).to_have_count(0)
    page.get_by_role("link", name="Short pauses").click()
    expect(page.locator("[data-empty]")).to_have_text("There are none.")


def test_the_follow_up_of_chosen_cases_is_started_and_the_rest_stays_chosen(faces: Faces, page: Page) -> None:
    page.goto(faces.url + "/cases?which=paused")
    faces.services.refusals = {CASES[2]: Problem(403, "Not permitted", "this case is not in your care")}
    for case_id in CASES[1:3]:
        page.locator(f"li[data-case='{case_id}'] [data-choose]").check()
    page.get_by_role("button", name="Start the follow-up").click()
    said = page.locator("[data-chosen=resume]")
    expect(said).to_have_attribute("data-through", "1")
    expect(said.locator(f"[data-not-through-case='{CASES[2]}']")).to_contain_text("not in your care")
    ticked = page.locator("[data-choose]:checked")
    expect(ticked).to_have_count(1)
    expect(ticked).to_have_value(CASES[2])
    faces.services.refusals = {}
    page.get_by_role("button", name="Start the follow-up").click()
    expect(page.locator("[data-done=resume]")).to_contain_text("The follow-up of 1 case has started.")
    recorded = [(event["case_id"], event["type"]) for event in faces.services.recorded.values()]
    assert recorded == [(CASES[1], "contact_resumed"), (CASES[2], "contact_resumed")]
    sent = [body["event_id"] for _, body in faces.services.posts if body["case_id"] == CASES[2]]
    assert len(sent) == 2 and len(set(sent)) == 1


def test_cases_that_are_nobodys_are_assigned_and_closed_with_a_reason_from_the_list(faces: Faces, page: Page) -> None:
    page.goto(faces.url + "/cases?which=unowned")
    page.locator("[data-choose]").check()
    page.locator("#several summary", has_text="Close the case").click()
    page.locator("#several").get_by_role("button", name="Close the case").click()
    expect(page.locator("[data-refusal]")).to_contain_text("choose a reason")
    page.locator("#several").get_by_label("Reason").select_option("moved_abroad")
    page.locator("#several").get_by_role("button", name="Close the case").click()
    expect(page.locator("[data-done=close]")).to_contain_text("1 case closed.")
    page.locator("[data-choose]").check()
    page.locator("#several summary", has_text="Assign").click()
    page.locator("#several").get_by_label("Caseworker").select_option(OTHER_CASEWORKER)
    page.locator("#several").get_by_role("button", name="Assign").click()
    expect(page.locator("[data-done=assign]")).to_be_visible()
    assert [(event["type"], event["data"]) for event in faces.services.recorded.values()] == [
        ("case_closed", {"reason": "moved_abroad"}),
        ("case_assigned", {"caseworker_id": OTHER_CASEWORKER}),
    ]


def test_the_lists_work_without_a_script_and_by_keys_with_one(faces: Faces, page: Page, chromium: Browser) -> None:
    with chromium.new_context(java_script_enabled=False, storage_state=page.context.storage_state()) as plain:
        bare = plain.new_page()
        bare.goto(faces.url + "/cases?which=paused")
        bare.locator("[data-choose]").nth(1).check()
        bare.get_by_role("button", name="Start the follow-up").click()
        expect(bare.locator("[data-done=resume]")).to_be_visible()
    page.goto(faces.url + "/cases?which=paused")
    page.locator("[data-choose]").first.focus()
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-choose]").nth(1)).to_be_checked()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/cases/{CASES[1]}")


def test_what_is_ticked_is_not_taken_away_when_the_page_is_made_anew(faces: Faces, page: Page) -> None:
    page.clock.install()
    page.goto(faces.url + "/cases?which=paused")
    page.locator("[data-choose]").first.check()
    faces.services.overseen["paused"].pop()
    page.clock.run_for(125_000)
    expect(page.locator("[data-choose]:checked")).to_have_count(1)
    page.locator("[data-choose]").first.uncheck()
    page.clock.run_for(125_000)
    expect(page.locator("li[data-case]")).to_have_count(2)
    page.locator("[data-choose]").first.check()
    expect(page.locator("[data-chosen-number]")).to_have_text("1")


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ("open", ["Pause contact", "Assign to a caseworker", "Close the case"]),
        ("paused", ["Start the follow-up", "Assign to a caseworker", "Close the case"]),
        ("closed", ["Reopen the case"]),
    ],
)
def test_her_page_offers_what_can_be_done_with_the_case_as_a_whole(
    faces: Faces, page: Page, state: str, offered: list[str]
) -> None:
    faces.services.state = state
    page.goto(f"{faces.url}/cases/{CASES[0]}")
    assert page.locator("[data-charge-acts] a").all_inner_texts() == offered


def test_a_case_is_closed_from_her_page_and_a_refusal_keeps_what_was_typed(faces: Faces, page: Page) -> None:
    page.goto(f"{faces.url}/cases/{CASES[0]}")
    page.get_by_role("link", name="Close the case").click()
    page.locator("[data-field=reason]").get_by_label("Moved abroad").check()
    faces.services.refusal = Problem(422, "Not valid", "not now", [("data.reason", "not this one")])
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-wrong=reason]")).to_have_text("not this one")
    expect(page.locator("[data-field=reason]").get_by_label("Moved abroad")).to_be_checked()
    faces.services.refusal = None
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-receipt]")).to_be_visible()
    (event,) = faces.services.recorded.values()
    assert (event["type"], event["data"]) == ("case_closed", {"reason": "moved_abroad"})


def test_a_caseworker_is_not_offered_what_is_a_supervisors(faces: Faces, context: BrowserContext) -> None:
    page = sign_in(context, faces.url, "asha")
    page.goto(f"{faces.url}/cases/{CASES[0]}")
    expect(page.locator("[data-charge-acts]")).to_have_count(0)
