"""An administrator changes what somebody may and says that she is away; the head reads what was done. By keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from services.access.domain.permissions import Role
from services.access.verification import verifier_from_settings
from services.web.app import create_app
from services.web.bootstrap import new_client
from services.web.routes import Part
from tests.access_fixture import Running
from tests.browser.by_keyboard import (
    follow,
    next_year_in_any_order_of_day_and_month,
    press,
    signed_in,
    tab_to,
    type_into,
)
from tests.browser_fixture import origin_of
from tests.new_staff import PASSWORD, NewStaff, new_staff


@pytest.fixture(scope="module")
def url(access: Running) -> Iterator[str]:
    addresses = dict.fromkeys(Part, access.url)
    with origin_of(lambda: create_app(addresses, new_client(), verifier_from_settings(access.settings))) as found:
        yield found


def someone(access: Running, *roles: str) -> NewStaff:
    administrator = access.person(Role.ADMINISTRATOR)
    return new_staff(access.ask, administrator, f"changed-{uuid4().hex}", *(roles or ("caseworker",)))


def roles_of(access: Running, who: NewStaff) -> list[str]:
    accounts = access.ask("GET", "/v1/accounts", access.person(Role.ADMINISTRATOR)).json()["items"]
    return next(account["roles"] for account in accounts if account["account_id"] == who.account_id)


def her_page(access: Running, url: str, context: BrowserContext, who: NewStaff) -> Page:
    """Reached from the list of people."""
    page = signed_in(context, url, access.person(Role.ADMINISTRATOR), "/people")
    row = page.locator(f"tr[data-account='{who.account_id}']")
    tab_to(page, row.locator("summary"))
    page.keyboard.press("Enter")
    tab_to(page, row.get_by_role("link", name="Roles and absences"))
    page.keyboard.press("Enter")
    page.wait_for_url(f"{url}/people/{who.account_id}")
    return page


def toggle(page: Page, role: str) -> None:
    tab_to(page, page.get_by_label(role, exact=True))
    page.keyboard.press("Space")


def decide_as_head(access: Running, url: str, context: BrowserContext, said: str, decision: str = "Confirm") -> None:
    context.clear_cookies()
    page = signed_in(context, url, access.person(Role.SUPERVISOR, "organisation"))
    follow(page, "Waiting for a second person")
    line = page.locator("[data-proposal]")
    expect(line).to_contain_text(said)
    tab_to(page, line.get_by_role("button", name=decision))
    page.keyboard.press("Enter")
    expect(line).to_have_count(0)


def test_a_role_that_opens_no_case_counts_at_once_and_one_that_does_when_the_head_confirms(
    access: Running, url: str, context: BrowserContext
) -> None:
    eva = someone(access, "evaluator")
    page = her_page(access, url, context, eva)
    toggle(page, "Reader of releases")
    press(page, "Change")
    expect(page.get_by_label("Reader of releases", exact=True)).to_be_checked()
    assert roles_of(access, eva) == ["donor", "evaluator"]
    toggle(page, "Evaluator")
    toggle(page, "Reader of releases")
    toggle(page, "Supervisor")
    tab_to(page, page.locator("#areas"))
    page.keyboard.type("jashore/sharsha")
    press(page, "Change")
    expect(page.locator("[data-proposed]")).to_contain_text("A second person must confirm this")
    expect(page.locator("[data-half]")).to_have_count(0)
    assert roles_of(access, eva) == ["donor", "evaluator"]
    decide_as_head(access, url, context, "To be: Supervisor. For: Jashore / Sharsha.")
    assert roles_of(access, eva) == ["supervisor"]


def test_a_role_that_the_head_refuses_is_not_had(access: Running, url: str, context: BrowserContext) -> None:
    eva = someone(access, "evaluator")
    page = her_page(access, url, context, eva)
    toggle(page, "Caseworker")
    press(page, "Change")
    expect(page.locator("[data-proposed]")).to_be_visible()
    decide_as_head(access, url, context, "To be: Caseworker, Evaluator.", "Refuse")
    assert roles_of(access, eva) == ["evaluator"]


def test_roles_that_cannot_be_are_said_and_what_was_chosen_stays(
    access: Running, url: str, context: BrowserContext
) -> None:
    page = her_page(access, url, context, someone(access))
    toggle(page, "Administrator")
    press(page, "Change")
    expect(page.locator("[data-wrong=roles]")).to_contain_text("no other role")
    expect(page.get_by_label("Administrator", exact=True)).to_be_checked()
    expect(page.get_by_label("Caseworker", exact=True)).to_be_checked()


def test_somebody_is_said_to_be_away_and_who_stands_in_waits_for_the_head(
    access: Running, url: str, context: BrowserContext
) -> None:
    away, delegate = someone(access), someone(access)
    page = her_page(access, url, context, away)
    tab_to(page, page.get_by_label("Until", exact=True))
    next_year_in_any_order_of_day_and_month(page)
    press(page, "Save")
    absence = page.locator("[data-absence]")
    expect(absence).to_contain_text("her cases are nobody's in that time")
    press(page, "She is back")
    expect(absence).to_have_count(0)
    tab_to(page, page.get_by_label("Until", exact=True))
    next_year_in_any_order_of_day_and_month(page)
    tab_to(page, page.get_by_label("Who stands in for her", exact=True))
    page.keyboard.type(f"Invented ({delegate.sign_in_name})")
    press(page, "Save")
    expect(page.locator("[data-proposed]")).to_be_visible()
    decide_as_head(access, url, context, "would have her cases and alerts")
    context.clear_cookies()
    page = her_page(access, url, context, away)
    expect(page.locator("[data-absence]")).to_contain_text("stands in for her")


def test_an_absence_that_ends_before_it_begins_is_said_and_stays_typed(
    access: Running, url: str, context: BrowserContext
) -> None:
    page = her_page(access, url, context, someone(access))
    page.get_by_label("Until", exact=True).fill("2026-01-01T10:00")
    press(page, "Save")
    expect(page.locator("[data-refusal]")).to_contain_text("after the beginning")
    expect(page.get_by_label("Until", exact=True)).to_have_value("2026-01-01T10:00")


def test_an_account_that_is_not_there_and_ones_own_have_no_page(
    access: Running, url: str, context: BrowserContext
) -> None:
    administrator = access.person(Role.ADMINISTRATOR)
    page = signed_in(context, url, administrator, "/people")
    theirs = access.person(Role.CASEWORKER, organisation="org-b")
    for account_id in (uuid4(), theirs.account_id, administrator.account_id):
        answer = page.goto(f"{url}/people/{account_id}")
        assert answer is not None and answer.status == 404


def test_the_head_reads_what_was_done_with_accounts_page_by_page_and_nobody_else_does(
    access: Running, url: str, context: BrowserContext
) -> None:
    administrator = access.person(Role.ADMINISTRATOR)
    new = someone(access)
    for _ in range(100):
        access.ask("POST", f"/v1/accounts/{new.account_id}:end-sessions", administrator)
    page = signed_in(context, url, access.person(Role.SUPERVISOR, "organisation"))
    follow(page, "What was done with accounts")
    newest = page.locator("[data-change]").first
    expect(newest).to_contain_text(administrator.name)
    expect(newest).to_contain_text("signed her out everywhere")
    expect(page.locator("[data-change]")).to_have_count(100)
    tab_to(page, page.locator("[data-more]"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/account-changes?before=*")
    expect(page.locator(f"[data-what=invitation_used][data-account='{new.account_id}']")).to_have_count(1)
    context.clear_cookies()
    page = signed_in(context, url, access.person(Role.SUPERVISOR, "area"))
    answer = page.goto(f"{url}/account-changes")
    assert answer is not None and answer.status == 403


def test_a_second_factor_is_set_up_from_a_qr_code_that_the_policy_lets_stand(
    access: Running, url: str, context: BrowserContext
) -> None:
    wanted = {"sign_in_name": f"qr-{uuid4().hex}", "name": "Invented (qr)", "roles": ["evaluator"]}
    made = access.ask("POST", "/v1/accounts", access.person(Role.ADMINISTRATOR), json=wanted).json()
    page = context.new_page()
    stopped: list[str] = []
    page.on("console", lambda said: stopped.append(said.text) if "Content Security Policy" in said.text else None)
    page.goto(f"{url}/invitation")
    type_into(page, "Invitation code", made["invitation"]["code"])
    type_into(page, "A password of your own", PASSWORD)
    type_into(page, "The same password again", PASSWORD)
    press(page, "Set the password")
    picture = page.get_by_role("img", name="QR code with the same secret")
    box = picture.locator("svg").bounding_box()
    assert box is not None and box["width"] == box["height"] >= 150
    page.get_by_label("Code", exact=True).fill("000000")
    page.keyboard.press("Enter")
    expect(page.locator("[data-sign-in-error]")).to_be_visible()
    expect(picture).to_be_visible()
    assert stopped == []
