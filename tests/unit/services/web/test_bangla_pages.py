"""On a Bangla page every word is Bangla, also what outcomes says in English; so are the evaluator's files."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import httpx
import pytest

from services.casework.domain.instants import parse_day
from services.outcomes.application.asking import MOST_SLICES
from services.outcomes.domain.breakdowns import Breakdown, Dimension
from services.outcomes.domain.curves import CURVES
from services.outcomes.domain.disclosure import WHY_HIDDEN, WHY_TOO_FEW
from services.outcomes.domain.indicators import INDICATORS
from services.outcomes.domain.periods import Period
from services.outcomes.domain.publication.quarters import Quarter
from services.outcomes.domain.targets import Target
from services.outcomes.entrypoints.answers import indicator_to_json
from services.outcomes.entrypoints.curve_answers import curve_to_json
from services.web.app import create_app
from services.web.catalogue import Language, words_of
from services.web.routes import Part
from tests.browser.canned_answers import a_cell, a_curve_line
from tests.browser.fake_services import FakeServices
from tests.browser.fake_verifier import FakeVerifier

BANGLA = words_of(Language.BANGLA)
SHARES, AT_RISK = [100.0, 90.0, 80.0, None], [9, 8, 3, 0]
PAGES = (
    "/outcomes",
    "/outcomes?by=district",
    "/outcomes/indicators/contacted_on_time?by=district",
    "/outcomes/indicators/median_wage?only=pathway&key=family",
    "/outcomes/indicators/in_work?from=2026-02-01&to=2026-01-01",
    "/outcomes/curves/still_in_work?by=pathway",
    "/targets",
    "/releases",
)
NAMES = re.compile(r"Notebook|English|CSV|XLSX|HTCDS|Kamal Invented|Shift|jashore|2026-Q1|log|who5|[0-9a-f]{64}")
"""What is no word of a language: names, codes, what a filter takes as it is written, and a formula's sign."""


