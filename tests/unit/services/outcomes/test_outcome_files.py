"""CSV and XLSX: numbers are numbers, texts are texts, and a sheet says what it all is."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ElementTree
import zipfile

from services.outcomes.application.asking import Asked
from services.outcomes.domain.breakdowns import Breakdown, Dimension
from services.outcomes.domain.periods import Period
from services.outcomes.entrypoints.workbook import workbook_of
from services.outcomes.ports import DataState
from services.runtime.workbooks import Sheet
from tests.unit.services.outcomes.case_stories import day

NAMESPACE = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
ASKED = Asked(
    Period(day("2026-01-01"), day("2026-04-01")),
    day("2026-05-01"),
    Breakdown((Dimension.DISTRICT,), {Dimension.PATHWAY: "family"}),
    DataState(None, None, None),
)
HOSTILE = ("=1+1", "+1", "-1", "@SUM(A1)", "http://example.org", "{=A1}", "001", "2026-01-01")
TABLE = Sheet("Indicators", ("group", "value"), (*((text, 1.5) for text in HOSTILE), ("jashore", 3), (None, None)))


def sheets(book: bytes) -> dict[str, list[list[tuple[str, str]]]]:
    """name -> rows of (type, what stands there): "s" is a text, "n" a number."""
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        texts = ["".join(part.itertext()) for part in ElementTree.fromstring(parts.read("xl/sharedStrings.xml"))]
        names = re.findall(r'<sheet name="([^"]+)"', parts.read("xl/workbook.xml").decode())
        found = {}
        for number, name in enumerate(names, 1):
            root = ElementTree.fromstring(parts.read(f"xl/worksheets/sheet{number}.xml"))
            assert root.find(".//x:f", NAMESPACE) is None, "a formula"
            assert root.find(".//x:hyperlink", NAMESPACE) is None, "a link"
            found[name] = [[_entry(cell, texts) for cell in row] for row in root.iterfind(".//x:row", NAMESPACE)]
    return found


def _entry(cell: ElementTree.Element, texts: list[str]) -> tuple[str, str]:
    value = cell.findtext("x:v", "", NAMESPACE)
    return ("s", texts[int(value)]) if cell.get("t") == "s" else ("n", value)


def test_numbers_are_numbers_and_a_text_is_never_a_formula_a_link_or_a_date() -> None:
    rows = sheets(workbook_of([TABLE], (), ASKED))["Indicators"]
    assert rows[0] == [("s", "group"), ("s", "value")]
    assert rows[1 : 1 + len(HOSTILE)] == [[("s", text), ("n", "1.5")] for text in HOSTILE]
    assert rows[1 + len(HOSTILE)] == [("s", "jashore"), ("n", "3")]


def test_the_first_sheet_says_what_it_is_of_what_is_hidden_and_how_it_is_defined() -> None:
    found = sheets(workbook_of([TABLE], (("In work", "Of the settled cases …"),), ASKED))
    assert list(found) == ["About", "Indicators"]
    about = {row[0][1]: row[1][1] for row in found["About"] if len(row) == 2}
    assert about["Period from"] == "2026-01-01T00:00:00.000Z"
    assert about["Data as of"] == "2026-05-01T00:00:00.000Z"
    assert about["Broken down by"] == "district"
    assert about["Filters"] == "pathway = family"
    assert "one or two cases" in about["Shown as 1–2"]
    assert about["In work"] == "Of the settled cases …"


def test_the_same_question_gives_the_same_file() -> None:
    assert workbook_of([TABLE], (), ASKED) == workbook_of([TABLE], (), ASKED)


def test_a_sheet_is_readable_on_paper_and_on_the_screen() -> None:
    long = "not shown: it rests on one or two cases, so that it could be about one person, and more words besides"
    table = Sheet("Indicators", ("A district", "value", "remark"), (("Chapainawabganj", 1_234_567, long),))
    with zipfile.ZipFile(io.BytesIO(workbook_of([table], (), ASKED))) as parts:
        page = ElementTree.fromstring(parts.read("xl/worksheets/sheet2.xml"))
        book = parts.read("xl/workbook.xml").decode()
    widths = [float(column.get("width", "0")) for column in page.iterfind(".//x:col", NAMESPACE)]
    words = [("A", "district", "Chapainawabganj"), ("value", "1,234,567"), ("remark", *long.split())]
    assert all(width > max(map(len, said)) for width, said in zip(widths, words, strict=True))
    row = page.findall(".//x:row", NAMESPACE)[1]
    assert float(row.get("ht", "0")) / 15 >= len(long) / widths[2], "lower than what wraps in it"
    setup, footer = page.find("x:pageSetup", NAMESPACE), page.findtext("x:headerFooter/x:oddFooter", "", NAMESPACE)
    assert setup is not None and (setup.get("orientation"), setup.get("paperSize")) == ("landscape", "9")
    assert (setup.get("fitToWidth", "1"), setup.get("fitToHeight")) == ("1", "0")
    assert "Indicators!$1:$1" in book, "the heads of columns, on every page"
    assert footer == "&L&A&R&P / &N"
