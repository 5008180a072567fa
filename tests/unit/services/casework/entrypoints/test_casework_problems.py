"""Errors as callers read them."""

from __future__ import annotations

import pytest

from services.casework.application.errors import (
    CaseworkError,
    DraftRefused,
    EventRefused,
    HistoryAway,
    LogAway,
    NoSuchCase,
    NothingTried,
    NotPermitted,
    StartingUp,
    TrialRefused,
)
from services.casework.domain.events import FieldProblem
from services.casework.entrypoints.problems import problem_of


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (EventRefused("wrong", [FieldProblem("data.outcome", "required")]), 422, "invalid_event"),
        (NotPermitted("not yours"), 403, "not_permitted"),
        (NoSuchCase(), 404, "not_found"),
        (NothingTried(), 404, "not_found"),
        (DraftRefused("wrong", [FieldProblem("policy.settle", "required")]), 422, "invalid_policy"),
        (TrialRefused("not_tried", "not yet"), 409, "not_tried"),
        (LogAway(), 503, "unavailable"),
        (HistoryAway(), 503, "unavailable"),
        (StartingUp(), 503, "unavailable"),
    ],
)
def test_every_error_has_a_problem(error: CaseworkError, status: int, kind: str) -> None:
    problem = problem_of(error).to_json()

    assert problem["status"] == status
    assert str(problem["type"]).endswith(kind)
    assert problem["detail"] == error.detail


def test_what_may_be_sent_again_says_after_how_long() -> None:
    assert int((problem_of(LogAway()).headers or {})["Retry-After"]) > 0


def test_an_error_nobody_declared_a_problem_for_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="CaseworkError"):
        problem_of(CaseworkError("?"))
