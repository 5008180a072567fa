"""Errors as people and programs read them: RFC 9457 problem details.

{"type", "title", "status", "detail", "errors": [{"field", "message"}]}, application/problem+json
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

MEDIA_TYPE: Final = "application/problem+json"


class Problem(HTTPException):
    """Raise it anywhere under a route; the answer is problem details.

    errors: (field, message) pairs; a field is a dotted path like `data.outcome`.
    kind: a short name like `invalid_event` that makes the `type` a program can branch on.
    headers: sent with the answer, like Retry-After.
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str = "",
        errors: Iterable[tuple[str, str]] = (),
        *,
        kind: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail or title, dict(headers) if headers else None)
        self.title = title
        self.explanation = detail
        self.errors = tuple(errors)
        self.kind = kind

    def to_json(self) -> dict[str, object]:
        return {
            "type": f"urn:reintegration:problem:{self.kind}" if self.kind else "about:blank",
            "title": self.title,
            "status": self.status_code,
            "detail": self.explanation,
            "errors": [{"field": field, "message": message} for field, message in self.errors],
        }

    def to_response(self) -> JSONResponse:
        return JSONResponse(self.to_json(), self.status_code, headers=self.headers, media_type=MEDIA_TYPE)


def problem_of_status(status: int, detail: str = "", headers: Mapping[str, str] | None = None) -> Problem:
    """The problem of a bare HTTP status, for errors that the framework raises."""
    title = HTTPStatus(status).phrase
    return Problem(status, title, "" if detail == title else detail, headers=headers)


def not_found(what: str = "nothing is here under this id") -> Problem:
    """The one answer to what does not exist and to what the asker must not know of: word for word the same."""
    return Problem(404, "Not found", what, kind="not_found")


def unavailable(detail: str, retry_after_seconds: int = 5) -> Problem:
    """Something this answer needs is away; nothing was done, and the same request may be sent again."""
    headers = {"Retry-After": str(retry_after_seconds)}
    return Problem(503, "Not available just now", detail, kind="unavailable", headers=headers)
