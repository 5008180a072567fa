"""A phone: a Chromium with a profile that outlives it, on a line that can be cut, in front of an origin over https.

with a_phone(directory, faces) as phone:
    page = phone.signed_in("asha")
    phone.go_offline()
    phone.kill()                     # SIGKILL, as an empty battery does it
    page = phone.switched_on()       # the same profile
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import BrowserContext, BrowserType, Page, sync_playwright
from starlette.applications import Starlette

from infra.certificates.keeping import Kept, keep_certificates
from services.runtime.tls import load_certificate
from tests.browser.canned_answers import PASSWORD
from tests.browser.fake_services import FakeServices
from tests.browser_fixture import CHROMIUM_FLAGS, Faces, serving, sign_in
from tests.faults.fault_proxy import FaultProxy, Refuse

NAME = "reintegration.test"
PATIENCE_SECONDS = 60
"""What failed is tried again after pauses that grow, and the machine may be busy."""

WORKER_IS_READY = """async () => {
    const kept = await caches.match("/kept-for");
    return kept !== undefined && navigator.serviceWorker.controller !== null;
}"""


@dataclass
class Phone:
    """url: of the origin as the phone knows it. line: what lies between the two."""

    chromium: BrowserType
    profile: Path
    url: str
    line: FaultProxy
    flags: list[str]
    context: BrowserContext | None = None

    def switched_on(self) -> Page:
        """The browser, with what its profile remembers, at an empty page."""
        self.context = self.chromium.launch_persistent_context(
            self.profile,
            executable_path=shutil.which("chromium"),
            args=self.flags,
            locale="en-GB",
            viewport={"width": 390, "height": 844},
            has_touch=True,
        )
        self.context.set_default_timeout(PATIENCE_SECONDS * 1000)
        return self.context.pages[0]

    @property
    def browser(self) -> BrowserContext:
        assert self.context is not None, "the phone is switched off"
        return self.context

    def signed_in(self, name: str, password: str = PASSWORD) -> Page:
        """A page of hers, when the service worker has what it needs to stand in for the origin."""
        page: Page = sign_in(self.browser, self.url, name, password)
        eventually(lambda: page.evaluate(WORKER_IS_READY))
        return page

    def go_offline(self) -> None:
        """Aeroplane mode: the browser knows of it, and nothing goes through however it asks."""
        self.line.door = Refuse()
        self.line.cut()
        self.browser.set_offline(True)

    def go_online(self) -> None:
        self.line.heal()
        self.browser.set_offline(False)

    def close_pages(self) -> None:
        """All but an empty one: nothing of the origin runs any more."""
        rest = self.browser.new_page()
        for page in self.browser.pages:
            if page is not rest:
                page.close()

    def kill(self) -> None:
        """SIGKILL of every process of this profile."""
        for process in self._processes():
            os.kill(process, signal.SIGKILL)
        eventually(lambda: not self._processes())
        self.context = None

    def _processes(self) -> list[int]:
        """Those alive whose command line names the profile."""
        ours = f"--user-data-dir={self.profile}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and ours in _command_line(entry):
                found.append(int(entry.name))
        return found


def _command_line(process: Path) -> list[bytes]:
    """[] of what is dead or has gone meanwhile."""
    try:
        return (process / "cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def leave_quickly(page: Page) -> None:
    """Shift three times, and again where the machine was too slow for them to count as one."""

    def pressed() -> bool:
        for _ in range(3):
            page.keyboard.press("Shift")
        page.wait_for_timeout(300)
        return page.url.endswith("/blank")

    eventually(pressed)


def eventually(what: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    until = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < until, f"not within {seconds} s"
        time.sleep(0.05)
    return found


@contextmanager
def phone_on(chromium: BrowserType, line: FaultProxy, directory: Path, kept: Kept) -> Iterator[Phone]:
    """Under the name of the certificate, which lives on this machine alone."""
    assert shutil.which("chromium") is not None, "chromium is needed: apt-get install chromium"
    flags = [*CHROMIUM_FLAGS, *trusting(kept)]
    phone = Phone(chromium, directory / "profile", f"https://{NAME}:{line.port}", line, flags)
    phone.switched_on()
    try:
        yield phone
    finally:
        if phone.context is not None:
            phone.context.close()


@contextmanager
def a_phone(directory: Path, vault: Starlette | None = None) -> Iterator[tuple[Phone, Faces]]:
    """In front of canned services. vault: a real one among them."""
    kept = keep_certificates(directory / "certificates", NAME, datetime.now(UTC))
    certificate = load_certificate(kept.chain_file, kept.key_file, datetime.now(UTC))
    with (
        serving(FakeServices(), vault, certificate) as faces,
        FaultProxy(urlsplit(faces.url).port or 0) as line,
        sync_playwright() as playwright,
        phone_on(playwright.chromium, line, directory, kept) as phone,
    ):
        yield phone, faces


def trusting(kept: Kept) -> list[str]:
    """Flags by which the name lives here, and this one key is trusted beside the authorities of the system."""
    leaf = x509.load_pem_x509_certificate(kept.chain_file.read_bytes())
    public = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pinned = base64.b64encode(hashlib.sha256(public).digest()).decode()
    return [f"--host-resolver-rules=MAP {NAME} 127.0.0.1", f"--ignore-certificate-errors-spki-list={pinned}"]
