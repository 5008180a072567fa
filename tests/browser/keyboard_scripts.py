"""What each person does with the pages, by keyboard alone: a script for each of her tasks, from any page of hers.

@task("asha", "GET /unsent")
def corrects_what_was_refused(page): ...

It says which pages and acts it is a script for; `test_every_task_by_keyboard` runs it and holds it to that. The
services are canned (`stocked`); what needs real accounts or a real vault is done in front of those, elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

from playwright.sync_api import Locator, Page, expect

from services.casework.domain.event_types import Recorder
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy
from services.runtime.problems import Problem
from services.web.forms import types_for
from tests.browser.by_keyboard import (
    enter,
    next_year_in_any_order_of_day_and_month,
    pick,
    select,
    tab_to,
    tick,
    unfold,
)
from tests.browser.canned_answers import (
    CASES,
    CASEWORKER,
    a_curve,
    a_line,
    a_load,
    a_paused_case,
    a_silent_case,
    an_alert,
    an_indicator,
    an_overseen_case,
)
from tests.browser.fake_services import FakeServices

HER: Final = CASES[0]
CODE: Final = "0C1-ZZE5"
Script = Callable[[Page], None]


@dataclass(frozen=True, slots=True)
class Task:
    """who: her sign-in name. does: pages and acts as the table of pages has them, events as `record call`."""

    who: str
    does: frozenset[str]
    script: Script


TASKS: Final[list[Task]] = []


def task(who: str, *does: str) -> Callable[[Script], Script]:
    def registered(script: Script) -> Script:
        TASKS.append(Task(who, frozenset(does), script))
        return script

    return registered


def stocked() -> FakeServices:
    """Something of everything that there is a task for."""
    services = FakeServices(policy=load_policy(DEFAULT_POLICY_PATH))
    services.worklist = [a_line(HER, "call_now", "12 days without contact.")]
    services.alerts = [
        a_silent_case(HER, an_alert(1, "Contact", "high", 5, "12 days.")),
        a_silent_case(CASES[1], an_alert(2, "Visit", "low", 3, "Due."), district="jashore", upazila="sharsha"),
    ]
    services.overseen = {
        "paused": [a_paused_case(HER, "her_wish", 2)],
        "short_pauses": [a_paused_case(HER, "her_wish", 2)],
        "unopened": [an_overseen_case(CASES[2], state="unopened")],
        "unowned": [an_overseen_case(CASES[3], caseworker_id=None)],
    }
    services.loads = [a_load(CASEWORKER, 31, 2, 3)]
    counts = ("contacts made", "contacts due")
    services.indicators = [an_indicator("on_time", "On time", "%", counts, value=81.25, numerator=130, denominator=160)]
    services.curves = [a_curve("still_in_work", "Still in work", [100.0, 90.0, 80.0], [40, 39, 38])]
    services.refused = {"money": Problem(422, "Not valid", "It cannot be taken.", [("data.problem", "not this one")])}
    return services


def main_button(page: Page, name: str) -> Locator:
    return page.get_by_role("main").get_by_role("button", name=name, exact=True)


def main_link(page: Page, name: str) -> Locator:
    return page.get_by_role("main").get_by_role("link", name=name, exact=True).first


def top_link(page: Page, name: str) -> Locator:
    return page.get_by_role("banner").get_by_role("link", name=name, exact=True)


# --- the caseworker ---------------------------------------------------------------------------------------------------

SAMPLES: Final = {"scores": "safety 0.5", "text": "a_code"}


def fill_in(page: Page) -> None:
    """What must be said on a form of an event, with the first answer there is."""
    for control in page.locator("form[data-record] [data-field]:has([required])").all():
        first = control.locator("[required]").first
        if control.locator("[required]:checked").count() or (_kind(first) != "radio" and first.input_value()):
            continue
        tab_to(page, first)
        match _kind(first):
            case "radio":
                page.keyboard.press("Space")
            case "select-one":
                page.keyboard.press("ArrowDown")
            case "datetime-local":
                next_year_in_any_order_of_day_and_month(page)
            case _:
                page.keyboard.type(SAMPLES[control.get_attribute("data-reads") or ""])


def _kind(field: Locator) -> str:
    return str(field.evaluate("field => field.type"))


def save(page: Page) -> None:
    unfold(main_button(page, "Save"))
    expect(page.locator("[data-receipt]")).to_be_visible()


@task("asha", "GET /today", "GET /cases/{case_id}/record", "record call", "record contact_paused")
def logs_a_call_and_leaves_her_in_peace(page: Page) -> None:
    enter(page, top_link(page, "Today"))
    enter(page, main_link(page, "Log a call"))
    pick(page.locator("[data-field=outcome]").get_by_label("Did not want to talk"))
    pick(page.locator("[data-pause]").get_by_label("14 days"))
    save(page)


@task("asha", "GET /open-case", "record case_opened")
def opens_a_case(page: Page) -> None:
    enter(page, top_link(page, "Open a case"))
    fill_in(page)
    save(page)


@task("asha", "GET /cases/{case_id}", *(f"record {found.name}" for found in types_for(Recorder.CASEWORKER)[1:]))
def records_whatever_happened(page: Page) -> None:
    """From her page; every kind is reached there, and every one of their forms is filled in."""
    enter(page, top_link(page, "Today"))
    enter(page, main_link(page, CODE))
    enter(page, main_link(page, "Something else"))
    kinds = page.locator(".kinds a")
    forms = [str(kind.get_attribute("href")) for kind in kinds.all()]
    for kind in kinds.all():
        tab_to(page, kind)
    for form in forms:
        page.goto(urljoin(page.url, form))
        fill_in(page)
        save(page)


@task("asha", "GET /unsent")
def corrects_what_was_refused_and_gives_up_another(page: Page) -> None:
    for _ in range(2):
        enter(page, top_link(page, "Today"))
        enter(page, main_link(page, "Log a call"))
        fill_in(page)
        select(page.locator("#f-problem"), "Money")
        unfold(main_button(page, "Save"))
        expect(page.locator("[data-refusal]").first).to_be_visible()
    enter(page, page.locator("a.unsent"))
    lines = page.locator("[data-outbox] li")
    expect(lines).to_have_count(2)
    unfold(lines.last.locator("summary"))
    unfold(lines.last.get_by_role("button", name="Delete it here"))
    expect(lines).to_have_count(1)
    enter(page, lines.get_by_role("link", name="Correct"))
    expect(page.locator("[data-wrong=problem]")).to_be_visible()
    select(page.locator("#f-problem"), "Health")
    save(page)


@task("asha", "GET /language")
def reads_it_in_the_other_language(page: Page) -> None:
    enter(page, top_link(page, "বাংলা"))
    expect(page.locator("html")).to_have_attribute("lang", "bn")
    enter(page, top_link(page, "English"))


# --- the supervisor ---------------------------------------------------------------------------------------------------


@task("nasrin", "GET /inbox")
def narrows_the_inbox(page: Page) -> None:
    enter(page, top_link(page, "Inbox"))
    unfold(page.locator("details.filter > summary"))
    select(page.locator("#by-area"), "Jashore")
    enter(page, main_button(page, "Show"))
    page.wait_for_url("**area=jashore**")
    enter(page, top_link(page, "Inbox"))


def first_alert(page: Page, act: str = "") -> Locator:
    """Unfolded, and in it what the act needs."""
    alert = page.locator("[data-alert]").first
    unfold(alert.locator("> summary"))
    if act:
        unfold(alert.locator("summary", has_text=act))
    return alert


def said_to_be_done(page: Page, act: str) -> None:
    expect(page.locator(f"[data-done={act}]")).to_be_visible()


@task("nasrin", "POST /inbox/{alert_id}/acknowledge")
def acknowledges_an_alert(page: Page) -> None:
    enter(page, first_alert(page).get_by_role("button", name="Acknowledge"))
    said_to_be_done(page, "acknowledge")


@task("nasrin", "POST /inbox/{alert_id}/snooze")
def snoozes_an_alert(page: Page) -> None:
    alert = first_alert(page, "Snooze")
    tab_to(page, alert.get_by_label("Until"))
    next_year_in_any_order_of_day_and_month(page)
    select(alert.get_by_label("Reason"), "A visit")
    enter(page, alert.get_by_role("button", name="Snooze"))
    said_to_be_done(page, "snooze")


@task("nasrin", "POST /inbox/{alert_id}/reassign")
def reassigns_a_case_from_its_alert(page: Page) -> None:
    alert = first_alert(page, "Reassign")
    select(alert.get_by_label("Caseworker"), "Runa")
    enter(page, alert.get_by_role("button", name="Reassign"))
    said_to_be_done(page, "reassign")


def chosen(page: Page, act: str = "") -> Locator:
    """The form over all lines, with all of them chosen."""
    for box in page.locator("[data-choose]").all():
        tick(box)
    form = page.locator("#several")
    if act:
        unfold(form.locator("summary", has_text=act))
    return form


@task("nasrin", *(f"POST /inbox/chosen/{act}" for act in ("acknowledge", "snooze", "reassign")))
def acts_on_several_alerts_at_once(page: Page) -> None:
    enter(page, top_link(page, "Inbox"))
    enter(page, chosen(page).get_by_role("button", name="Acknowledge"))
    said_to_be_done(page, "acknowledge")
    form = chosen(page, "Snooze")
    tab_to(page, form.get_by_label("Until"))
    next_year_in_any_order_of_day_and_month(page)
    select(form.get_by_label("Reason"), "A visit")
    enter(page, form.get_by_role("button", name="Snooze"))
    said_to_be_done(page, "snooze")
    form = chosen(page, "Reassign")
    select(form.get_by_label("Caseworker"), "Runa")
    enter(page, form.get_by_role("button", name="Reassign"))
    said_to_be_done(page, "reassign")


@task("nasrin", "GET /cases", *(f"POST /cases/chosen/{act}" for act in ("resume", "assign", "close")))
def acts_on_cases_that_no_alert_tells_of(page: Page) -> None:
    for name in ("Short pauses", "Without an opening", "Paused"):
        enter(page, main_link(page, name))
    enter(page, chosen(page).get_by_role("button", name="Start the follow-up"))
    said_to_be_done(page, "resume")
    enter(page, main_link(page, "Without a caseworker"))
    form = chosen(page, "Assign")
    select(form.get_by_label("Caseworker"), "Runa")
    enter(page, form.get_by_role("button", name="Assign"))
    said_to_be_done(page, "assign")
    form = chosen(page, "Close")
    select(form.get_by_label("Reason"), "Moved")
    enter(page, form.get_by_role("button", name="Close"))
    said_to_be_done(page, "close")


@task("nasrin", "GET /caseworkers", "GET /policy")
def looks_at_everybodys_load_and_at_the_rules(page: Page) -> None:
    enter(page, main_link(page, "By caseworker"))
    enter(page, main_link(page, "Asha Invented"))
    page.wait_for_url(f"**/inbox?caseworker_id={CASEWORKER}")
    enter(page, main_link(page, "The rules"))
    expect(page.locator("[data-rule]").first).to_be_visible()


@task("nasrin", "record case_assigned", "record case_closed")
def does_with_a_case_what_is_a_supervisors(page: Page) -> None:
    for act in ("Assign to a caseworker", "Close the case"):
        enter(page, top_link(page, "Inbox"))
        enter(page, main_link(page, CODE))
        enter(page, main_link(page, act))
        fill_in(page)
        save(page)


# --- the evaluator, the administrator ---------------------------------------------------------------------------------


@task("kamal", "GET /outcomes", "GET /outcomes/indicators/{name}", "GET /outcomes/curves/{name}")
def breaks_numbers_down_and_looks_at_one_of_them(page: Page) -> None:
    enter(page, top_link(page, "Outcomes"))
    select(page.locator("#by"), "District")
    enter(page, main_button(page, "Show"))
    page.wait_for_url("**by=district**")
    for name in ("Still in work", "On time"):
        enter(page, main_link(page, name))
        for first, begins in (("#by-first", "District"), ("#by-second", "Cohort")):
            select(page.locator(first), begins)
        enter(page, main_button(page, "Show"))
        for file in ("[data-xlsx]", "[data-csv]", "[data-citation]"):
            tab_to(page, page.locator(file))
        enter(page, main_link(page, "‹ Outcomes"))


@task("kamal", "GET /targets", "POST /targets", "POST /targets/drop")
def sets_a_target_and_takes_it_away(page: Page) -> None:
    enter(page, main_link(page, "Targets"))
    select(page.locator("#indicator"), "On time")
    tab_to(page, page.locator("#value"))
    page.keyboard.type("90")
    tab_to(page, page.locator("#by"))
    next_year_in_any_order_of_day_and_month(page)
    enter(page, main_button(page, "Set"))
    enter(page, page.locator("[data-target] button"))
    expect(page.locator("[data-target]")).to_have_count(0)


@task("admin", "GET /health")
def looks_how_every_part_is(page: Page) -> None:
    enter(page, top_link(page, "The system"))
    enter(page, main_link(page, "Look again"))
    expect(page.locator("[data-health]")).to_be_visible()
