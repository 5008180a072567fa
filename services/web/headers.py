"""The headers every answer carries: nothing from elsewhere runs, nothing is framed, case data is not kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "font-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

ALWAYS: Final = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    # For browsers too old to read frame-ancestors.
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": ", ".join(
        f"{feature}=()"
        for feature in (
            "accelerometer",
            "autoplay",
            "camera",
            "display-capture",
            "geolocation",
            "gyroscope",
            "hid",
            "magnetometer",
            "microphone",
            "midi",
            "payment",
            "serial",
            "usb",
        )
    ),
}


_OF_PAGES: Final = frozenset({"permissions-policy", "x-frame-options", "cross-origin-opener-policy"})
OF_FILES: Final = {name: value for name, value in ALWAYS.items() if name not in _OF_PAGES} | {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'"
}
"""A file is drawn into a page, whose rules hold; by itself it may nothing. There are thirty of them in a first load."""
WORKER: Final = "/static/worker.js"
"""No page's rules hold for it but its own."""

KEPT: Final = "/static/"
"""What is the same for everybody says itself how long it may be kept; nothing else is, whatever a part says."""


def headers_due(path: str) -> Mapping[str, str]:
    return OF_FILES if path.startswith(KEPT) and path != WORKER else ALWAYS


class SecurityHeaders:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                is_file = scope["path"].startswith(KEPT)
                if message["status"] == 304 and is_file:
                    # The browser has them with what it kept; on a phone's line they would weigh more than the answer.
                    await send(message)
                    return
                for name, value in headers_due(scope["path"]).items():
                    headers[name] = value
                if not is_file:
                    headers["cache-control"] = "no-store"
                if scope["scheme"] == "https":
                    headers["strict-transport-security"] = "max-age=31536000"
            await send(message)

        await self._app(scope, receive, send_with_headers)
