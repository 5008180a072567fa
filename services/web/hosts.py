"""Over TLS the origin answers to the names of its certificate and to no other.

A page of somebody else's name that was made to point here finds nothing; whether it lives, everybody may ask.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from services.web.problems import not_this_host

_ANY_HOST: Final = frozenset({"/healthz", "/readyz"})


class Hosts:
    """ASGI middleware. names: hosts and addresses in lower case, `*.` for any one label; None: every name will do."""

    def __init__(self, app: ASGIApp, names: frozenset[str] | None) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._is_ours(scope):
            await self._app(scope, receive, send)
        else:
            await not_this_host()(scope, receive, send)

    def _is_ours(self, scope: Scope) -> bool:
        if self._names is None or scope["type"] != "http" or scope["path"] in _ANY_HOST:
            return True
        return is_named(Request(scope).headers.get("host", ""), self._names)


def is_named(host: str, names: frozenset[str]) -> bool:
    """host: as the header says it, with or without a port; IPv6 in brackets."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    name = name.lower().removesuffix(".")
    return bool(name) and (name in names or f"*.{name.partition('.')[2]}" in names)
