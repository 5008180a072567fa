"""A register as a file: CSV or XLSX into rows of text. What is no register is refused with what to do.

Nothing in it is worked out: of a formula the value that the program kept beside it counts, or none. A file that says it
unfolds to more than a register of this size could is not unfolded.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Final

from services.casework.application.importing.imports import NoRegister, RegisterRefused

MOST_BYTES: Final = 8 * 1024 * 1024
MOST_ROWS: Final = 25_000
MOST_COLUMNS: Final = 60
MOST_CHARACTERS: Final = 2_000
_MOST_UNFOLDED: Final = 64 * 1024 * 1024
_MOST_PARTS: Final = 500
_DELIMITERS: Final = ",;\t"
# What the libraries raise over bytes that are no such file; they name no error of their own.
_OF_A_BROKEN_FILE: Final = (
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    SyntaxError,
    OSError,
    RuntimeError,
)
_DECLARATIONS: Final = (b"<!DOCTYPE", b"<!ENTITY")


def read_register_file(content: bytes) -> list[list[str]]:
    """Rows of equally many cells, the headings first, without empty rows at the end. Raises RegisterRefused."""
    if len(content) > MOST_BYTES:
        raise RegisterRefused(NoRegister.TOO_LARGE)
    rows = _bounded(_xlsx(content) if content.startswith(b"PK") else _csv(content))
    while rows and not any(rows[-1]):
        rows.pop()
    if len(rows) < 2:
        raise RegisterRefused(NoRegister.NO_LINES)
    width = max(index for row in rows for index, cell in enumerate(row, 1) if cell)
    return [[*row[:width], *[""] * (width - len(row))] for row in rows]


def _bounded(rows: Iterable[Sequence[str]]) -> list[list[str]]:
    """Raises RegisterRefused for more than a register has."""
    found: list[list[str]] = []
    for row in rows:
        cells = [cell.strip() for cell in row]
        if any(cells[MOST_COLUMNS:]) or any(len(cell) > MOST_CHARACTERS for cell in cells):
            raise RegisterRefused(NoRegister.TOO_WIDE)
        if len(found) <= MOST_ROWS:
            found.append(cells[:MOST_COLUMNS])
        elif any(cells):
            raise RegisterRefused(NoRegister.TOO_MANY_LINES)
    return found


def _csv(content: bytes) -> Iterator[Sequence[str]]:
    text = _text(content)
    heading = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=heading.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise RegisterRefused(NoRegister.NO_CSV) from error


def _text(content: bytes) -> str:
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise RegisterRefused(NoRegister.NO_UTF8) from error
    if "\0" in text:
        raise RegisterRefused(NoRegister.NO_UTF8)
    return text


def _xlsx(content: bytes) -> Iterator[Sequence[str]]:
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _require_harmless(archive)
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        # What a sheet says of its own size is not believed: it may be wrong either way.
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        for row in sheet.iter_rows(values_only=True):
            yield [_cell(value) for value in row]
    except (*_OF_A_BROKEN_FILE, InvalidFileException) as error:
        raise RegisterRefused(NoRegister.NO_XLSX) from error


def _require_harmless(archive: zipfile.ZipFile) -> None:
    """Raises RegisterRefused. A part never unfolds to more than the archive says, or reading it fails."""
    parts = archive.infolist()
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _MOST_UNFOLDED:
        raise RegisterRefused(NoRegister.UNFOLDS)
    for part in parts:
        content = archive.read(part) if part.filename.endswith((".xml", ".rels")) else b""
        if any(name in content for name in _DECLARATIONS):
            raise RegisterRefused(NoRegister.NO_XLSX)


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime() | date():
            return value.isoformat()[:10]
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value)
