"""What a device is called in the list of sessions: the browser and the system it says it is, and nothing finer."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request

# Each browser says that it is also those before it: the first that fits is the one.
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("SamsungBrowser", "Samsung Internet"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("Chrome", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def device_of(request: Request) -> str:
    """Like `Firefox, Android`; "" when it says nothing that is known."""
    said = request.headers.get("user-agent", "")
    found = (next((name for mark, name in known if mark in said), "") for known in (_BROWSERS, _SYSTEMS))
    return ", ".join(filter(None, found))
