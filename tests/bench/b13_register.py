"""B13: a register brought in and taken back again, as its page asks for it: casework, the vault, access and a log.

Days in several habits and both digits, a name and a number on every line. The tables are away: they take no part in it.
"""

from __future__ import annotations

import base64
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx

from infra.kafka.ports import free_port
from services.access.demo_people import DemoOrganisation, create_demo_people
from services.access.domain.permissions import Area
from services.runtime.settings import Settings
from tests.bench.parts import Process, folder, fresh_log, running, until
from tests.bench.progress import shown
from tests.bench.report import Measure, at_most
from tests.bench.sizes import patience, sizes

MOST_SECONDS: Final = 60
_HEADINGS: Final = "No,Name,Mobile,Date opened,District,Pathway,Return date"
_DAYS: Final = ("12/03/2025", "১২.৩.২৫", "2025-03-12", "12-Mar-25")
_START_SECONDS: Final = 90
_PARTS: Final = ("access", "casework", "vault")


@dataclass(frozen=True, slots=True)
class _Taken:
    """Seconds by the clock, and of CPU by part. tried: from the upload until it is known what would be recorded."""

    tried: float
    recorded: float
    cpu: dict[str, float]

    @property
    def whole(self) -> float:
        return self.tried + self.recorded


@dataclass(frozen=True, slots=True)
class _House:
    """client: casework's, signed in as the organisation's head. cpu: seconds so far, by part."""

    client: httpx.Client
    caseworker_id: str
    parts: dict[str, Process]

    def cpu(self) -> dict[str, float]:
        return {name: process.used.cpu_seconds for name, process in self.parts.items()}

    def post(self, path: str, body: object) -> Any:
        return self.client.post(f"/v1/imports{path}", json=body).raise_for_status().json()

    def until_it_is(self, import_id: str, stage: str, lines: int, what: str) -> float:
        """Seconds. Raises RuntimeError when not every line went through."""
        told: dict[str, Any] = {}
        with shown(f"B13: {what}") as progress:

            def through() -> bool:
                told.update(self.client.get(f"/v1/imports/{import_id}").raise_for_status().json())
                progress(told["done"], told["total"])
                return bool(told["stage"] == stage)

            seconds = until(through, patience(4 * lines), what, 0.2)
        if (told["done"], told["refused"], told["kept"]) != (lines, 0, 0):
            raise RuntimeError(f"{what}: {told}")
        return seconds


def measure() -> list[Measure]:
    lines = sizes().register_lines
    with folder() as where, _house(where) as house:
        rounds = [_round(house, lines) for _ in range(min(sizes().runs, 3))]
    brought, taken_back = zip(*rounds, strict=True)
    whole = statistics.median(one.whole for one in brought)
    back = statistics.median(one.recorded for one in taken_back)
    return [
        Measure(
            "B13", f"a register of {lines} lines brought in", whole, "s", None, None, *at_most(MOST_SECONDS, whole)
        ),
        Measure("B13", "of it until it was tried", statistics.median(one.tried for one in brought), "s"),
        Measure("B13", "of it CPU of casework", _cpu("casework", brought), "s"),
        Measure("B13", "of it CPU of the vault", _cpu("vault", brought), "s"),
        Measure("B13", "all of it taken back", back, "s", None, None, *at_most(MOST_SECONDS, back)),
        Measure("B13", "of taking back CPU of casework", _cpu("casework", taken_back), "s"),
    ]


def _cpu(part: str, taken: tuple[_Taken, ...]) -> float:
    return statistics.median(one.cpu[part] for one in taken)


def _round(house: _House, lines: int) -> tuple[_Taken, _Taken]:
    """Brought in, and taken back. The same file again is another import once it was taken back."""
    before, began = house.cpu(), time.monotonic()
    told = house.post("", {"content": base64.b64encode(_register(lines)).decode()})
    import_id = told["import_id"]
    asked = {"columns": told["guessed"], "caseworker_id": house.caseworker_id}
    checked = house.post(f"/{import_id}:check", asked)
    if (checked["right"], checked["wrong"]) != (lines, 0):
        raise RuntimeError(f"of {lines} lines {checked['right']} are right")
    tried = time.monotonic() - began
    house.post(f"/{import_id}:start", {})
    recorded = house.until_it_is(import_id, "imported", lines, "bringing in")
    between = house.cpu()
    house.post(f"/{import_id}:undo", {})
    undone = house.until_it_is(import_id, "undone", lines, "taking back")
    return _Taken(tried, recorded, _spent(before, between)), _Taken(0.0, undone, _spent(between, house.cpu()))


def _spent(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {name: after[name] - before[name] for name in before}


def _register(lines: int) -> bytes:
    rows = (f"{n},Invented {n},01712{n:06},{_DAYS[n % 4]},যশোর,পরিবার,১৫/০৩/২০২৫" for n in range(lines))
    return "\n".join([_HEADINGS, *rows]).encode("utf-8-sig")


@contextmanager
def _house(where: Path) -> Iterator[_House]:
    ports = {name: free_port() for name in _PARTS}
    people = create_demo_people(
        Settings(var_dir=where / "var"), [DemoOrganisation("bench", (str(uuid4()),), (Area("jashore", "sharsha"),))]
    )
    head = next(person for person in people if person.stands_for == "organisation")
    with ExitStack() as ends:
        log = ends.enter_context(fresh_log(where))
        environment = {
            **{f"{name.upper()}_PORT": str(port) for name, port in ports.items()},
            "GRPC_PORT": str(free_port()),
            "VAULT_GRPC_PORT": str(free_port()),
            "KAFKA_BOOTSTRAP_SERVERS": log.bootstrap,
            "CLICKHOUSE_URL": "http://127.0.0.1:1",
            "VAR_DIR": str(where / "var"),
        }
        parts = {
            name: ends.enter_context(running(where, f"services.{name}", environment=environment)) for name in _PARTS
        }
        for name, process in parts.items():
            until(partial(_is_ready, process, ports[name]), _START_SECONDS, f"{name} is ready")
        client = ends.enter_context(
            httpx.Client(
                base_url=f"http://127.0.0.1:{ports['casework']}",
                headers={"authorization": f"Bearer {head.token}"},
                timeout=_START_SECONDS,
                trust_env=False,
            )
        )
        yield _House(client, people[0].account_id, parts)


def _is_ready(process: Process, port: int) -> bool:
    """Whether it misses nothing but the tables."""
    process.check()
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False)
    except httpx.TransportError:
        return False
    missing = {error["field"] for error in answer.json().get("errors", [])}
    return answer.status_code == 200 or missing == {"clickhouse"}
