"""Pages of a list that is worked out anew each time: a cursor is the place after the last line that was given."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from services.casework.application.errors import EventRefused
from services.casework.domain.events import FieldProblem

Line = TypeVar("Line")
Place = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Page(Generic[Line]):
    """`next_cursor` is None on the last page."""

    lines: Sequence[Line]
    next_cursor: str | None


def page_of(lines: Sequence[Line], place: Callable[[Line], Place], limit: int, after: Place | None) -> Page[Line]:
    """The lines after a place (None: from the first), of those sorted by theirs. Raises EventRefused for a place in
    another list."""
    if after is not None:
        try:
            lines = [line for line in lines if place(line) > after]
        except TypeError:
            raise unknown_cursor() from None
    given = lines[:limit]
    return Page(given, _written(place(given[-1])) if len(lines) > limit else None)


def place_in(cursor: str) -> Place:
    """The place of the line that was given last. Raises EventRefused for what no list has given."""
    try:
        read = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        raise unknown_cursor() from None
    if not isinstance(read, list):
        raise unknown_cursor()
    return tuple(read)


def unknown_cursor() -> EventRefused:
    sentence = "expected the next_cursor of an earlier page of this list"
    return EventRefused(sentence, (FieldProblem("cursor", sentence),))


def _written(place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")
