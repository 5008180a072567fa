"""Answers of the origin itself, as problem details."""

from __future__ import annotations

from starlette.responses import JSONResponse

from services.runtime.problems import Problem, unavailable
from services.web.routes import Part, Route


def part_away(part: Part) -> JSONResponse:
    """503: the part behind the path did not answer. Nothing was taken that has no receipt."""
    detail = f"the part “{part}” does not answer; what has no receipt is to be sent again with the same event_id"
    return unavailable(detail).to_response()


def not_from_this_origin(why: str) -> JSONResponse:
    return Problem(403, "Not from this origin", why, kind="not_from_this_origin").to_response()


def too_large(route: Route) -> JSONResponse:
    """413, and the connection ends: the rest of the body is left unread."""
    detail = f"a body here may have at most {route.body_bytes} bytes"
    return Problem(413, "Too large", detail, kind="too_large", headers={"Connection": "close"}).to_response()


def cut_off() -> JSONResponse:
    return Problem(400, "Cut off", "the request ended before its body did", kind="cut_off").to_response()


def too_slow() -> JSONResponse:
    detail = "the body did not arrive in time"
    return Problem(408, "Too slow", detail, kind="too_slow", headers={"Connection": "close"}).to_response()


def too_many(seconds: int) -> JSONResponse:
    """429: whoever asks has had her share for now. Nothing was taken."""
    detail = f"try again in {seconds} seconds; what has no receipt is to be sent again with the same event_id"
    headers = {"Retry-After": str(seconds)}
    return Problem(429, "Too many requests", detail, kind="try_later", headers=headers).to_response()


def not_this_host() -> JSONResponse:
    """421: the certificate stands for other names. Neither these nor the one that was asked for are said."""
    detail = "the certificate of this origin does not stand for the host that was asked for"
    return Problem(421, "Misdirected request", detail, kind="not_this_host").to_response()
