"""Tables as a workbook (XLSX), with a sheet that says what they are, of what, and what is not shown."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Final

import xlsxwriter

from services.casework.domain.instants import as_datetime, format_instant
from services.outcomes.application.asking import Asked
from services.outcomes.domain.disclosure import NOTHING_TO_DIVIDE_BY, TOO_FEW_SHOWN, WHY_HIDDEN
from services.outcomes.entrypoints.tables import Entry, Row, Table

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WIDEST: Final = 80


def workbook_of(tables: Sequence[Table], definitions: Sequence[tuple[str, str]], asked: Asked) -> bytes:
    """definitions: (title, definition) of each indicator or curve in the tables."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    # The same question as of the same instant gives the same file.
    book.set_properties({"title": "Outcomes", "created": as_datetime(asked.as_of).replace(tzinfo=None)})
    bold = book.add_format({"bold": True})
    _write(book.add_worksheet("About"), ("", ""), _about(definitions, asked), bold)
    for table in tables:
        _write(book.add_worksheet(table.name), table.head, table.rows, bold)
    book.close()
    return file.getvalue()


def _about(definitions: Sequence[tuple[str, str]], asked: Asked) -> tuple[Row, ...]:
    breakdown = asked.breakdown
    filters = ", ".join(f"{dimension.value} = {key or 'not known'}" for dimension, key in breakdown.where.items())
    return (
        ("Period from", format_instant(asked.period.start)),
        ("Period to (not included)", format_instant(asked.period.end)),
        ("Data as of", format_instant(asked.as_of)),
        ("Broken down by", ", ".join(dimension.value for dimension in breakdown.by) or "nothing"),
        ("Filters", filters or "none"),
        ("Cohorts", f"the calendar {breakdown.cohorts.value} of settling, UTC"),
        (f"Shown as {TOO_FEW_SHOWN}", WHY_HIDDEN),
        (f"Shown as {NOTHING_TO_DIVIDE_BY}", "There is nothing to divide by, or nobody was followed so long."),
        (
            "May it be passed on?",
            "No. It is exact, for the organisation's own evaluators; what may leave is a release.",
        ),
        *definitions,
    )


def _write(sheet: Any, head: Sequence[str], rows: Sequence[Row], bold: Any) -> None:
    """Numbers as numbers, everything else as text that is never read as a formula, a link or a date."""
    for column, title in enumerate(head):
        sheet.write_string(0, column, title, bold)
    for line, row in enumerate(rows, 1):
        for column, entry in enumerate(row):
            _write_entry(sheet, line, column, entry)
    sheet.freeze_panes(1, 0)
    for column in range(len(head)):
        texts = [str(row[column]) for row in rows if row[column] is not None]
        sheet.set_column(column, column, min(_WIDEST, 2 + max(map(len, [head[column], *texts]))))


def _write_entry(sheet: Any, line: int, column: int, entry: Entry) -> None:
    if isinstance(entry, str):
        sheet.write_string(line, column, entry)
    elif entry is not None:
        sheet.write_number(line, column, entry)
