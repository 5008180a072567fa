"""The engine: chDB in this process, one data directory, one handle per request."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from chdb import ChdbError
from chdb import _chdb as chdb_library
from chdb.state.sqlitelike import Connection

from infra.clickhouse.engine_config import write_config
from infra.clickhouse.errors import EngineError
from infra.clickhouse.settings import Caps
from infra.clickhouse.unsaid_errors import COUNTED, Counted, LatelyCounted, counted, unsaid


class DirectoryInUse(Exception):
    """Another process holds the data directory."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a statement read and wrote; the engine counts nothing for a stream."""

    rows_read: int = 0
    bytes_read: int = 0
    rows_written: int = 0
    bytes_written: int = 0
    elapsed_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Result:
    data: bytes
    summary: Summary


@contextmanager
def _engine_errors() -> Iterator[None]:
    try:
        yield
    except (ChdbError, RuntimeError) as error:
        raise EngineError(str(error)) from error


def literal(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def identifier(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


class Handle:
    """One connection to the engine, for one statement at a time. Errors of the engine become EngineError."""

    def __init__(self, address: str, errors: LatelyCounted) -> None:
        with _engine_errors():
            self._connection = Connection(address)
        self._errors = errors
        self.state_changed = False  # a SET or USE of the client's own was run on it

    def close(self) -> None:
        self._connection.close()

    def use(self, database: str) -> None:
        self.run(f"USE {identifier(database)}")

    def set(self, settings: Mapping[str, str]) -> None:
        if settings:
            self.run("SET " + ", ".join(f"{name} = {literal(value)}" for name, value in settings.items()))

    def run(self, sql: str) -> str:
        """Run a statement of our own; returns its rows as tab-separated text."""
        return self.query(sql, "TSV", {}).data.decode()

    def query(self, sql: str, output_format: str, parameters: Mapping[str, str]) -> Result:
        with _engine_errors():
            found = self._connection.query(sql, output_format, params=dict(parameters))
        summary = Summary(
            rows_read=found.rows_read(),
            bytes_read=found.bytes_read(),
            rows_written=found.rows_written(),
            bytes_written=found.bytes_written(),
            elapsed_seconds=found.elapsed(),
        )
        return Result(bytes(found.bytes() or b""), summary)

    @contextmanager
    def stream(self, sql: str, output_format: str, parameters: Mapping[str, str]) -> Iterator[Iterator[bytes]]:
        """The result block by block. Leaving the context before its end frees the engine."""
        with _engine_errors():
            blocks = self._connection.send_query(sql, output_format, params=dict(parameters))
        try:
            yield self._blocks(blocks)
        finally:
            with _engine_errors():
                blocks.close()

    @staticmethod
    def _blocks(blocks: Any) -> Iterator[bytes]:
        while True:
            with _engine_errors():
                block = blocks.fetch()
            if block is None:
                return
            yield bytes(block.bytes())

    def insert(self, sql: str, rows_format: str, rows: Iterator[bytes]) -> Summary:
        """Insert what ``rows`` yields; an error or an end of ``rows`` by exception inserts nothing more."""
        before = self._errors.before(self._counted_errors)
        with _engine_errors():
            inserter = self._connection.send_insert(sql, rows_format)
        try:
            for chunk in rows:
                with _engine_errors():
                    inserter.append(chunk)
            with _engine_errors():
                done = inserter.finish()
        finally:
            inserter.cancel()  # does nothing after finish
        if error := unsaid(before, self._errors.now(self._counted_errors)):
            raise EngineError(error)
        return Summary(rows_written=done.rows_written, bytes_written=done.bytes_written, elapsed_seconds=done.elapsed)

    def _counted_errors(self) -> dict[int, Counted]:
        return counted(self.query(COUNTED, "TSVRaw", {}).data.decode())

    def is_read_only(self, sql: str) -> bool:
        """By the engine's own reading of the statement."""
        with _engine_errors():
            return str(self._connection._conn.classify_query(sql)["query_class"].name) == "READ_ONLY"

    def columns_of(self, sql: str, parameters: Mapping[str, str], *, selects: bool) -> list[tuple[str, str]]:
        """Names and types of a statement's result; a SELECT is described, anything else is run again."""
        if selects:
            lines = self.query(f"DESCRIBE (\n{sql}\n)", "JSONCompact", parameters).data
            return [(row[0], row[1]) for row in json.loads(lines)["data"]]
        meta = json.loads(self.query(sql, "JSONCompact", parameters).data)["meta"]
        return [(column["name"], column["type"]) for column in meta]


class Engine:
    """Holds the directory and opens handles. Raises DirectoryInUse if another process holds it."""

    def __init__(self, directory: Path, caps: Caps) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = _lock(directory)
        cast("Any", chdb_library).set_signal_handlers_enabled(0)  # SIGTERM is for the endpoint to hear
        config = write_config(directory.resolve(), caps)
        self._address = f"{directory.resolve() / 'store'}?config-file={config}"
        self._errors = LatelyCounted()
        self._keeper = self.handle()  # the engine lives as long as one handle is open
        self.version, self.timezone = self._keeper.run("SELECT version(), timezone()").strip().split("\t")

    def handle(self) -> Handle:
        """A fresh handle: state of one request never reaches another. 0.2 ms."""
        return Handle(self._address, self._errors)

    def end_queries_of(self, mark: str) -> None:
        """End what runs under a request's mark (see ``exchange``)."""
        handle = self.handle()
        try:
            handle.run(f"KILL QUERY WHERE startsWith(Settings['log_comment'], {literal(mark)}) ASYNC")
        finally:
            handle.close()

    def close(self) -> None:
        self._keeper.close()
        os.close(self._lock)


def _lock(directory: Path) -> int:
    descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise DirectoryInUse(
            f"The directory {directory} is in use by process {holder}: only one process may hold a ClickHouse"
            " directory. Stop that one, or name another directory."
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor
