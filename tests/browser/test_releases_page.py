"""Releases in a real browser, over their real routes and an invented population: made, looked at, published, read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from services.casework.domain.instants import DAY
from services.outcomes.adapters.interval_solver import tightest_intervals
from services.outcomes.adapters.release_store import SqliteReleases
from services.outcomes.application.releasing import Releases
from services.outcomes.entrypoints.http_releases import create_releases_router
from services.runtime.http import create_service_app
from tests.browser.by_keyboard import enter, follow, press, select, tick
from tests.browser.fake_services import FakeServices
from tests.browser.fake_verifier import FakeVerifier
from tests.browser_fixture import Faces, serving, sign_in
from tests.simulation.invented_populations import invented_population
from tests.unit.services.outcomes.population_tallies import PopulationTallies

POPULATION = invented_population(3, 300, quarters=2)
NOW = POPULATION.quarters[-1].period.end + 30 * DAY


@contextmanager
def released_to(tmp_path: Path) -> Iterator[Faces]:
    """The pages in front of the real routes of releases, over the invented population."""
    tallies = PopulationTallies(POPULATION, NOW)
    releases = Releases(tallies, SqliteReleases(tmp_path / "outcomes"), lambda: bytes(32), tightest_intervals)
    real = create_service_app("outcomes", "outcomes", FakeVerifier(), {})
    real.include_router(create_releases_router(releases, lambda: NOW))
    with serving(FakeServices(releases=real)) as found:
        yield found


@pytest.fixture
def faces(tmp_path: Path) -> Iterator[Faces]:
    with released_to(tmp_path) as found:
        yield found


def made(page: Page, url: str, quarter: str) -> None:
    page.goto(f"{url}/releases")
    page.get_by_label("Quarter").select_option(quarter)
    # A draft takes as long as the machine is busy.
    page.get_by_role("button", name="Make a draft").click(timeout=60_000)
    expect(page.locator("[data-state=draft]")).to_be_visible(timeout=60_000)


def publish(page: Page) -> None:
    page.get_by_label("I have looked at every table.").check()
    page.get_by_role("button", name="Publish").click()
    expect(page.locator("[data-state=published]")).to_be_visible()


def test_a_release_is_made_looked_at_published_and_read_by_keyboard_alone(
    faces: Faces, context: BrowserContext
) -> None:
    page = sign_in(context, faces.url, "kamal")
    follow(page, "Releases")
    expect(page.get_by_text("Nothing has been published yet.")).to_be_visible()
    select(page.get_by_label("Quarter"), "2025-Q4")
    press(page, "Make a draft")
    expect(page.locator("[data-state=draft]")).to_be_visible(timeout=60_000)
    assert "2025-Q4" in page.get_by_role("heading", level=1).inner_text()
    tick(page.get_by_label("I have looked at every table."))
    press(page, "Publish")
    expect(page.locator("[data-state=published]")).to_be_visible()
    assert page.locator("[data-publish]").count() == 0, "it is published once"
    enter(page, page.get_by_role("button", name="Sign out"))
    page = sign_in(context, faces.url, "rina")
    enter(page, page.get_by_role("link", name="Release 1"))
    follow(page, "Report for printing")
    expect(page.locator("[data-report]")).to_be_visible()


def test_a_draft_marks_what_is_hidden_with_why_and_outsiders_see_neither(faces: Faces, context: BrowserContext) -> None:
    page = sign_in(context, faces.url, "kamal")
    made(page, faces.url, "2025-Q4")
    marked = int(page.locator("[data-hidden]").get_attribute("data-hidden") or 0)
    assert page.locator("[data-why]:not([data-why=''])").count() == marked > 50
    expect(page.locator("[data-why=too_few]").first).to_have_text("too few")
    shown = page.locator("[data-shown]:not([data-shown=''])").count()
    publish(page)
    page.get_by_role("button", name="Sign out").click()
    reader = sign_in(context, faces.url, "rina")
    assert reader.url == faces.url + "/releases"
    reader.get_by_role("link", name="Release 1").click()
    expect(reader.locator("[data-state=published]")).to_be_visible()
    assert reader.locator("[data-hidden], [data-why]:not([data-why=''])").count() == 0
    assert reader.locator("[data-shown]:not([data-shown=''])").count() == shown


def test_to_a_reader_a_draft_is_nothing_and_there_is_nothing_to_make(faces: Faces, context: BrowserContext) -> None:
    made(sign_in(context, faces.url, "kamal"), faces.url, "2025-Q4")
    context.clear_cookies()
    page = sign_in(context, faces.url, "rina")
    expect(page.get_by_text("Nothing has been published yet.")).to_be_visible()
    assert page.locator("[data-make]").count() == 0
    answer = page.goto(f"{faces.url}/releases/1")
    assert answer is not None and answer.status == 404


def test_a_draft_that_is_another_by_now_is_shown_and_not_published(faces: Faces, context: BrowserContext) -> None:
    page = sign_in(context, faces.url, "kamal")
    made(page, faces.url, "2025-Q4")
    other = context.new_page()
    made(other, faces.url, "2026-Q1")
    page.get_by_label("I have looked at every table.").check()
    page.get_by_role("button", name="Publish").click()
    expect(page.locator("[data-refusal]")).to_contain_text("not the one that was looked at")
    expect(page.locator("[data-state=draft]")).to_be_visible()
    assert "2026-Q1" in page.get_by_role("heading", level=1).inner_text()


def test_a_quarter_that_cannot_be_released_is_refused_in_words(faces: Faces, context: BrowserContext) -> None:
    page = sign_in(context, faces.url, "kamal")
    made(page, faces.url, "2026-Q1")
    publish(page)
    page.goto(f"{faces.url}/releases")
    expect(page.get_by_text("The last quarter that has passed is published.")).to_be_visible()
    assert page.locator("[data-make]").count() == 0


def test_the_next_release_says_what_has_changed_in_both_languages(faces: Faces, context: BrowserContext) -> None:
    page = sign_in(context, faces.url, "kamal")
    made(page, faces.url, "2025-Q4")
    publish(page)
    made(page, faces.url, "2026-Q1")
    changes = page.locator("[data-changes]")
    assert int(changes.get_attribute("data-changes") or 0) > 5
    changes.get_by_text("What has changed since release 1").click()
    expect(changes.locator("tbody tr").first).to_be_visible()
    page.get_by_role("link", name="বাংলা").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("প্রকাশনা ২")
    expect(page.locator("[data-why=too_few]").first).to_have_text("খুব কম")