class Visible(HTMLParser):
    """The words somebody sees or hears of a page, but for those that say that they are in English."""

    UNSEEN = frozenset({"script", "style", "code", "title"})
    EMPTY = frozenset({"meta", "link", "input", "img", "br", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.in_english: list[str] = []
        self._open: list[tuple[str, bool, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        _, is_unseen, is_english = self._open[-1] if self._open else ("", False, False)
        is_unseen = is_unseen or tag in self.UNSEEN
        is_english = is_english or told.get("lang") == "en"
        self.said += [told[name] or "" for name in ("title", "aria-label", "alt", "placeholder") if told.get(name)]
        if tag not in self.EMPTY:
            self._open.append((tag, is_unseen, is_english))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            continue

    def handle_data(self, data: str) -> None:
        _, is_unseen, is_english = self._open[-1] if self._open else ("", False, False)
        if data.strip() and not is_unseen:
            (self.in_english if is_english else self.said).append(data.strip())


def services_with_everything() -> FakeServices:
    """Every indicator and curve there is, as the service tells it, with a hidden group."""
    services = FakeServices()
    share = a_cell(value=81.25, numerator=130, denominator=160)
    services.indicators = [indicator_to_json(one) | share for one in INDICATORS.values()]
    services.curves = [curve_to_json(one) | {"total": a_curve_line(SHARES, AT_RISK)} for one in CURVES.values()]
    hidden = a_cell(hidden=True, shown="1–2", denominator=3, reason=WHY_HIDDEN)
    services.groups = {
        **{name: [hidden | {"key": "khulna"}, share | {"key": None}] for name in INDICATORS},
        **{name: [a_curve_line(SHARES, AT_RISK, hidden_from=2) | {"key": None}] for name in CURVES},
    }
    services.series = [{"from": "2026-01-01T00:00:00.000Z", "to": "2026-02-01T00:00:00.000Z"} | share]
    services.targets = [
        {"programme": None, "indicator": "in_work", "title": "In work", "unit": "%", "value": 90.0, "by": "2030-12-31"}
        | {"released_as": "in_work", "released_part": "percent"}
    ]
    return services


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    behind = httpx.AsyncClient(transport=httpx.ASGITransport(app=services_with_everything().app()))
    app = create_app(dict.fromkeys(Part, "http://behind.example"), behind, FakeVerifier())
    cookies = {"session": "kamal", "language": "bn"}
    transport = httpx.ASGITransport(app=app)
    async with behind, httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", cookies=cookies) as found:
        yield found


@pytest.mark.parametrize("path", PAGES)
async def test_no_english_is_left_on_a_bangla_page(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(path)
    assert answer.status_code in (200, 422)
    seen = Visible()
    seen.feed(answer.text)
    assert [words for words in seen.in_english if words != "English"] == []
    assert [words for words in seen.said if re.search("[A-Za-z]{2}", NAMES.sub("", words))] == []
    assert any("\u0980" <= letter <= "\u09ff" for letter in "".join(seen.said))


async def test_a_sentence_nobody_translated_is_shown_and_marked_as_english(browser: httpx.AsyncClient) -> None:
    seen = Visible()
    seen.feed('<p lang="en">not <b>translated</b></p><p>কথা</p>')
    assert (seen.in_english, seen.said) == (["not", "translated"], ["কথা"])


def test_everything_outcomes_says_of_an_indicator_or_curve_has_its_bangla() -> None:
    said = [WHY_HIDDEN, WHY_TOO_FEW.format(needed=5)]
    for one in INDICATORS.values():
        said += [one.title, one.definition, one.unit, one.numerator, one.denominator or one.title]
    for curve in CURVES.values():
        said += [curve.title, curve.definition, curve.started]
    assert [sentence for sentence in said if not BANGLA.has_told(sentence)] == []
    assert len({BANGLA.told(one.title) for one in INDICATORS.values()}) == len(INDICATORS)


@pytest.mark.parametrize(
    "refuse",
    [
        lambda: Period(2, 1),
        lambda: Breakdown((Dimension.DISTRICT, Dimension.DISTRICT)),
        lambda: Breakdown((Dimension.DISTRICT, Dimension.COHORT), {Dimension.PATHWAY: "family"}),
        lambda: parse_day("yesterday"),
        lambda: Quarter.parse("2026"),
        lambda: Target("A programme", "in_work", 1, "2026-01-01"),
        lambda: Target("", "no_such", 1, "2026-01-01"),
        lambda: Target("", "in_work", -1, "2026-01-01"),
    ],
)
def test_what_outcomes_refuses_is_said_in_bangla(refuse) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError) as refused:
        refuse()
    assert BANGLA.has_told(str(refused.value)), refused.value


@pytest.mark.parametrize(
    ("said", "in_bangla"),
    [
        (f"at most {MOST_SLICES} at once: choose a shorter period, or quarters", "৩৬"),
        ("the quarters up to 2026-Q1 are released", "২০২৬-Q১"),
        ("release 12 is published", "১২"),
        ("2026-Q1 can be released when the data goes a day beyond its end", "২০২৬-Q১"),
    ],
)
def test_what_stands_in_a_sentence_is_kept_in_its_translation(said: str, in_bangla: str) -> None:
    assert in_bangla in BANGLA.told(said) and BANGLA.told(said) != said
    assert words_of(Language.ENGLISH).told(said) == said


async def test_a_file_of_a_bangla_page_is_bangla_and_has_the_numbers_as_numbers(browser: httpx.AsyncClient) -> None:
    table = (await browser.get("/outcomes/files/summary.csv?by=district")).content.decode("utf-8-sig")
    assert re.findall("[A-Za-z]{3,}", table) == []
    assert ",81.25,130,160," in table
    book = await browser.get("/outcomes/files/in_work.xlsx?every=month")
    with zipfile.ZipFile(io.BytesIO(book.content)) as parts:
        texts = parts.read("xl/sharedStrings.xml").decode()
        names = re.findall(r'<sheet name="([^"]+)"', parts.read("xl/workbook.xml").decode())
    assert BANGLA.told(INDICATORS["in_work"].definition) in texts
    assert names == [BANGLA("files.about"), BANGLA("files.indicators"), BANGLA("outcomes.over_time")]
    assert re.findall("[A-Za-z]{3,}", re.sub("<[^>]*>", " ", texts)) == []


async def test_what_is_no_file_has_no_page(browser: httpx.AsyncClient) -> None:
    for name in ("in_work.pdf", "in_work", "no_such.csv", "..%2fx.csv"):
        assert (await browser.get(f"/outcomes/files/{name}")).status_code == 404, name
