"""Coming in, signing in, waiting, being away and inviting: done by a person in the browser, by keyboard alone.

The origin and a real access; the parts about cases are not there, and these pages ask for none of them.
"""

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
    sign_in,
    signed_in,
    tab_to,
    type_into,
)
from tests.browser_fixture import origin_of
from tests.new_staff import PASSWORD, NewStaff, code_now, new_staff


@pytest.fixture(scope="module")
def url(access: Running) -> Iterator[str]:
    addresses = dict.fromkeys(Part, access.url)
    with origin_of(lambda: create_app(addresses, new_client(), verifier_from_settings(access.settings))) as found:
        yield found


def someone(access: Running, *roles: str) -> NewStaff:
    return new_staff(
        access.ask, access.person(Role.ADMINISTRATOR), f"by.keys-{uuid4().hex}", *(roles or ("caseworker",))
    )


def test_an_administrator_invites_and_the_invited_one_comes_in_with_her_own_password_and_a_second_factor(
    access: Running, url: str, context: BrowserContext
) -> None:
    page = signed_in(context, url, access.person(Role.ADMINISTRATOR), "/people")
    name = f"invited-{uuid4().hex}"
    tab_to(page, page.locator("[data-invite] > summary"))
    page.keyboard.press("Enter")
    type_into(page, "Name", "Nobody Invented")
    type_into(page, "Sign-in name", name)
    tab_to(page, page.get_by_label("Evaluator", exact=True))
    page.keyboard.press("Space")
    press(page, "Invite")
    code = page.locator("[data-invitation-code]").get_attribute("data-invitation-code")
    assert code is not None and code not in page.url
    follow(page, "Done")
    expect(page.locator("tr", has_text=name).locator("[data-invited-until]")).to_have_count(1)

    context.clear_cookies()
    page.goto(f"{url}/sign-in")
    follow(page, "I have an invitation")
    type_into(page, "Invitation code", code.lower().replace("-", " "))
    type_into(page, "A password of your own", PASSWORD)
    type_into(page, "The same password again", PASSWORD)
    press(page, "Set the password")
    secret = page.locator("[data-secret]").get_attribute("data-secret")
    assert secret is not None
    expect(page.get_by_label("Code", exact=True)).to_be_focused()
    first_code = code_now(secret)
    page.keyboard.type(first_code)
    page.keyboard.press("Enter")
    shown = page.locator("[data-recovery-codes] li")
    expect(shown).to_have_count(10)
    codes = shown.all_text_contents()
    page.goto(f"{url}/account")
    expect(page.locator("[data-session]")).to_have_count(1)
    expect(page.locator("[data-session]")).to_contain_text("Chrome, Linux")

    press_in_corner(page, "Sign out")
    page.wait_for_url("**/sign-in")
    sign_in(page, url, name, PASSWORD)
    expect(page.locator("[data-second-factor=asked]")).to_be_visible()
    page.keyboard.type(first_code)
    page.keyboard.press("Enter")
    expect(page.locator("[data-sign-in-error]")).to_contain_text("wrong or was used already")
    type_into(page, "Code", codes[0].lower())
    page.keyboard.press("Enter")
    page.wait_for_url(f"{url}/account")


def press_in_corner(page: Page, button: str) -> None:
    tab_to(page, page.get_by_role("button", name=button, exact=True))
    page.keyboard.press("Enter")


def test_an_invitation_that_is_none_and_passwords_that_differ_are_said(url: str, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"{url}/invitation")
    for again, said in (("another password", "not the same"), (PASSWORD, "cannot be used")):
        type_into(page, "Invitation code", f"none {uuid4().hex}")
        type_into(page, "A password of your own", PASSWORD)
        type_into(page, "The same password again", again)
        page.keyboard.press("Enter")
        expect(page.locator("[data-sign-in-error]")).to_contain_text(said)


