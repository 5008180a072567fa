"""JSON as strict as a durable log needs it: what two readers could read differently is refused."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import Final

MAX_DEPTH: Final = 20

# An unterminated string matches to its end, so that no quote is tried twice: time grows with the length only.
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_MOST: Final = 2**63


class InvalidJson(ValueError):
    """The body is not JSON as it is read here; the message is fit for whoever sent it."""


def strict_json(body: bytes, max_depth: int = MAX_DEPTH) -> object:
    """The value a JSON text states.

    Raises InvalidJson for bad UTF-8, broken syntax, NaN and Infinity, a name twice in an object, nesting deeper
    than `max_depth`, whole numbers beyond 64 bits, numbers beyond a double, and halves of surrogate pairs.
    """
    _check_depth(body, max_depth)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidJson(f"the body is not UTF-8: byte {error.start} cannot be read") from None
    try:
        value: object = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise InvalidJson(f"the body is not JSON: line {error.lineno}, column {error.colno}: {error.msg}") from None
    if _SURROGATE.search(body):
        _check_characters(value)
    return value


def _check_depth(body: bytes, max_depth: int) -> None:
    """Refuse deep nesting before the parser, which recurses, sees it."""
    brackets = _STRING.sub(b"", body).translate(None, _NOT_BRACKETS)
    depth = 0
    for bracket in brackets:
        depth += 1 if bracket in b"[{" else -1
        if depth > max_depth:
            raise InvalidJson(f"the body is nested deeper than {max_depth} levels")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # One walk: whoever sends hundreds of thousands of names has not even shown a token yet.
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, times in counts.items() if times > 1)
        raise InvalidJson(f"the name {twice[:60]!r} stands twice in one object")
    return found


def _refuse_constant(text: str) -> object:
    raise InvalidJson(f"{text} is no number in JSON")


def _whole(text: str) -> int:
    if len(text) > 20 or not -_MOST <= int(text) < _MOST:
        raise InvalidJson("a whole number is beyond 64 bits")
    return int(text)


def _fraction(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise InvalidJson("a number is too big")
    return number


# Made once: `json.loads` would make one for every body.
_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_refuse_constant, parse_int=_whole, parse_float=_fraction
)


def _check_characters(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InvalidJson("a string holds half of a surrogate pair") from None
