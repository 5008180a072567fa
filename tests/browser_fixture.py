"""A browser, and an origin to show it: `services.web` on loopback in front of services that give canned answers.

Fixtures: `chromium` (one browser for a module), `context` (a fresh profile), `without_script` (one where none runs),
`faces` (the origin and its services).
"""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright
from starlette.applications import Starlette
from starlette.types import ASGIApp

from services.runtime.serve import HttpServer
from services.runtime.tls import Certificate
from services.web.app import create_app
from services.web.bootstrap import new_client
from services.web.routes import Part
from tests.browser import by_keyboard
from tests.browser.canned_answers import PASSWORD
from tests.browser.fake_services import FakeServices
from tests.browser.fake_verifier import FakeVerifier

CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


PATIENCE_SECONDS = 30
"""For what is awaited: a machine may be busy. What never comes fails all the same."""

expect.set_options(timeout=PATIENCE_SECONDS * 1000)


@dataclass
class Faces:
    """The origin at `url`, the fake services behind it."""

    url: str
    services: FakeServices


class Loop:
    """An event loop in a thread of its own, so that synchronous tests can talk to servers."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


@contextmanager
def origin_of(app: Callable[[], ASGIApp], certificate: Certificate | None = None) -> Iterator[str]:
    """The address of an origin, made in the loop it is served in, until the block ends. certificate: for TLS."""
    loop = Loop()

    async def made() -> HttpServer:
        return HttpServer(app(), "127.0.0.1", 0, tls=certificate.for_http() if certificate else None)

    origin = loop.run(made())
    loop.run(origin.start())
    try:
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{origin.port}"
    finally:
        loop.run(origin.stop(1))
        loop.close()


@contextmanager
def serving(
    services: FakeServices, vault: Starlette | None = None, certificate: Certificate | None = None
) -> Iterator[Faces]:
    """The fake services and an origin in front of them, on free ports of loopback, until the block ends.

    vault: a real one, in place of the fake services' own. certificate: that the origin speaks TLS with.
    """
    loop = Loop()
    behind = HttpServer(services.app(vault), "127.0.0.1", 0)
    loop.run(behind.start())
    addresses = dict.fromkeys(Part, f"http://127.0.0.1:{behind.port}")
    names, tls = (certificate.names, certificate.for_http()) if certificate else (None, None)
    app = create_app(addresses, new_client(), FakeVerifier(), names=names)
    origin = HttpServer(app, "127.0.0.1", 0, tls=tls)
    loop.run(origin.start())
    try:
        yield Faces(f"{'https' if certificate else 'http'}://127.0.0.1:{origin.port}", services)
    finally:
        loop.run(origin.stop(1))
        loop.run(behind.stop(1))
        loop.close()


@pytest.fixture
def faces() -> Iterator[Faces]:
    with serving(FakeServices()) as found:
        yield found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium. Missing, the tests fail.

    Not for the whole session: while it lives its event loop counts as running, and asynchronous tests could not run.
    """
    found = shutil.which("chromium")
    assert found is not None, "chromium is needed: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(locale="en-GB", viewport={"width": 1200, "height": 900})
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    yield context
    context.close()


@pytest.fixture
def without_script(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(locale="en-GB", java_script_enabled=False)
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    yield context
    context.close()


def sign_in(context: BrowserContext, url: str, name: str, password: str = PASSWORD) -> Any:
    """A page signed in through the form, as a person does it who has no mouse."""
    page = context.new_page()
    by_keyboard.sign_in(page, url, name, password, onwards="")
    page.wait_for_url(lambda address: "/sign-in" not in address)
    return page
