"""A supervisor brings in a register: by keyboard alone, in both languages, and she is told what is going on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from services.web.routes import Part
from tests.browser.accessible import violations
from tests.browser.by_keyboard import follow, press, tab_to
from tests.browser.canned_answers import CASEWORKER
from tests.browser.fake_services import FakeServices
from tests.browser.register_house import RegisterHouse
from tests.browser_fixture import Faces, serving, sign_in

REGISTER = """ক্রমিক,নাম,মোবাইল,নিবন্ধনের তারিখ,জেলা,Remarks
১,Hasina Invented,০১৭১২৩৪৫৬৭৮,১২/০৩/২০২৫,যশোর,kept by hand
২,Shirin Invented,01812345678,25-Apr-24,Khulna,
৩,Rokeya Invented,12,31/02/2024,Atlantis,
"""


@pytest.fixture
def house(tmp_path: Path) -> RegisterHouse:
    return RegisterHouse(tmp_path / "imports")


@pytest.fixture
def faces_with_register(house: RegisterHouse) -> Iterator[Faces]:
    with serving(FakeServices(imports=house)) as found:
        yield found
        house.stop()


@pytest.fixture
def page(faces_with_register: Faces, context: BrowserContext) -> Page:
    context.set_default_timeout(20_000)
    signed_in: Page = sign_in(context, faces_with_register.url, "nasrin")
    return signed_in


def the_file(directory: Path, content: str = REGISTER) -> Path:
    path = directory / "register.csv"
    path.write_text(content, encoding="utf-8-sig")
    return path


def upload(page: Page, file: Path) -> None:
    # Asked for before the page is there: it takes a moment until the browser hands its dialogue over.
    page.on("filechooser", lambda chooser: chooser.set_files(file))
    follow(page, "Older register")
    page.wait_for_url("**/import")
    register = page.get_by_label("The register", exact=True)
    tab_to(page, register)
    page.keyboard.press("Enter")
    expect(register).not_to_have_value("")
    press(page, "Read it")
    page.wait_for_url("**/import/*")


def choose(page: Page, label: str, text: str) -> None:
    tab_to(page, page.get_by_label(label, exact=True))
    page.keyboard.type(text)


def test_a_register_is_brought_in_and_undone_by_keyboard_alone(
    page: Page, house: RegisterHouse, tmp_path: Path
) -> None:
    upload(page, the_file(tmp_path))
    expect(page.locator("[data-columns]")).to_have_attribute("data-columns", "6")
    expect(page.get_by_label("নাম", exact=True)).to_have_value("name")
    expect(page.get_by_label("Remarks", exact=True)).to_have_value("")
    choose(page, "Caseworker, where a line names none", "Asha")
    press(page, "Try it, without recording")
    checked = page.locator("[data-right]")
    for name, value in (("data-right", "2"), ("data-wrong-lines", "1"), ("data-ambiguous", "1")):
        expect(checked).to_have_attribute(name, value)
    said = [row.get_attribute("data-what") for row in page.locator("tr[data-line='4']").all()]
    assert said == ["no_day", "no_district", "no_phone"]
    assert house.events == []
    assert violations(page) == []

    press(page, "Record the lines that are right")
    expect(page.locator("[data-waiting]")).to_contain_text("2 cases were brought in. Nobody is told")
    assert [event.type for event in house.events] == ["contact_paused"] * 2 + ["case_opened"] * 2
    assert {event.data.get("caseworker_id") for event in house.events} == {None, CASEWORKER}
    assert sorted(one.phones for one in house.identities.values()) == [("+8801712345678",), ("+8801812345678",)]
    assert violations(page) == []

    tab_to(page, page.get_by_label("Yes, take all of it back"))
    page.keyboard.press("Space")
    press(page, "Undo the whole import")
    expect(page.locator("[data-undone]")).to_have_attribute("data-undone", "2")
    follow(page, "‹ Older register")
    expect(page.locator("[data-import]")).to_have_attribute("data-stage", "undone")


def test_while_it_goes_on_a_bar_says_how_far_and_what_it_waits_for(
    page: Page, house: RegisterHouse, tmp_path: Path
) -> None:
    upload(page, the_file(tmp_path))
    choose(page, "Caseworker, where a line names none", "Asha")
    press(page, "Try it, without recording")
    expect(page.locator("[data-right]")).to_be_visible()
    house.log.away = True
    press(page, "Record the lines that are right")
    expect(page.locator("[data-waits=log]")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_attribute("max", "2")
    page.reload()
    expect(page.locator("[data-waits=log]")).to_be_visible()
    assert violations(page) == []
    house.log.away = False
    expect(page.locator("[data-stage=imported]")).to_be_visible()


def test_who_was_erased_meanwhile_is_told_of_in_both_languages_and_counted_among_nobody(
    page: Page, house: RegisterHouse, faces_with_register: Faces, tmp_path: Path
) -> None:
    house.erases = "+8801812345678"
    upload(page, the_file(tmp_path))
    choose(page, "Caseworker, where a line names none", "Asha")
    press(page, "Try it, without recording")
    press(page, "Record the lines that are right")
    expect(page.locator("[data-waiting]")).to_contain_text("1 case was brought in.")
    expect(page.locator("[data-erased]")).to_have_text(
        "1 case is of somebody who was erased meanwhile: it stays closed, and nothing was kept of who she is."
    )
    assert violations(page) == []
    address = page.url
    page.goto(f"{faces_with_register.url}/language?to=bn&back=/import")
    page.goto(address)
    expect(page.locator("[data-erased]")).to_contain_text("কেস বন্ধই থাকবে")
    assert [one.phones for one in house.identities.values()] == [("+8801712345678",)]


def test_a_file_that_is_no_register_is_refused_in_words_of_both_languages(
    page: Page, faces_with_register: Faces, tmp_path: Path
) -> None:
    for language, words in (("en", "no line below its headings"), ("bn", "শিরোনামের নিচে কোনো লাইন নেই")):
        page.goto(f"{faces_with_register.url}/language?to={language}&back=/import")
        page.locator("input[type=file]").set_input_files(the_file(tmp_path, "Name,Age\n"))
        page.locator("[data-upload] button").click()
        expect(page.locator("[data-refusal]")).to_contain_text(words)
    assert violations(page) == []


def test_while_casework_is_away_no_list_of_imports_stands_there(page: Page, faces_with_register: Faces) -> None:
    faces_with_register.services.away = {Part.CASEWORK}
    page.goto(faces_with_register.url + "/import")
    expect(page.locator("[data-away=casework]")).to_be_visible()
    expect(page.locator("[data-empty], [data-import]")).to_have_count(0)