def test_who_typed_wrong_too_often_waits_until_her_supervisor_lets_her_try_again(
    access: Running, url: str, context: BrowserContext
) -> None:
    new = someone(access)
    page = context.new_page()
    error = page.locator("[data-sign-in-error]")
    # However slow the machine is: the waits double, and soon one is longer than typing takes.
    for _ in range(12):
        sign_in(page, url, new.sign_in_name, "wrong")
        error.wait_for()
        if "Too many" in error.inner_text():
            break
    expect(error).to_contain_text("Too many attempts")
    supervisor = signed_in(context, url, access.person(Role.SUPERVISOR, "area"))
    follow(supervisor, "Waiting after wrong attempts")
    line = supervisor.locator(f"[data-account='{new.account_id}']")
    expect(line).to_contain_text("wrong attempts")
    tab_to(supervisor, line.get_by_role("button"))
    supervisor.keyboard.press("Enter")
    expect(line).to_have_count(0)
    context.clear_cookies()
    sign_in(page, url, new.sign_in_name, new.password)
    expect(page.locator("[data-second-factor=asked]")).to_be_visible()


def test_who_goes_away_names_who_stands_in_and_comes_back(access: Running, url: str, context: BrowserContext) -> None:
    people = [p for p in access.people if p.role is Role.CASEWORKER and p.organisation == "org-a"]
    away, delegate = people[0], people[1]
    page = signed_in(context, url, away)
    tab_to(page, page.get_by_label("Until", exact=True))
    next_year_in_any_order_of_day_and_month(page)
    tab_to(page, page.get_by_label("Who stands in for you", exact=True))
    page.keyboard.type(delegate.name)
    press(page, "Save")
    absence = page.locator("[data-absence]")
    expect(absence).to_contain_text(f"{delegate.name} stands in for you.")
    context.clear_cookies()
    other = signed_in(context, url, delegate)
    expect(other.locator("[data-absence]")).to_contain_text(f"You stand in for {away.name}")
    context.clear_cookies()
    page = signed_in(context, url, away)
    press(page, "I am back")
    expect(page.locator("[data-absence]")).to_have_count(0)


def test_an_absence_that_ends_before_it_begins_keeps_what_was_typed(
    access: Running, url: str, context: BrowserContext
) -> None:
    page = signed_in(context, url, access.person(Role.SUPERVISOR, "organisation"))
    page.get_by_label("Until", exact=True).fill("2026-01-01T10:00")
    press(page, "Save")
    expect(page.locator("[data-refusal]")).to_contain_text("after the beginning")
    expect(page.get_by_label("Until", exact=True)).to_have_value("2026-01-01T10:00")


def test_a_session_is_ended_from_another_device(access: Running, url: str, context: BrowserContext) -> None:
    who = access.person(Role.EVALUATOR)
    elsewhere = {"name": who.sign_in_name, "password": who.password, "device": "A lost phone"}
    lost = access.ask("POST", "/v1/session", json=elsewhere).json()
    page = signed_in(context, url, who)
    press(page, "End: A lost phone")
    expect(page.locator("[data-session]", has_text="A lost phone")).to_have_count(0)
    assert access.ask("POST", "/v1/session:refresh", json={"refresh_token": lost["refresh_token"]}).status_code == 401


def test_an_administrator_lets_somebody_try_again_signs_her_out_invites_her_again_and_closes_her_account(
    access: Running, url: str, context: BrowserContext
) -> None:
    new = someone(access)
    wrong = {"name": new.sign_in_name, "password": "wrong"}
    assert 429 in (access.ask("POST", "/v1/session", json=wrong).status_code for _ in range(12))
    page = signed_in(context, url, access.person(Role.ADMINISTRATOR), "/people")
    row = page.locator(f"tr[data-account='{new.account_id}']")
    tab_to(page, row.locator("[data-waits] + form button"))
    page.keyboard.press("Enter")
    expect(row.locator("[data-waits]")).to_have_count(0)

    def do(action: str) -> None:
        tab_to(page, row.locator("summary"))
        page.keyboard.press("Enter")
        tab_to(page, row.get_by_role("button", name=action))
        page.keyboard.press("Enter")

    do("Sign out everywhere")
    expect(row.locator("summary")).to_have_count(1)
    do("Invite again")
    page.locator("[data-proposed] [data-half]").wait_for()
    follow(page, "Done")
    expect(page.locator("[data-waiting]")).to_have_count(1)
    do("Withdraw the invitation")
    expect(page.locator("[data-waiting]")).to_have_count(0)
    do("Close the account")
    expect(row).to_contain_text("closed")
    assert access.ask("POST", "/v1/session", json={"name": new.sign_in_name, "password": PASSWORD}).status_code == 401


