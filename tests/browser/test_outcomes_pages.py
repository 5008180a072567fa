"""The evaluator's pages in a real browser, in front of services that give canned answers."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import BrowserContext, expect

from services.web.routes import Part
from tests.browser.canned_answers import a_cell, a_curve, a_curve_line, an_indicator
from tests.browser_fixture import Faces, sign_in

SHARE = ("contacts made", "contacts due")
SHARES = [100.0, 97.5, 95.0, 90.0, 88.0, 88.0, 81.25, 75.0, 70.0, None, None, None, None]
AT_RISK = [40, 39, 38, 36, 30, 29, 26, 20, 4, 0, 0, 0, 0]


def with_numbers(faces: Faces) -> None:
    """An indicator with two groups and four months, a curve with two groups, a pair of assessments."""
    services = faces.services
    services.indicators = [an_indicator("on_time", "On time", "%", SHARE, value=81.25, numerator=130, denominator=160)]
    services.curves = [a_curve("still_in_work", "Still in work", SHARES, AT_RISK)]
    hidden = a_cell(hidden=True, shown="1–2", denominator=3, reason="few")
    services.groups = {
        "on_time": [hidden | {"key": "khulna"}, a_cell(value=90.0, numerator=9, denominator=10) | {"key": None}],
        "still_in_work": [
            a_curve_line(SHARES, AT_RISK, hidden_from=8) | {"key": "jashore"},
            a_curve_line(SHARES, AT_RISK, hidden_from=0) | {"key": None},
        ],
    }
    services.series = [
        {"from": f"2026-0{month}-01T00:00:00.000Z", "to": f"2026-0{month + 1}-01T00:00:00.000Z"} | cell
        for month, cell in enumerate(
            (a_cell(value=80.0, numerator=8, denominator=10), a_cell(), a_cell(value=75.0, numerator=3, denominator=4)),
            1,
        )
    ]
    scale = {"instrument": "who5", "version": "1", "dimension": "social", "after_months": 6}
    services.wellbeing = [scale | {"pairs": 12, "first": 0.4, "later": 0.55, "shown": "+0.15"}]


def test_a_curve_has_its_table_and_its_groups_a_shaded_grid(faces: Faces, context: BrowserContext) -> None:
    with_numbers(faces)
    page = sign_in(context, faces.url, "kamal")
    curve = page.locator("[data-curve=still_in_work]")
    expect(curve.get_by_role("img")).to_be_visible()
    assert curve.locator("path.line").evaluate("line => line.getTotalLength()") > 300
    expect(curve.locator("tr[data-after='6']")).to_contain_text("81.2")
    expect(curve.locator("tr[data-after='9']")).to_have_text("9 mo. – – 0", use_inner_text=True)
    page.get_by_label("Break down by").select_option("district")
    page.get_by_role("button", name="Show").click()
    shades = curve.locator("[data-group=jashore] td[data-after]").evaluate_all(
        "cells => cells.map(cell => getComputedStyle(cell).backgroundColor)"
    )
    assert len(set(shades)) == 3, "two shades, and none where nothing is shown"
    expect(curve.locator("[data-group=jashore] td[data-after='8']")).to_have_text("too few (1–2)")
    expect(curve.locator("[data-group='']")).not_to_contain_text("81.2")
    expect(curve).to_contain_text("not shown: it rests on one or two cases")


def test_an_indicator_by_itself_has_two_break_downs_months_and_files_in_its_address(
    faces: Faces, context: BrowserContext
) -> None:
    with_numbers(faces)
    page = sign_in(context, faces.url, "kamal")
    page.get_by_role("link", name="On time").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("On time")
    expect(page.locator("[data-stretch]")).to_have_count(3)
    expect(page.locator("[data-stretch] td.number").nth(3)).to_have_text("–")
    assert page.locator("[data-series] path.line").get_attribute("d").count("M") == 2, "broken where nothing is known"
    page.get_by_label("Break down by").select_option("district")
    page.get_by_label("And by").select_option("cohort")
    page.get_by_role("button", name="Show").click()
    assert parse_qs(urlsplit(page.url).query)["by"] == ["district", "cohort"]
    expect(page.locator("[data-group='khulna khulna']")).to_contain_text("too few (1–2)")
    for link in ("data-citation", "data-csv", "data-xlsx"):
        asked = parse_qs(urlsplit(page.locator(f"[{link}]").get_attribute("href")).query)
        assert asked["by"] == ["district", "cohort"] and asked["as_of"], "nothing is left open"


def test_a_filter_of_what_is_not_known_is_a_filter_and_not_everybody(faces: Faces, context: BrowserContext) -> None:
    with_numbers(faces)
    page = sign_in(context, faces.url, "kamal")
    page.goto(f"{faces.url}/outcomes/indicators/on_time?only=district&key=-")
    expect(page.locator("[data-period]")).to_contain_text("District: not known")
    assert faces.services.outcomes_asked[-1]["district"] == [""]
    cited = page.locator("[data-citation]").get_attribute("href")
    page.goto(faces.url + cited)
    assert faces.services.outcomes_asked[-1]["district"] == [""]


def test_a_target_is_set_stands_beside_its_value_and_is_taken_away(faces: Faces, context: BrowserContext) -> None:
    with_numbers(faces)
    page = sign_in(context, faces.url, "kamal")
    page.get_by_role("link", name="Targets").click()
    expect(page.get_by_text("No targets have been set.")).to_be_visible()
    page.get_by_label("Indicator").select_option("on_time")
    page.get_by_label("Target", exact=True).fill("ninety")
    page.get_by_label("By", exact=True).fill("2030-12-31")
    page.get_by_role("button", name="Set").click()
    expect(page.locator("[data-refusal]")).to_have_text("Type the target as a number.")
    page.get_by_label("Target", exact=True).fill("-1")
    page.get_by_role("button", name="Set").click()
    expect(page.locator("[data-refusal]")).to_have_text("expected a number from 0 on")
    expect(page.get_by_label("By", exact=True)).to_have_value("2030-12-31")
    page.get_by_label("Target", exact=True).fill("৯০")
    page.get_by_role("button", name="Set").click()
    expect(page.locator("[data-target=on_time]")).to_contain_text("90")
    page.get_by_role("link", name="Outcomes").first.click()
    expect(page.locator("[data-indicator=on_time]")).to_contain_text("target 90 by 31 Dec 2030")
    page.goto(f"{faces.url}/targets")
    page.get_by_role("button", name="Take away").click()
    expect(page.get_by_text("No targets have been set.")).to_be_visible()


def test_wellbeing_is_a_table_of_pairs(faces: Faces, context: BrowserContext) -> None:
    with_numbers(faces)
    page = sign_in(context, faces.url, "kamal")
    expect(page.locator("[data-scale='who5 social 6']")).to_contain_text("0.40")
    expect(page.locator("[data-scale='who5 social 6']")).to_contain_text("+0.15")


def test_what_does_not_answer_is_said_and_nothing_stands_in_its_place(faces: Faces, context: BrowserContext) -> None:
    with_numbers(faces)
    page = sign_in(context, faces.url, "kamal")
    faces.services.away = {Part.OUTCOMES}
    for path in ("/outcomes", "/outcomes/indicators/on_time", "/outcomes/curves/still_in_work"):
        answer = page.goto(faces.url + path)
        assert answer is not None and answer.status == 503
        expect(page.locator("[data-away=outcomes]")).to_be_visible()
        assert page.locator("[data-indicator], [data-curve]").count() == 0


def test_what_is_neither_indicator_nor_curve_has_no_page(faces: Faces, context: BrowserContext) -> None:
    with_numbers(faces)
    page = sign_in(context, faces.url, "kamal")
    for path in ("/outcomes/curves/on_time", "/outcomes/curves/summary", "/outcomes/indicators/..%2Fx"):
        answer = page.goto(faces.url + path)
        assert answer is not None and answer.status == 404, path


def test_the_pages_are_within_their_weight_and_stopped_by_no_policy(faces: Faces, context: BrowserContext) -> None:
    """450 KB over the wire with charts: no script draws them, and the whole page is a fifth of that, uncompressed."""
    with_numbers(faces)
    faces.services.indicators *= 30
    page = sign_in(context, faces.url, "kamal")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes: list[float] = []
    wire.on("Network.loadingFinished", lambda finished: sizes.append(finished["encodedDataLength"]))
    for path in ("/outcomes", "/outcomes/indicators/on_time?by=district", "/outcomes/curves/still_in_work?by=cohort"):
        sizes.clear()
        page.goto(faces.url + path)
        page.wait_for_timeout(500)
        assert 5_000 < sum(sizes) <= 90_000, (path, sizes)
    assert said == []
