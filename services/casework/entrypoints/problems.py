"""Errors of the application as HTTP problems, one table."""

from __future__ import annotations

from typing import Final, assert_never

from services.casework.application.errors import (
    RETRY_AFTER_SECONDS,
    CaseworkError,
    DraftRefused,
    EventRefused,
    NoSuchCase,
    NothingTried,
    NotPermitted,
    Refused,
    TrialRefused,
    Unavailable,
)
from services.runtime.problems import Problem, not_found, unavailable

_TITLES: Final = {
    EventRefused.reason: "Not valid",
    DraftRefused.reason: "Not valid",
    NotPermitted.reason: "Not permitted",
}


def problem_of(error: CaseworkError) -> Problem:
    """What a REST caller is told; the fields that are wrong are in `errors`."""
    match error:
        case NoSuchCase() | NothingTried():
            return not_found(error.detail)
        case TrialRefused():
            return Problem(409, "Not now", error.detail, kind=error.kind)
        case EventRefused() | DraftRefused() | NotPermitted():
            status = 403 if isinstance(error, NotPermitted) else 422
            errors = [(problem.field, problem.message) for problem in error.problems]
            return Problem(status, _TITLES[error.reason], error.detail, errors, kind=error.reason)
        case Unavailable():
            return unavailable(error.detail, RETRY_AFTER_SECONDS)
        case Refused() | CaseworkError():
            raise TypeError(f"no problem is declared for {type(error).__name__}")
        case _:
            assert_never(error)