def test_who_lost_her_way_in_comes_back_by_two_halves_that_two_people_gave_her(
    access: Running, url: str, context: BrowserContext
) -> None:
    new = someone(access)
    page = signed_in(context, url, access.person(Role.ADMINISTRATOR), "/people")
    row = page.locator(f"tr[data-account='{new.account_id}']")
    tab_to(page, row.locator("summary"))
    page.keyboard.press("Enter")
    tab_to(page, row.get_by_role("button", name="Invite again"))
    page.keyboard.press("Enter")
    first = page.locator("[data-half]").get_attribute("data-half")
    follow(page, "Done")
    follow(page, "One thing waits for a second person")
    line = page.locator("[data-proposal]")
    expect(line).to_contain_text("somebody else confirms it")
    expect(line.get_by_role("button", name="Confirm")).to_have_count(0)

    context.clear_cookies()
    page = signed_in(context, url, access.person(Role.SUPERVISOR, "area"))
    follow(page, "Waiting for a second person")
    tab_to(page, page.locator("[data-proposal]").get_by_role("button", name="Confirm"))
    page.keyboard.press("Enter")
    second = page.locator("[data-confirmed] [data-half]").get_attribute("data-half")
    follow(page, "Done")
    expect(page.get_by_text("Nothing waits for a second person.")).to_be_visible()

    context.clear_cookies()
    page.goto(f"{url}/invitation")
    assert first is not None and second is not None
    for code in (first, f"{first} {second}"):
        type_into(page, "Invitation code", code)
        type_into(page, "A password of your own", PASSWORD)
        type_into(page, "The same password again", PASSWORD)
        press(page, "Set the password")
        if code == first:
            expect(page.locator("[data-sign-in-error]")).to_contain_text("cannot be used")
    expect(page.locator("[data-second-factor=set-up]")).to_be_visible()


def test_an_account_that_cannot_be_says_why_beside_the_field(
    access: Running, url: str, context: BrowserContext
) -> None:
    page = signed_in(context, url, access.person(Role.ADMINISTRATOR), "/people")
    tab_to(page, page.locator("[data-invite] > summary"))
    page.keyboard.press("Enter")
    type_into(page, "Name", "Nobody Invented")
    type_into(page, "Sign-in name", "x!")
    for role in ("Caseworker", "Administrator"):
        tab_to(page, page.get_by_label(role, exact=True))
        page.keyboard.press("Space")
    press(page, "Invite")
    expect(page.locator("[data-wrong=sign_in_name]")).to_be_visible()
    expect(page.locator("[data-wrong=roles]")).to_contain_text("no other role")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Nobody Invented")
    expect(page.get_by_label("Administrator", exact=True)).to_be_checked()


def test_the_pages_speak_bangla_and_write_the_digits_that_somebody_wants(
    access: Running, url: str, context: BrowserContext
) -> None:
    page = signed_in(context, url, access.person(Role.CASEWORKER))
    follow(page, "বাংলা")
    expect(page.get_by_role("heading", level=1)).to_have_text("আমার অ্যাকাউন্ট")
    digits = page.locator("[data-numerals]")
    expect(digits).to_have_attribute("data-numerals", "bn")
    tab_to(page, digits.get_by_role("link"))
    page.keyboard.press("Enter")
    expect(digits).to_have_attribute("data-numerals", "en")
    page.goto(f"{url}/invitation")
    expect(page.get_by_role("heading", level=1)).to_have_text("আমন্ত্রণে প্রবেশ")
