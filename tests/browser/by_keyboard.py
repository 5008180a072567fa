"""A person at the keyboard: reaches things with Tab, types, presses Enter. Fails where the keyboard does not lead."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Locator, Page, expect

from services.access.demo_people import DemoPerson

MOST_STOPS = 150


def tab_to(page: Page, wanted: Locator) -> None:
    """With the Tab key alone; fails where no number of stops leads there."""
    expect(wanted).to_have_count(1)
    for _ in range(MOST_STOPS):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {wanted}")


def type_into(page: Page, label: str, text: str) -> None:
    tab_to(page, page.get_by_label(label, exact=True))
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def press(page: Page, button: str) -> None:
    tab_to(page, page.get_by_role("main").get_by_role("button", name=button, exact=True))
    page.keyboard.press("Enter")


def follow(page: Page, link: str) -> None:
    """The first of that name, where there are several."""
    tab_to(page, page.get_by_role("link", name=link, exact=True).first)
    page.keyboard.press("Enter")


def enter(page: Page, wanted: Locator) -> None:
    """A link or a button that leads to another page, and the way there."""
    tab_to(page, wanted)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def unfold(wanted: Locator) -> None:
    """A part of the page that opens."""
    tab_to(wanted.page, wanted)
    wanted.page.keyboard.press("Enter")


def tick(box: Locator) -> None:
    tab_to(box.page, box)
    box.page.keyboard.press("Space")


def select(wanted: Locator, begins_with: str) -> None:
    """By the letters its words begin with."""
    tab_to(wanted.page, wanted)
    wanted.page.keyboard.type(begins_with)


def pick(wanted: Locator) -> None:
    """One of a group of radio buttons: Tab leads to the group, the arrow keys within it."""
    is_in_group = "(element, wanted) => element.name === wanted.name && element.form === wanted.form"
    page, goal = wanted.page, wanted.element_handle()
    for _ in range(MOST_STOPS):
        if page.locator(":focus").count() and page.locator(":focus").evaluate(is_in_group, goal):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    for _ in range(MOST_STOPS):
        if wanted.is_checked():
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"the keyboard does not reach {wanted}")


def sign_in(page: Page, url: str, name: str, password: str, onwards: str = "/account") -> None:
    """onwards: where one wanted to go; "" for the person's own page."""
    page.goto(f"{url}/sign-in" + (f"?next={onwards}" if onwards else ""))
    type_into(page, "Name", name)
    type_into(page, "Password", password)
    page.keyboard.press("Enter")


def signed_in(context: BrowserContext, url: str, who: DemoPerson, onwards: str = "/account") -> Page:
    page = context.new_page()
    sign_in(page, url, who.sign_in_name, who.password, onwards)
    page.wait_for_url(url + onwards)
    return page


def next_year_in_any_order_of_day_and_month(page: Page) -> None:
    """Each part of a day and time gets a value by the arrow up; of the third, the year, the next one."""
    for part in range(6):
        page.keyboard.press("ArrowUp")
        if part == 2:
            page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowRight")
