"""A ClickHouse endpoint as a process of its own, for tests and the demo: it dies with whoever started it."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Final
from urllib.parse import quote

from infra.clickhouse.parent import PARENT
from infra.kafka.ports import free_port

_ROOT: Final = Path(__file__).resolve().parents[2]


class NodeFailed(Exception):
    """The process ended or did not answer in time; the sentence carries the end of its log."""


class ClickHouseNode:
    """One endpoint on one directory. ``kill`` is kill -9; what was acknowledged is there after ``restart``.

    As a context manager it starts, waits until it answers, and stops. users: a directory with the passwords of those
    who may do less than `user`, who owns it.
    """

    def __init__(
        self,
        directory: Path,
        port: int | None = None,
        user: str = "default",
        password: str | None = None,
        environment: Mapping[str, str] | None = None,
        users: Path | None = None,
    ) -> None:
        self.directory = directory
        self.port = port or free_port()
        self.user = user
        self.password = password or secrets.token_urlsafe(18)
        self.users = users
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """With user and password, as ``clickhouse_connect.get_client(dsn=...)`` and CLICKHOUSE_URL take it."""
        return f"http://{quote(self.user, safe='')}:{quote(self.password, safe='')}@127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        """Without user and password."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log_path(self) -> Path:
        return self.directory.with_name(self.directory.name + ".log")

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> ClickHouseNode:
        if self.is_running:
            raise NodeFailed("The endpoint is running already")
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "infra.clickhouse", "--path", str(self.directory), "--port", str(self.port)]
        if self.users is not None:
            command += ["--users", str(self.users)]
        environment = {
            **os.environ,
            **self._environment,
            PARENT: str(os.getpid()),
            "CLICKHOUSE_USER": self.user,
            "CLICKHOUSE_PASSWORD": self.password,
            "PYTHONPATH": os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH")))),
        }
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def wait_ready(self, timeout_seconds: float = 30.0) -> ClickHouseNode:
        """Returns when ``/ping`` answers. Raises NodeFailed when it ends or takes too long."""
        deadline = time.monotonic() + timeout_seconds
        while not self._answers():
            if not self.is_running:
                raise NodeFailed(f"The endpoint ended with {self._exit_code()}: {self._log_end()}")
            if time.monotonic() > deadline:
                raise NodeFailed(f"The endpoint did not answer within {timeout_seconds} s: {self._log_end()}")
            time.sleep(0.05)
        return self

    def stop(self, timeout_seconds: float = 20.0) -> None:
        """SIGTERM, and wait; nothing happens if it isn't running."""
        if self._process is None:
            return
        self._signal(signal.SIGCONT)
        self._signal(signal.SIGTERM)
        try:
            self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """SIGKILL: nothing is flushed, nothing is said."""
        self._signal(signal.SIGKILL)
        self._running().wait(10)
        self._process = None

    def restart(self) -> ClickHouseNode:
        """On the same directory and port, whether it was stopped, killed or still runs."""
        self.stop()
        return self.start().wait_ready()

    def pause(self) -> None:
        """SIGSTOP: connections stay open and nothing answers. Returns when every thread of it stands."""
        process = self._running()
        self._signal(signal.SIGSTOP)
        if process.returncode is None:
            os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def __enter__(self) -> ClickHouseNode:
        return self.start().wait_ready()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise NodeFailed("The endpoint is not running")
        return self._process

    def _signal(self, number: signal.Signals) -> None:
        process = self._running()
        if process.poll() is None:
            process.send_signal(number)

    def _answers(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/ping")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def _exit_code(self) -> int | None:
        return self._process.poll() if self._process else None

    def _log_end(self) -> str:
        return (
            self.log_path.read_text(encoding="utf-8", errors="replace")[-2000:].strip()
            if self.log_path.exists()
            else ""
        )
