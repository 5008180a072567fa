"""The shape of a problem, for documents; `problems` makes them."""

from __future__ import annotations

from pydantic import BaseModel, Field


class FieldProblem(BaseModel):
    """field: a dotted path like data.outcome, "" for the whole."""

    field: str
    message: str


class Problem(BaseModel):
    """RFC 9457 problem details, as application/problem+json."""

    type: str = Field(examples=["urn:reintegration:problem:invalid_event"])
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []
