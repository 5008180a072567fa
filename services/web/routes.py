"""The one table that says which part answers for which path. What is not in it cannot be reached from outside."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

KIB: Final = 1024


class Part(StrEnum):
    """A service behind the origin, by the name people see when it is away."""

    CASEWORK = "casework"
    ALERTING = "alerting"
    OUTCOMES = "outcomes"
    ACCESS = "access"
    VAULT = "vault"


@dataclass(frozen=True, slots=True)
class Route:
    """A path and all below it (`/v1/events`, `/v1/events/…`, `/v1/events:batch`); body_bytes is the largest body."""

    path: str
    part: Part
    body_bytes: int = 256 * KIB


ROUTES: Final = (
    Route("/v1/events:batch", Part.CASEWORK, 2048 * KIB),
    Route("/v1/events", Part.CASEWORK),
    Route("/v1/worklist", Part.CASEWORK),
    Route("/v1/cases", Part.CASEWORK),
    Route("/v1/policy", Part.CASEWORK),
    # A register may be larger, but then it comes through the page, which takes nothing from strangers.
    Route("/v1/imports", Part.CASEWORK),
    Route("/v1/alerts", Part.ALERTING),
    Route("/v1/detector", Part.ALERTING),
    Route("/v1/notifications", Part.ALERTING),
    Route("/v1/outcomes", Part.OUTCOMES),
    Route("/v1/releases", Part.OUTCOMES),
    Route("/v1/targets", Part.OUTCOMES),
    Route("/v1/vault", Part.VAULT),
    Route("/v1/session", Part.ACCESS),
    Route("/v1/sessions", Part.ACCESS),
    Route("/v1/invitation", Part.ACCESS),
    Route("/v1/me", Part.ACCESS),
    Route("/v1/people", Part.ACCESS),
    Route("/v1/accounts", Part.ACCESS),
    Route("/v1/account-changes", Part.ACCESS),
    Route("/v1/lock-outs", Part.ACCESS),
    Route("/v1/proposals", Part.ACCESS),
    Route("/v1/absences", Part.ACCESS),
    Route("/v1/delegates", Part.ACCESS),
    Route("/.well-known/jwks.json", Part.ACCESS),
)


def route_of(path: str) -> Route | None:
    """The route of a decoded path, None when there is none or the path is not plain (`..`, `//`, a backslash)."""
    segments = path.split("/")[1:]
    if not path.startswith("/") or "\\" in path or any(segment in (".", "..") for segment in segments):
        return None
    if "" in segments[:-1]:
        return None
    return next((route for route in ROUTES if _is_below(path, route.path)), None)


def _is_below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith((prefix + "/", prefix + ":"))
