"""Casework as a process of its own, for tests with a real log."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx

from infra.clickhouse.node import ClickHouseNode
from infra.kafka.ports import free_port
from services.casework.domain.instants import format_instant
from tests import local_http
from tests.tokens import bearer, jwks_document, token_for

ROOT = Path(__file__).parents[2]
ORGANISATION = f"shurjo-{uuid4().hex[:6]}"


@dataclass(slots=True)
class CaseworkProcess:
    """url of REST, address of gRPC; `anna` is an invented caseworker."""

    url: str
    grpc: str
    process: subprocess.Popen[bytes]
    anna: str

    @property
    def headers(self) -> dict[str, str]:
        return bearer("caseworker", ORGANISATION, self.anna)

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {token_for('caseworker', ORGANISATION, self.anna)}"),)

    @property
    def resident_megabytes(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))

    def send(self, raw: object, headers: dict[str, str] | None = None) -> httpx.Response:
        """headers: of somebody else than anna."""
        return local_http.post(f"{self.url}/v1/events", json=raw, headers=headers or self.headers, timeout=30)

    def send_batch(self, raw: object, headers: dict[str, str] | None = None) -> httpx.Response:
        return local_http.post(f"{self.url}/v1/events:batch", json=raw, headers=headers or self.headers, timeout=30)

    def get(self, path: str) -> httpx.Response:
        return local_http.get(f"{self.url}{path}", headers=self.headers, timeout=30)

    def missing_parts(self) -> set[str]:
        answer = local_http.get(f"{self.url}/readyz", timeout=5)
        return {error["field"] for error in answer.json().get("errors", [])}


def await_log(service: CaseworkProcess, *, there: bool, seconds: float = 60) -> None:
    """Until the service says that it reaches the log, or that it does not."""
    deadline = time.monotonic() + seconds
    while ("log" in service.missing_parts()) is there:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@contextmanager
def casework(
    directory: Path,
    bootstrap: str,
    clickhouse: ClickHouseNode | None = None,
    told: Mapping[str, str] | None = None,
) -> Iterator[CaseworkProcess]:
    """Running, with the log read and the policy published; stopped with SIGTERM at the end.

    told: what its environment says beside that.
    """
    port, grpc_port = free_port(), free_port()
    jwks = directory / "jwks.json"
    jwks.write_bytes(jwks_document())
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'proto' / 'gen'}",
        "CASEWORK_PORT": str(port),
        "GRPC_PORT": str(grpc_port),
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "CLICKHOUSE_URL": clickhouse.address if clickhouse else f"http://127.0.0.1:{free_port()}",
        "CLICKHOUSE_USER": clickhouse.user if clickhouse else "nobody",
        "CLICKHOUSE_PASSWORD": clickhouse.password if clickhouse else "none",
        "JWKS_FILE": str(jwks),
        "VAR_DIR": str(directory),
        "POLICY_FILE": str(ROOT / "services/casework/policy/default.toml"),
        **(told or {}),
    }
    log = (directory / "casework.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "services.casework"], cwd=ROOT, env=environment, stdout=log, stderr=log
    )
    service = CaseworkProcess(f"http://127.0.0.1:{port}", f"127.0.0.1:{grpc_port}", process, str(uuid4()))
    try:
        _await_ready(service, set() if clickhouse else {"clickhouse"}, directory / "casework.log")
        yield service
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _await_ready(service: CaseworkProcess, may_miss: set[str], log: Path) -> None:
    deadline = time.monotonic() + 60
    missing: set[str] = set()
    while time.monotonic() < deadline:
        assert service.process.poll() is None, log.read_text()[-3000:]
        try:
            missing = service.missing_parts()
            if missing <= may_miss:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"casework was not ready in time, without {missing}: {log.read_text()[-3000:]}")


def a_call(case_id: str | None = None) -> dict[str, object]:
    return {
        "event_id": str(uuid4()),
        "case_id": case_id or str(uuid4()),
        "type": "call",
        "occurred_at": format_instant(int(time.time() * 1000)),
        "data": {"direction": "outgoing", "outcome": "reached"},
    }


def an_opening(caseworker_id: str, case_id: str | None = None) -> dict[str, object]:
    data = {"source": "police", "pathway": "family", "district": "jashore", "caseworker_id": caseworker_id}
    return {**a_call(case_id), "type": "case_opened", "data": data}
