"""Open pages of the running system while a part of it stops: red within a minute on every face, and well again after.

Each holds real 45 seconds of silence; the other ways in which a part stops are in `tests/faults/long/pages_turn_red`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser_fixture import sign_in
from tests.system_fixture import Part, System

RED_WITHIN_SECONDS = 60
WELL_WITHIN_SECONDS = 60
NOTING = """
setInterval(() => {
  const banner = document.querySelector("[data-stale-banner]");
  const isRed = banner !== null && !banner.hidden;
  if (window.isRed !== isRed) [window.isRed, window.redOrWellSince] = [isRed, Date.now()];
}, 200);
"""
How = Callable[[Part], AbstractContextManager[None]]
PAGES = {"supervisor": "/inbox", "caseworker": "/today", "evaluator": "/outcomes"}


@contextmanager
def frozen(part: Part) -> Iterator[None]:
    part.freeze()
    try:
        yield
    finally:
        part.thaw()


@contextmanager
def killed(part: Part) -> Iterator[None]:
    part.kill()
    try:
        yield
    finally:
        part.start()


@contextmanager
def stopped(part: Part) -> Iterator[None]:
    part.stop()
    try:
        yield
    finally:
        part.start()


def shown(page: Page, url: str) -> None:
    """The page with its line: on a busy machine a service may be too slow at first, and the page says that instead."""
    for _ in range(10):
        page.goto(url)
        if page.locator("[data-freshness]").count():
            return
        time.sleep(2)
    raise AssertionError(page.locator("main").inner_text())


@pytest.fixture
def pages(system: System, chromium: Browser) -> Iterator[dict[str, Page]]:
    """One page of each face, open and up to date."""
    people = {"supervisor": system.head, "caseworker": system.anna, "evaluator": system.person("evaluator")}
    with ExitStack() as open_ones:
        found = {}
        for role, path in PAGES.items():
            context = open_ones.enter_context(chromium.new_context(locale="en-GB"))
            context.add_init_script(NOTING)
            found[role] = sign_in(context, system.url, people[role].sign_in_name, people[role].password)
            shown(found[role], system.url + path)
        for page in found.values():
            expect(page.locator("[data-stale-banner]")).to_be_hidden(timeout=60_000)
        yield found


def until_all(pages: dict[str, Page], red: bool, seconds: float) -> dict[str, float]:
    """{role: seconds until its page was red, or well}, by the pages' own account: a busy machine asks them late."""
    began, took = time.time(), dict[str, float]()
    while len(took) < len(pages):
        for role, page in pages.items():
            is_red, since = page.evaluate("[window.isRed, window.redOrWellSince / 1000]")
            if role not in took and is_red is red:
                took[role] = since - began
        missing = {role: page.evaluate("document.body.innerText") for role, page in pages.items() if role not in took}
        assert time.time() - began < 2 * seconds, f"not {'red' if red else 'well'}: {missing}"
        time.sleep(0.25)
    assert max(took.values()) < seconds, f"not {'red' if red else 'well'} within {seconds} s: {took}"
    return took


def red_and_well_again(system: System, pages: dict[str, Page], how: How, name: str) -> None:
    with how(system.parts[name]):
        red = until_all(pages, red=True, seconds=RED_WITHIN_SECONDS)
        for page in pages.values():
            expect(page.locator("[data-freshness]")).to_have_class("freshness stale")
    well = until_all(pages, red=False, seconds=WELL_WITHIN_SECONDS)
    said = ", ".join(f"{role} {red[role]:.0f} s and {well[role]:.0f} s" for role in PAGES)
    print(f"\n{name} {how.__name__}: red and well again after {said}")
    system.wait_ready()
    for page in pages.values():
        expect(page.locator("[data-freshness]")).to_have_class("freshness")


@pytest.fixture(scope="module")
def page_without_script(system: System, chromium: Browser) -> Iterator[Page]:
    """An inbox whose script does not run, just made; it grows old beside what the first test waits for."""
    with chromium.new_context(locale="en-GB", java_script_enabled=False) as context:
        page = sign_in(context, system.url, system.head.sign_in_name, system.head.password)
        expect(page.locator("[data-unwatched]")).to_be_hidden()
        yield page


def test_every_open_page_is_red_within_a_minute_of_a_part_that_stops_and_well_again_after(
    system: System, page_without_script: Page, pages: dict[str, Page]
) -> None:
    red_and_well_again(system, pages, frozen, "neglect_watch")


def test_a_page_whose_script_does_not_run_turns_red_by_itself(page_without_script: Page) -> None:
    expect(page_without_script.locator("[data-unwatched]")).to_be_visible(timeout=RED_WITHIN_SECONDS * 1000)
