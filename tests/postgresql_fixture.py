"""A PostgreSQL of the tests' own: on a socket in a directory of its own, ended with the module that used it.

Fixture: `postgresql`, one for a module; `database_url` of a new database in it, one for a test. As root it
runs as the user `postgres` of Debian's package.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
import pytest

from infra.system_packages import postgresql_programs

ROOT = Path(__file__).parents[1]
USER = "postgres"
READY_SECONDS = 60
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class PostgresqlNode:
    """directory: of its socket."""

    directory: Path
    process: subprocess.Popen[bytes]

    def new_database(self, template: str = "template1") -> str:
        """Its name. template: another of them, which nobody is connected to; then it is a copy."""
        name = f"vault_{next(_numbers)}"
        with psycopg.connect(self._of("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        return name

    def url(self, database: str) -> str:
        """SQLAlchemy's."""
        return f"postgresql+psycopg://{USER}@/{database}?host={self.directory}"

    def _of(self, database: str) -> str:
        return f"host={self.directory} user={USER} dbname={database}"

    def wait_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                psycopg.connect(self._of("postgres")).close()
            except psycopg.OperationalError:
                assert self.process.poll() is None, (self.directory / "log").read_text()[-2000:]
                assert time.monotonic() < deadline, (self.directory / "log").read_text()[-2000:]
                time.sleep(0.1)
            else:
                return


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgresqlNode]:
    programs = postgresql_programs()
    assert programs is not None, "PostgreSQL is missing: python -m infra.system_packages --only postgresql"
    # Not below pytest's directory, which only root may enter; and short, for the path of a socket may not be long.
    directory = Path(tempfile.mkdtemp(prefix="vault-postgresql-"))
    if os.geteuid() == 0:
        shutil.chown(directory, USER, USER)
    try:
        initialise = [*_as_user(), programs / "initdb", "-D", directory / "data", "-U", USER, "-A", "trust", "-N"]
        subprocess.run(initialise, check=True, capture_output=True, cwd=directory)
        node = _started(programs, directory)
        try:
            node.wait_ready()
            yield node
        finally:
            node.process.send_signal(signal.SIGINT)
            node.process.wait(30)
    finally:
        shutil.rmtree(directory)


def _started(programs: Path, directory: Path) -> PostgresqlNode:
    options = ["-D", directory / "data", "-k", directory, "-c", "listen_addresses=", "-c", "max_connections=40"]
    # What is lost when the power goes is of no interest here.
    options += ["-c", "fsync=off"]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen([*_as_user(tied=True), programs / "postgres", *options], cwd=directory, stderr=log)
    return PostgresqlNode(directory, process)


def _as_user(*, tied: bool = False) -> list[str]:
    """What runs the command that follows as who may; tied: it ends when these tests do, however they end."""
    if os.geteuid() == 0:
        end = ["--pdeathsig", "INT"] if tied else []
        return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *end]
    return [sys.executable, "-I", "-S", str(ROOT / "infra/kafka/tied.py"), str(os.getpid())] if tied else []


@pytest.fixture
def database_url(postgresql: PostgresqlNode) -> str:
    return postgresql.url(postgresql.new_database())
