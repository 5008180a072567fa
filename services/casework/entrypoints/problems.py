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
from services.casework.application.importing.imports import NotNow, RegisterRefused
from services.runtime.problems import Problem, not_found, unavailable

_TITLES: Final = {
    EventRefused.reason: "Not valid",
    RegisterRefused.reason: "Not valid",
    DraftRefused.reason: "Not valid",
    NotPermitted.reason: "Not permitted",
    NotNow.reason: "Not now",
}
_STATUSES: Final = {NotPermitted.reason: 403, NotNow.reason: 409}


def problem_of(error: CaseworkError) -> Problem:
    """What a REST caller is told; the fields that are wrong are in `errors`."""
    match error:
        case NoSuchCase() | NothingTried():
            return not_found(error.detail)
        case TrialRefused():
            return Problem(409, "Not now", error.detail, kind=error.kind)
        case EventRefused() | DraftRefused() | NotPermitted() | RegisterRefused() | NotNow():
            status = _STATUSES.get(error.reason, 422)
            errors = [(problem.field, problem.message) for problem in error.problems]
            kind = f"register_{error.why}" if isinstance(error, RegisterRefused) else error.reason
            return Problem(status, _TITLES[error.reason], error.detail, errors, kind=kind)
        case Unavailable():
            return unavailable(error.detail, RETRY_AFTER_SECONDS)
        case Refused() | CaseworkError():
            raise TypeError(f"no problem is declared for {type(error).__name__}")
        case _:
            assert_never(error)
