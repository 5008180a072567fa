"""access as it runs: a process of its own, asked over HTTP. Fixture: `access`, one for a module."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from infra.kafka.ports import free_port
from services.access.demo_people import DemoOrganisation, DemoPerson, create_demo_people
from services.access.domain.permissions import Area, Role
from services.runtime.settings import Settings
from tests import local_http

RINA = "00000000-0000-4000-8000-00000000000a"
SHANU = "00000000-0000-4000-8000-00000000000b"
OURS = DemoOrganisation("org-a", (RINA, SHANU), (Area("jashore", "sharsha"), Area("jashore", "benapole")))
THEIRS = DemoOrganisation("org-b", ("00000000-0000-4000-8000-00000000000c",), (Area("khulna", "dumuria"),))


@dataclass
class Running:
    settings: Settings
    url: str
    people: list[DemoPerson]

    def person(self, role: Role, stands_for: str = "", organisation: str = "org-a") -> DemoPerson:
        return next(
            p for p in self.people if (p.role, p.stands_for, p.organisation) == (role, stands_for, organisation)
        )

    def ask(self, method: str, path: str, who: DemoPerson | None = None, **request) -> httpx.Response:
        headers = {"authorization": f"Bearer {who.token}"} if who else {}
        return local_http.request(method, self.url + path, headers=headers, timeout=20, **request)


def start(settings: Settings, errors: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "VAR_DIR": str(settings.var_dir),
        "ACCESS_PORT": str(settings.access_port),
        "HOST": "127.0.0.1",
    }
    return subprocess.Popen([sys.executable, "-m", "services.access"], env=environment, stderr=errors)


def wait_ready(url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if local_http.get(f"{url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError("access did not become ready")


@pytest.fixture(scope="module")
def access(tmp_path_factory) -> Iterator[Running]:
    settings = Settings(var_dir=tmp_path_factory.mktemp("var"), access_port=free_port(), access_url="", jwks_url="")
    people = create_demo_people(settings, [OURS, THEIRS])
    process = start(settings)
    try:
        wait_ready(settings.access_url)
        yield Running(settings, settings.access_url, people)
    finally:
        process.terminate()
        assert process.wait(10) == 0
