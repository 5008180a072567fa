"""The pages of a demonstration that runs, over https: an origin of the test's own in front of its parts.

The demonstration itself speaks no TLS, because nothing of it leaves the machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import BrowserType, Page
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.certificates.keeping import keep_certificates
from services.runtime.settings import Settings
from services.runtime.tls import load_certificate
from services.web.bootstrap import app_from
from tests.browser.phone import NAME, Phone, phone_on
from tests.browser_fixture import origin_of
from tests.demo_fixture import DemoSystem
from tests.faults.fault_proxy import FaultProxy


@dataclass
class Losing:
    """An origin whose first answer to an event is lost on the line: it was recorded, and the phone is never told.

    status: of that answer, None before there was one.
    """

    line: FaultProxy | None = None
    status: int | None = None
    app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def lose_the_first(message: Message) -> None:
            if message["type"] == "http.response.start" and self.line and self.status is None:
                self.status = message["status"]
                await asyncio.to_thread(self.line.cut)
            await send(message)

        assert self.app is not None
        of_events = scope["type"] == "http" and scope["path"] == "/unsent/events"
        await self.app(scope, receive, lose_the_first if of_events else send)


@dataclass
class PhoneOfDemo:
    phone: Phone
    origin: Losing
    system: DemoSystem

    def signed_in(self) -> Page:
        person = self.system.people["caseworker"]
        return self.phone.signed_in(person.name, person.password)


@contextmanager
def phone_of_demo(system: DemoSystem, chromium: BrowserType, directory: Path) -> Iterator[PhoneOfDemo]:
    kept = keep_certificates(directory / "certificates", NAME, datetime.now(UTC))
    certificate = load_certificate(kept.chain_file, kept.key_file, datetime.now(UTC))
    told = {name.lower(): value for name, value in system.command.environment.items()}
    settings = Settings(**{name: value for name, value in told.items() if name in Settings.model_fields})
    losing = Losing()

    def made() -> ASGIApp:
        losing.app = app_from(settings, certificate)
        return losing

    with (
        origin_of(made, certificate) as url,
        FaultProxy(urlsplit(url).port or 0) as line,
        phone_on(chromium, line, directory, kept) as phone,
    ):
        losing.line = line
        yield PhoneOfDemo(phone, losing, system)
