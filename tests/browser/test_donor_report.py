"""The donor report in a real browser: equal to the release it is made from, in both languages, and printed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.accessible import violations
from tests.browser.canned_answers import an_indicator
from tests.browser.test_releases_page import made, publish, released_to
from tests.browser_fixture import Faces, sign_in


@pytest.fixture
def faces(tmp_path: Path) -> Iterator[Faces]:
    with released_to(tmp_path) as found:
        yield found


def published(context: BrowserContext, faces: Faces) -> Page:
    """The page of a reader, with a release she may read."""
    page = sign_in(context, faces.url, "kamal")
    made(page, faces.url, "2025-Q4")
    publish(page)
    context.clear_cookies()
    return sign_in(context, faces.url, "rina")


def numbers_of(release: dict[str, Any]) -> dict[tuple[str, str, str], list[str]]:
    """(indicator, dimension, group) -> what stands there: counted, out of, per cent; "" is not shown."""
    return {
        (table["indicator"], table["dimension"] or "", row["group"] or ""): [
            "" if row[part] is None else str(row[part])
            for part in ("counted", "out_of", "percent")
            if table["dimension"] is None or table["counts"]["out_of"] or part == "counted"
        ]
        for table in release["tables"]
        for row in table["rows"]
    }


def printed_numbers(page: Page) -> dict[tuple[str, str, str], list[str]]:
    read = """rows => rows.map(row => [
        row.dataset.indicator ?? row.closest("table").dataset.indicator,
        row.closest("table").dataset.by ?? "",
        row.dataset.group ?? "",
        [...row.querySelectorAll("td[data-shown]")].map(cell => cell.dataset.shown),
    ])"""
    rows = page.locator("[data-report] tbody tr").evaluate_all(read)
    return {(indicator, by, group): shown for indicator, by, group, shown in rows}


def test_the_report_has_every_number_of_its_release_and_no_other(faces: Faces, context: BrowserContext) -> None:
    page = published(context, faces)
    release = page.request.get(f"{faces.url}/v1/releases/1").json()
    page.goto(f"{faces.url}/releases/1")
    page.get_by_role("link", name="Report for printing").click()
    assert printed_numbers(page) == numbers_of(release)
    assert len(printed_numbers(page)) > 40
    assert page.locator("[data-report]").get_attribute("data-digest") == release["digest"]
    assert release["tables"][0]["definition"] in page.locator("[data-report]").inner_text()
    before = printed_numbers(page)
    page.goto(f"{faces.url}/language?to=bn&back=/releases/1/report")
    assert printed_numbers(page) == before
    expect(page.get_by_role("heading", level=1)).to_have_text("কাজের ফলাফলের প্রতিবেদন")
    assert release["tables"][0]["definition"] not in page.locator("[data-report]").inner_text()


def test_what_an_evaluator_prints_is_what_a_reader_reads(faces: Faces, context: BrowserContext) -> None:
    page = published(context, faces)
    page.goto(f"{faces.url}/releases/1/report")
    read = page.locator("[data-report]").inner_text()
    context.clear_cookies()
    page = sign_in(context, faces.url, "kamal")
    page.goto(f"{faces.url}/releases/1/report")
    assert page.locator("[data-report]").inner_text() == read


def test_beside_an_indicator_stands_what_was_published_and_what_is_known_of_that_quarter(
    faces: Faces, context: BrowserContext
) -> None:
    counts = ("cases in work at the end of the period", "settled cases")
    in_work = an_indicator("in_work", "In work", "%", counts, value=62.5, numerator=5, denominator=8)
    faces.services.indicators = [in_work | {"released_as": "in_work"}]
    page = sign_in(context, faces.url, "kamal")
    page.goto(f"{faces.url}/outcomes/indicators/in_work")
    expect(page.locator("[data-since='']")).to_contain_text("Nothing has been published yet.")
    made(page, faces.url, "2025-Q4")
    publish(page)
    release = page.request.get(f"{faces.url}/v1/releases/1").json()
    faces.services.outcomes_asked.clear()
    page.goto(f"{faces.url}/outcomes")
    page.locator("summary", has_text="Definition").first.click()
    page.get_by_role("link", name="Since the last release").click()
    since = page.locator("[data-since='1']")
    values = since.locator("[data-since-value]").evaluate_all("rows => rows.map(row => row.dataset.sinceValue)")
    assert values == ["then", "now", "here"]
    asked = [one for one in faces.services.outcomes_asked if one.get("from") == [release["period"]["from"]]]
    assert sorted(one.get("as_of", []) for one in asked) == [[], [release["data_as_of"]]]
    total = next(table for table in release["tables"] if table["indicator"] == "in_work")["rows"][0]
    expect(since.locator("[data-published='1']")).to_contain_text(
        f"{total['counted']} of {total['out_of']} survivors ({total['percent']} %)"
    )
    expect(since.locator("[data-definitions]")).to_have_attribute("data-definitions", "same")
    assert violations(page) == []
    page.goto(f"{faces.url}/language?to=bn&back=/releases/1")
    said = page.locator("main").inner_text()
    assert release["tables"][0]["title"] not in said
    assert page.locator("main [lang=en]").count() == 0


def test_a_draft_has_no_report(faces: Faces, context: BrowserContext) -> None:
    page = sign_in(context, faces.url, "kamal")
    made(page, faces.url, "2025-Q4")
    assert page.get_by_role("link", name="Report for printing").count() == 0
    answer = page.goto(f"{faces.url}/releases/1/report")
    assert answer is not None and answer.status == 404


def test_on_paper_there_is_the_report_and_nothing_of_the_screen(faces: Faces, context: BrowserContext) -> None:
    in_work = {"programme": None, "indicator": "in_work", "title": "In work", "unit": "%", "value": 90.0}
    beside = {"by": "2030-12-31", "released_as": "in_work", "released_part": "percent"}
    faces.services.targets = [in_work | beside]
    page = published(context, faces)
    page.goto(f"{faces.url}/releases/1/report")
    page.emulate_media(media="print")
    assert page.get_by_role("navigation").is_hidden()
    assert page.locator(".acts").first.is_hidden()
    running = page.locator(".running")
    expect(running).to_contain_text("2025-Q4 · Made from release 1")
    displayed = running.evaluate("line => getComputedStyle(line).display + ' ' + getComputedStyle(line).breakInside")
    assert displayed == "table-header-group avoid", "what Chromium prints on every sheet again"
    page.set_viewport_size({"width": 680, "height": 960})
    broken = """cells => cells.filter(cell => {
        const text = document.createRange();
        text.selectNodeContents(cell);
        return new Set([...text.getClientRects()].map(line => Math.round(line.top))).size > 1;
    }).map(cell => cell.textContent)"""
    assert page.locator("[data-report] th.number, [data-report] td[data-shown]").evaluate_all(broken) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 680, "nothing is cut at the edge of the paper"
    assert len(page.pdf(prefer_css_page_size=True)) > 20_000
