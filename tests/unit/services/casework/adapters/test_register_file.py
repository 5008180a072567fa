"""A register as a file: what is read, and what is refused with what to do."""

from __future__ import annotations

import io
import zipfile
from datetime import date

import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.casework.adapters.register_file import MOST_BYTES, MOST_ROWS, read_register_file
from services.casework.application.importing.imports import NoRegister, RegisterRefused


def book(*rows: tuple[object, ...]) -> bytes:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    kept = io.BytesIO()
    made.save(kept)
    return kept.getvalue()


A_BOOK = book(("Name", "Age"), ("A", 3))


def why(content: bytes) -> NoRegister:
    with pytest.raises(RegisterRefused) as refused:
        read_register_file(content)
    return refused.value.why


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_csv_is_read_with_each_delimiter_and_encoding(delimiter: str, encoding: str) -> None:
    text = delimiter.join(("নাম", "District")) + "\r\n" + delimiter.join(("ক", '"Jashore\nSadar"')) + "\r\n\r\n"

    assert read_register_file(text.encode(encoding)) == [["নাম", "District"], ["ক", "Jashore\nSadar"]]


def test_an_xlsx_is_read_as_text_with_its_days_and_numbers_as_people_see_them() -> None:
    content = book(("Name", "Opened", "Age", "Serial"), ("A", date(2024, 3, 12), 21, 45363.0), (None, None, None))

    assert read_register_file(content) == [["Name", "Opened", "Age", "Serial"], ["A", "2024-03-12", "21", "45363"]]


def test_a_formula_is_never_worked_out() -> None:
    assert read_register_file(book(("Name", "Age"), ("A", "=1+1"))) == [["Name", "Age"], ["A", ""]]


def test_what_is_no_register_is_refused_by_name() -> None:
    assert why(b"") is NoRegister.NO_LINES
    assert why(b"Name,Age\n") is NoRegister.NO_LINES
    assert why(b"Name\n\xff\xfe\xfa\n") is NoRegister.NO_UTF8
    assert why(b"Name\n\x00\n") is NoRegister.NO_UTF8
    assert why(b"PK\x03\x04 and nothing behind it") is NoRegister.NO_XLSX
    assert why(b"x" * (MOST_BYTES + 1)) is NoRegister.TOO_LARGE
    assert why(b"a\n" * (MOST_ROWS + 2)) is NoRegister.TOO_MANY_LINES
    assert why(b"a,b\n" + b"," * 80 + b"c\n") is NoRegister.TOO_WIDE


def test_a_file_that_unfolds_to_too_much_is_not_unfolded() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (65 * 1024 * 1024))

    assert len(bomb.getvalue()) < 1_000_000
    assert why(bomb.getvalue()) is NoRegister.UNFOLDS


def test_a_file_that_declares_entities_is_refused() -> None:
    source, hostile = zipfile.ZipFile(io.BytesIO(book(("Name",), ("A",)))), io.BytesIO()
    with zipfile.ZipFile(hostile, "w") as archive:
        for part in source.infolist():
            content = source.read(part)
            if part.filename.startswith("xl/worksheets"):
                content = content.replace(b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet', 1)
            archive.writestr(part.filename, content)

    assert why(hostile.getvalue()) is NoRegister.NO_XLSX


@given(st.binary(max_size=300), st.booleans())
def test_whatever_bytes_come_there_are_rows_or_a_refusal(content: bytes, as_archive: bool) -> None:
    try:
        rows = read_register_file(b"PK" + content if as_archive else content)
    except RegisterRefused:
        return
    assert len({len(row) for row in rows}) == 1


@given(st.integers(0, 3000), st.integers(0, 255))
@example(29, 19)
def test_a_spreadsheet_with_a_byte_changed_is_read_or_refused(place: int, byte: int) -> None:
    content = bytearray(A_BOOK)
    content[place % len(content)] = byte
    try:
        read_register_file(bytes(content))
    except RegisterRefused:
        return
