"""Leaving quickly holds with the service worker too: nothing readable is left, with a connection or without one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page, expect

from tests.browser.canned_answers import CASES, a_line
from tests.browser.phone import Phone, a_phone, leave_quickly
from tests.browser_fixture import Faces

CODE = "0C1-ZZE5"
FORM = f"/cases/{CASES[0]}/record?type=call"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[tuple[Phone, Faces]]:
    with a_phone(tmp_path) as found:
        found[1].services.worklist = [a_line(CASES[0], "call_now", "12 days without contact.")]
        yield found


@pytest.fixture
def phone(house: tuple[Phone, Faces]) -> Phone:
    return house[0]


def leave(page: Page) -> None:
    leave_quickly(page)
    assert page.locator("body").inner_text().strip() == ""


def assert_nothing_of_hers(page: Page) -> None:
    shown = page.content()
    assert CODE not in shown and CASES[0] not in page.locator("body").inner_text() and "Asha" not in shown


def back(page: Page) -> None:
    """To what stands before in the history; without a connection that may be no page at all."""
    try:
        page.go_back()
    except Error as error:
        assert "ERR_" in str(error)


def test_without_a_connection_nothing_is_left_to_go_back_to(phone: Phone) -> None:
    page = phone.signed_in("asha")
    page.goto(f"{phone.url}/cases/{CASES[0]}")
    phone.go_offline()
    page.goto(phone.url + FORM)
    expect(page.locator(".code").first).to_have_text(CODE)
    leave(page)
    for _ in range(2):
        back(page)
        assert_nothing_of_hers(page)


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/blank")


@pytest.mark.parametrize("go", [leave, sign_out])
def test_who_went_without_a_connection_is_signed_out_before_anything_is_shown_again(
    phone: Phone, go: Callable[[Page], None]
) -> None:
    page = phone.signed_in("asha")
    phone.go_offline()
    page.goto(phone.url + FORM)
    go(page)
    phone.go_online()
    page.goto(f"{phone.url}/today")
    assert "/sign-in" in page.url
    assert not [cookie for cookie in phone.browser.cookies() if cookie["name"].endswith("session")]


def test_leaving_one_page_leaves_them_all(phone: Phone) -> None:
    page = phone.signed_in("asha")
    other = phone.browser.new_page()
    other.goto(f"{phone.url}/cases/{CASES[0]}")
    leave(page)
    other.wait_for_url("**/blank")
    other.go_back()
    assert_nothing_of_hers(other)
    other.goto(f"{phone.url}/today")
    assert "/sign-in" in other.url
