"""Reading a statement just far enough to judge it: its words, and where an INSERT's rows begin.

The engine has a parser of its own. To make sure that both see the same code, whatever could be read in two ways
(nested comments, heredocs, typographic quotes, ``#`` comments, characters outside ASCII beyond quotes) is refused.
Text is Latin-1, so that an index into it is an index into the bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from infra.clickhouse.errors import SYNTAX_ERROR, EndpointError


class Kind(Enum):
    WORD = "word"
    QUOTED = "quoted identifier"
    STRING = "string"
    NUMBER = "number"
    SIGN = "sign"


@dataclass(frozen=True, slots=True)
class Token:
    kind: Kind
    text: str  # of a quoted identifier, what is between the quotes
    start: int
    end: int

    @property
    def keyword(self) -> str:
        """In capitals, empty unless it is a bare word."""
        return self.text.upper() if self.kind is Kind.WORD else ""

    @property
    def is_name(self) -> bool:
        return self.kind in {Kind.WORD, Kind.QUOTED}


@dataclass(frozen=True, slots=True)
class InsertHead:
    """``sql`` up to the word FORMAT, the format of the rows, and the index of their first byte."""

    sql: str
    rows_format: str
    rows_start: int


_TOKEN = re.compile(
    r"""
    (?P<skip>[ \t\r\n\f\v]+|--[^\n]*|/\*(?P<comment>.*?)\*/)
  | (?P<bits>[xXbB]'(?P<digits>[^']*)')
  | '(?P<string>(?:[^'\\]|\\.|'')*)'
  | `(?P<backticked>(?:[^`\\]|\\.|``)*)`
  | "(?P<doublequoted>(?:[^"\\]|\\.|"")*)"
  | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<number>[0-9][A-Za-z0-9_]*)
  | (?P<sign>[!%&()*+,\-.:;<=>?@\[\]^{|}~]|/(?!\*))
    """,
    re.VERBOSE | re.DOTALL,
)


def tokens_of(text: str) -> Iterator[Token]:
    """The tokens in order, without comments. Raises EndpointError (62) at what it does not read."""
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise EndpointError(SYNTAX_ERROR, f"Syntax error: cannot read the statement at byte {at}")
        at = found.end()
        if found["skip"] is not None:
            if "/*" in (found["comment"] or ""):
                raise EndpointError(SYNTAX_ERROR, "Syntax error: a comment inside a comment is refused")
            continue
        yield _token(found)


def _token(found: re.Match[str]) -> Token:
    start, end = found.span()
    for group, kind in (("word", Kind.WORD), ("sign", Kind.SIGN), ("number", Kind.NUMBER), ("string", Kind.STRING)):
        if (part := found[group]) is not None:
            return Token(kind, part, start, end)
    if found["bits"] is not None:
        if not re.fullmatch("[0-9A-Fa-f]*", found["digits"]):
            raise EndpointError(SYNTAX_ERROR, "Syntax error: a hexadecimal string may hold digits only")
        return Token(Kind.STRING, found["digits"], start, end)
    for group in ("backticked", "doublequoted"):
        if (part := found[group]) is not None:
            if "\\" in part:
                raise EndpointError(SYNTAX_ERROR, "Syntax error: a quoted name may not hold a backslash")
            return Token(Kind.QUOTED, part, start, end)
    raise AssertionError("the expression names every kind of token")


_BEFORE_ROWS = re.compile(r"[ \t]*;?[ \t]*(?:\r?\n)?")


def insert_head(text: str) -> InsertHead | None:
    """Where the rows begin, if ``text`` opens an INSERT that carries rows; None for anything else.

    ``text`` may be the beginning of a long body: nothing after the word that opens the rows is read.
    """
    depth = 0
    previous: Token | None = None
    for number, token in enumerate(tokens_of(text)):
        if number == 0 and token.keyword != "INSERT":
            return None
        if token.kind is Kind.SIGN:
            depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth == 0 and number > 1:
            if token.keyword in {"SELECT", "WITH", "FROM"}:
                return None
            if token.keyword == "VALUES":
                return InsertHead(text[: token.start], "Values", token.end)
            if previous is not None and previous.keyword == "FORMAT" and token.kind is Kind.WORD:
                gap = _BEFORE_ROWS.match(text, token.end)
                return InsertHead(text[: previous.start], token.text, gap.end() if gap else token.end)
        previous = token
    return None
