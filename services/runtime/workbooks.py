"""Tables as a workbook (XLSX) or as CSV: numbers are numbers, and a text is never a formula, a link or a date."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import xlsxwriter

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Entry = str | int | float | None
Row = tuple[Entry, ...]

_WIDEST: Final = 60
_NARROWEST: Final = 8
_A4: Final = 9
_LINE_POINTS: Final = 15
_NUMBER: Final = {"align": "right", "indent": 1}
"""A number is not written up to the next column, whose words begin there."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """name: at most 31 characters, what stands on its tab. None is an empty field. is_prose: sentences, which wrap."""

    name: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    is_prose: bool = False

    def to_csv(self) -> str:
        """Texts are names, codes and fixed sentences, so that no field can be taken for a formula."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(self.head)
        writer.writerows(self.rows)
        return text.getvalue()


def workbook_of(title: str, made_at: datetime, sheets: Sequence[Sheet]) -> bytes:
    """made_at: an instant of what is in it, without a time zone; so the same tables give the same file.

    It prints on A4, as wide as the paper, with the heads of its columns on every page.
    """
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    book.set_properties({"title": title, "created": made_at})
    formats = _Formats(book)
    for sheet in sheets:
        _write(book.add_worksheet(sheet.name), sheet, formats)
    book.close()
    return file.getvalue()


class _Formats:
    def __init__(self, book: Any) -> None:
        head = {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1}
        self.head = book.add_format(head)
        self.number_head = book.add_format(head | _NUMBER)
        self.name = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self.prose = book.add_format({"text_wrap": True, "valign": "top"})
        self.whole = book.add_format(_NUMBER | {"num_format": "#,##0", "valign": "top"})
        self.broken = book.add_format(_NUMBER | {"num_format": "#,##0.0#", "valign": "top"})


def _write(page: Any, sheet: Sheet, formats: _Formats) -> None:
    widths = _widths(sheet)
    for column, title in enumerate(sheet.head):
        page.write_string(0, column, title, formats.number_head if _is_of_numbers(sheet, column) else formats.head)
    for line, row in enumerate(sheet.rows, 1):
        # Said, because not every program makes room by itself for what wraps.
        page.set_row(line, _LINE_POINTS * max(map(_lines, row, widths)))
        for column, entry in enumerate(row):
            _write_entry(page, (line, column), entry, formats, is_name=sheet.is_prose and column == 0)
    for column, width in enumerate(widths):
        page.set_column(column, column, width)
    _set_paper(page, sheet)


def _write_entry(page: Any, place: tuple[int, int], entry: Entry, formats: _Formats, *, is_name: bool) -> None:
    match entry:
        case str():
            page.write_string(*place, entry, formats.name if is_name else formats.prose)
        case int():
            page.write_number(*place, entry, formats.whole)
        case float():
            page.write_number(*place, entry, formats.broken)
        case None:
            pass


def _is_of_numbers(sheet: Sheet, column: int) -> bool:
    return any(isinstance(row[column], int | float) for row in sheet.rows)


def _lines(entry: Entry, width: int) -> int:
    """How many it takes at that width; words do not fill a line to its end."""
    length = len(_text(entry))
    return 1 if length <= width else math.ceil(1.1 * length / width)


def _widths(sheet: Sheet) -> list[int]:
    """In characters: as wide as what stands there, within bounds; what is longer wraps."""
    texts = ([head, *(_text(row[column]) for row in sheet.rows)] for column, head in enumerate(sheet.head))
    return [max(_NARROWEST, min(_WIDEST, 2 + max(map(len, found)))) for found in texts]


def _text(entry: Entry) -> str:
    return "" if entry is None else f"{entry:,.2f}" if isinstance(entry, float) else str(entry)


def _set_paper(page: Any, sheet: Sheet) -> None:
    page.freeze_panes(1, 0)
    page.repeat_rows(0)
    page.set_paper(_A4)
    page.fit_to_pages(1, 0)
    page.set_footer("&L&A&R&P / &N")
    if not sheet.is_prose:
        page.set_landscape()
