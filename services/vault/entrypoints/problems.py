"""Errors of the vault as HTTP problems and gRPC codes, one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import grpc

from services.runtime.problems import Problem, not_found, unavailable
from services.vault.application.errors import (
    Away,
    BudgetSpent,
    Erased,
    NoSuchCase,
    NotPermitted,
    OtherContent,
    OutsideWindow,
    Unreadable,
    VaultError,
)
from services.vault.domain.identity import InvalidIdentity

_TABLE: Final[Mapping[type[VaultError], tuple[int, str, str, grpc.StatusCode]]] = {
    NotPermitted: (403, "Not permitted", "not_permitted", grpc.StatusCode.PERMISSION_DENIED),
    OutsideWindow: (403, "Not at this hour", "outside_window", grpc.StatusCode.FAILED_PRECONDITION),
    BudgetSpent: (429, "Too many cases today", "budget_spent", grpc.StatusCode.RESOURCE_EXHAUSTED),
    OtherContent: (409, "Kept already", "other_content", grpc.StatusCode.ALREADY_EXISTS),
    Erased: (410, "Erased", "erased", grpc.StatusCode.FAILED_PRECONDITION),
}

ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    404: {"description": "No such case, or not one of hers, which looks the same"},
    409: {"description": "Kept already, with other content"},
    410: {"description": "Erased"},
}
"""How every route of the vault may refuse beside what all services do, for the OpenAPI document."""


def problem_of(error: VaultError | InvalidIdentity) -> Problem:
    """What a REST caller is told."""
    if isinstance(error, InvalidIdentity):
        return Problem(422, "Not valid", "some fields are wrong", error.problems, kind="invalid")
    if isinstance(error, NoSuchCase):
        return not_found()
    if isinstance(error, Away | Unreadable):
        return unavailable(str(error))
    status, title, kind, _ = _TABLE[type(error)]
    # The budget is whole again at midnight; a phone asks once an hour at most.
    headers = {"Retry-After": "3600"} if status == 429 else None
    return Problem(status, title, str(error), kind=kind, headers=headers)


def code_of(error: VaultError | InvalidIdentity) -> grpc.StatusCode:
    if isinstance(error, InvalidIdentity):
        return grpc.StatusCode.INVALID_ARGUMENT
    if isinstance(error, NoSuchCase):
        return grpc.StatusCode.NOT_FOUND
    return grpc.StatusCode.UNAVAILABLE if isinstance(error, Away | Unreadable) else _TABLE[type(error)][3]
