"""Errors of the application as HTTP problems, one table."""

from __future__ import annotations

from services.alerting.application.errors import (
    AlertEnded,
    AlertingError,
    CaseworkAway,
    InvalidAction,
    NoSuchAlert,
    NoSuchChannel,
    NotPermitted,
    NotReadYet,
    SignInAgain,
    StoreAway,
    TooManyStreams,
    TooSoon,
)
from services.runtime.problems import Problem, not_found, unavailable


def problem_of(error: AlertingError) -> Problem:
    """What a caller is told; the fields that are wrong are in `errors`."""
    match error:
        case NoSuchAlert() | NoSuchChannel():
            return not_found(error.detail)
        case NotPermitted():
            return Problem(403, "Not permitted", error.detail, kind="not_permitted")
        case InvalidAction():
            return Problem(422, "Not valid", error.detail, error.problems, kind="invalid")
        case AlertEnded():
            return Problem(409, "The alert has ended", error.detail, kind="alert_ended")
        case TooManyStreams():
            headers = {"Retry-After": "5"}
            return Problem(429, "Too many streams", error.detail, kind="too_many_streams", headers=headers)
        case TooSoon():
            headers = {"Retry-After": "20"}
            return Problem(429, "Too soon", error.detail, kind="too_soon", headers=headers)
        case SignInAgain():
            headers = {"WWW-Authenticate": 'Bearer realm="reintegration"'}
            return Problem(401, "Not signed in", error.detail, kind="not_signed_in", headers=headers)
        case NotReadYet() | CaseworkAway() | StoreAway():
            return unavailable(error.detail, retry_after_seconds=2)
        case _:
            raise TypeError(f"no problem is declared for {type(error).__name__}")
