"""Freeing the engine from queries nobody waits for any more.

A stream notices a closed connection when it writes; a query that is still thinking does not. So the connections of
running reads are looked at four times a second, and what runs for a closed one is ended in the engine.
"""

from __future__ import annotations

import logging
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from infra.clickhouse.engine import Engine
from infra.clickhouse.errors import EngineError
from infra.clickhouse.reply import Reply

_LOOK_SECONDS = 0.25
_log = logging.getLogger(__name__)


class Disconnects:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._running: dict[str, socket.socket] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="disconnects", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    @contextmanager
    def watched(self, reply: Reply, mark: str) -> Iterator[None]:
        """While a read runs whose request has been read to its end."""
        with self._lock:
            self._running[mark] = reply.connection
        try:
            yield
        finally:
            with self._lock:
                del self._running[mark]

    def end_all(self) -> None:
        """End every watched read, because the endpoint stops."""
        with self._lock:
            marks = list(self._running)
        for mark in marks:
            self._end(mark)

    def _watch(self) -> None:
        while not self._stopped.wait(_LOOK_SECONDS):
            with self._lock:
                gone = [mark for mark, connection in self._running.items() if is_closed(connection)]
            for mark in gone:
                self._end(mark)

    def _end(self, mark: str) -> None:
        try:
            self._engine.end_queries_of(mark)
        except EngineError as error:
            _log.warning("a query without a client goes on until its time limit: %s", error)


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side has closed; a request sent ahead of its turn is no sign of that."""
    try:
        readable, _, _ = select.select((connection,), (), (), 0)
        return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""
    except (OSError, ValueError):  # reset, or closed on our side meanwhile
        return True
