"""A question as it stands in a query string."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import QueryParams

from services.casework.domain.instants import parse_day, parse_instant
from services.outcomes.application.asking import Question
from services.outcomes.domain.breakdowns import Breakdown, Dimension
from services.outcomes.domain.periods import CohortLength
from services.runtime.http import Problem

_PLAIN: Final = ("from", "to", "as_of", "cohorts", "every")
_KNOWN: Final = frozenset((*_PLAIN, "by", *Dimension))


def question_of(query: QueryParams) -> Question:
    """Raises Problem 422 naming the parameter. One that is not known is refused: a filter with a slip of the pen in
    its name would otherwise give the number of everybody."""
    for name in query:
        if name not in _KNOWN:
            raise _wrong(name, f"unknown; expected one of {', '.join(sorted(_KNOWN))}")
        if name != "by" and len(query.getlist(name)) > 1:
            raise _wrong(name, "given more than once")
    return Question(_instant(query, "from"), _instant(query, "to"), _instant(query, "as_of"), _breakdown(query))


def every_of(query: QueryParams) -> CohortLength | None:
    """What stretches of time the total is asked for one by one. Raises Problem 422."""
    return _length("every", query["every"]) if "every" in query else None


def _instant(query: QueryParams, name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        return parse_day(text) if len(text) == len("2026-03-12") else parse_instant(text)
    except ValueError:
        raise _wrong(name, "expected a day like 2026-03-12 or an instant like 2026-03-01T09:30:00.000Z") from None


def _breakdown(query: QueryParams) -> Breakdown:
    by = tuple(_dimension(text) for text in query.getlist("by"))
    where = {dimension: query[dimension] for dimension in Dimension if dimension in query}
    try:
        return Breakdown(by, where, _length("cohorts", query.get("cohorts", CohortLength.QUARTER)))
    except ValueError as error:
        raise _wrong("by", str(error)) from None


def _dimension(text: str) -> Dimension:
    try:
        return Dimension(text)
    except ValueError:
        raise _wrong("by", f"expected one of {', '.join(Dimension)}") from None


def _length(name: str, text: str) -> CohortLength:
    try:
        return CohortLength(text)
    except ValueError:
        raise _wrong(name, f"expected one of {', '.join(CohortLength)}") from None


def _wrong(name: str, message: str) -> Problem:
    return Problem(422, "Not valid", "the question cannot be read", [(name, message)], kind="invalid")
