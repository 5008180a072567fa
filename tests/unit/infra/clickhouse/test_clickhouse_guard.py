from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.clickhouse.errors import EndpointError
from infra.clickhouse.guard import Verb, judge
from infra.clickhouse.statement import insert_head, tokens_of


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        ("SELECT 1", Verb.SELECT),
        ("  -- why\n /* what */ with 1 AS a select a", Verb.SELECT),
        ("(SELECT 1) UNION ALL (SELECT 2)", Verb.SELECT),
        ("SHOW TABLES", Verb.READ),
        ("explain SELECT 1", Verb.READ),
        ("SET max_threads = 1", Verb.SESSION),
        ("INSERT INTO t SELECT 1", Verb.INSERT),
        ("ALTER TABLE t DELETE WHERE a = 1", Verb.WRITE),
    ],
)
def test_a_statement_is_known_by_its_first_word(text: str, verb: Verb) -> None:
    assert judge(text).verb is verb


@pytest.mark.parametrize(
    ("text", "body", "output_format"),
    [
        ("SELECT 1 FORMAT CSV", "SELECT 1 \n", "CSV"),
        ("SELECT 1 format Native;", "SELECT 1 \n", "Native"),
        ("SELECT 1 FORMAT CSV SETTINGS max_threads = 1", "SELECT 1 \nSETTINGS max_threads = 1", "CSV"),
        ("SELECT format('{}', 1)", "SELECT format('{}', 1)", None),
        ("SELECT 'FORMAT CSV'", "SELECT 'FORMAT CSV'", None),
        ("SELECT 1;", "SELECT 1", None),
    ],
)
def test_the_format_at_the_end_is_cut_off_and_no_other(text: str, body: str, output_format: str | None) -> None:
    judgement = judge(text)
    assert (judgement.body, judgement.output_format) == (body, output_format)


@pytest.mark.parametrize(
    "text", ["", "  ;", "-- only a comment", "SELECT 1; SELECT 2", "SELECT 'open", "SELECT /* open"]
)
def test_what_is_not_one_whole_statement_is_no_statement(text: str) -> None:
    with pytest.raises(EndpointError) as caught:
        judge(text)
    assert caught.value.code == 62


@given(st.text(alphabet="abc'\"`\\; ()/*-\n", max_size=40))
def test_whatever_stands_in_a_string_is_only_a_string(words: str) -> None:
    escaped = words.replace("\\", "\\\\").replace("'", "\\'")
    tokens = list(tokens_of(f"SELECT '{escaped}', 1"))
    assert [token.text for token in tokens] == ["SELECT", escaped, ",", "1"]


@given(
    st.sampled_from(["file", "FILE", "`file`", '"url"', "s3", "remote"]),
    st.sampled_from(["", " ", "\n", "/* x */", "-- y\n", "\t/* ' */ "]),
    st.sampled_from(["'it''s', ", "'\\'', ", "`a'b`, ", "/* ' */ ", "-- '\n", "x'00', ", ""]),
)
def test_a_refused_function_is_seen_whatever_stands_around_it(name: str, gap: str, before: str) -> None:
    with pytest.raises(EndpointError, match="the function"):
        judge(f"SELECT {before}{name}{gap}('/etc/passwd')")


@pytest.mark.parametrize(
    ("text", "sql", "rows_format", "rows"),
    [
        ("INSERT INTO t FORMAT Native\n\x00\x01", "INSERT INTO t ", "Native", "\x00\x01"),
        ("insert into d.t (a, `b)`) format CSV\r\n1,2", "insert into d.t (a, `b)`) ", "CSV", "1,2"),
        ("INSERT INTO t (format) VALUES (1)", "INSERT INTO t (format) ", "Values", " (1)"),
        (
            "INSERT INTO t SETTINGS a = 'FORMAT CSV' FORMAT TSV \n\n",
            "INSERT INTO t SETTINGS a = 'FORMAT CSV' ",
            "TSV",
            "\n",
        ),
    ],
)
def test_an_insert_says_where_its_rows_begin(text: str, sql: str, rows_format: str, rows: str) -> None:
    head = insert_head(text)
    assert head is not None
    assert (head.sql, head.rows_format, text[head.rows_start :]) == (sql, rows_format, rows)


@pytest.mark.parametrize("text", ["SELECT 1", "INSERT INTO t SELECT 1", "INSERT INTO t WITH 1 AS a SELECT a", ""])
def test_what_carries_no_rows_has_no_beginning_of_rows(text: str) -> None:
    assert insert_head(text) is None
