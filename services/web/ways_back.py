"""Where the link to the same page leads, in the other language: to an address that can be asked for again."""

from __future__ import annotations

from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Match, Route

_STANDS_ON: Final = {"/people/{account_id}/{act}": "/people"}
"""Of forms that stand elsewhere than their address says: these do in the list, and an account may be closed."""


def address_of(request: Request) -> str:
    """Path and query of the page that is shown; in answer to a form, of the page that the form stands on."""
    path = request.url.path if request.method in ("GET", "HEAD") else _page_of_form(request)
    return path + (f"?{request.url.query}" if request.url.query else "")


def _page_of_form(request: Request) -> str:
    """A form is sent to its page's own path or below it: what can be read there is the page."""
    app: Starlette = request.app
    routes = [route for route in app.routes if isinstance(route, Route)]
    pages = {route.path for route in routes if "GET" in (route.methods or ())}
    sent_to = next((route.path for route in routes if route.matches(request.scope)[0] is Match.FULL), "/")
    if sent_to in _STANDS_ON:
        return _STANDS_ON[sent_to]
    # Patterns are compared and not paths: below /cases a word that no case has would look like one.
    pattern, path = sent_to.split("/"), request.url.path.split("/")
    longest = (length for length in range(len(pattern), 1, -1) if "/".join(pattern[:length]) in pages)
    return "/".join(path[: next(longest, 0)]) or "/"
