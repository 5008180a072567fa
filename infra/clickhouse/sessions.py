"""Sessions: handles that outlive a request, so that temporary tables and SET do. Counted and timed."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from infra.clickhouse.engine import Engine, Handle, literal
from infra.clickhouse.errors import (
    SESSION_IS_LOCKED,
    SESSION_NOT_FOUND,
    TOO_MANY_SIMULTANEOUS_QUERIES,
    EndpointError,
)
from infra.clickhouse.settings import Caps
from infra.clickhouse.users import User


@dataclass(slots=True)
class Session:
    handle: Handle
    expires: float = 0.0  # monotonic seconds
    busy: bool = True
    own_values: dict[str, str] = field(default_factory=dict)  # settings as the session's SETs left them
    database: str | None = None


class Sessions:
    def __init__(self, engine: Engine, caps: Caps) -> None:
        self._engine, self._caps = engine, caps
        self._lock = threading.Lock()
        self._sessions: dict[tuple[str, str], Session] = {}

    @contextmanager
    def taken(self, user: User, session_id: str, timeout_seconds: int, *, must_exist: bool) -> Iterator[Session]:
        """The session's own use of its handle; nobody has another user's. Raises 372, 373 or 202."""
        session = self._take(user, session_id, must_exist)
        try:
            yield session
        finally:
            with self._lock:
                session.expires = time.monotonic() + min(timeout_seconds, self._caps.max_session_timeout)
                session.busy = False

    def _take(self, user: User, session_id: str, must_exist: bool) -> Session:
        with self._lock:
            self._drop_expired()
            session = self._sessions.get((user.name, session_id))
            if session is not None and session.busy:
                raise EndpointError(SESSION_IS_LOCKED, f"Session {session_id} is locked by a concurrent client.")
            if session is None:
                session = self._open(user, session_id, must_exist)
            session.busy = True
            return session

    def _open(self, user: User, session_id: str, must_exist: bool) -> Session:
        if must_exist:
            raise EndpointError(SESSION_NOT_FOUND, f"Session {session_id} not found.")
        if len(self._sessions) >= self._caps.max_sessions:
            raise EndpointError(
                TOO_MANY_SIMULTANEOUS_QUERIES,
                f"Too many sessions. Maximum: {self._caps.max_sessions}. Use autogenerate_session_id=False.",
            )
        session = self._sessions[user.name, session_id] = Session(self._engine.handle())
        session.handle.set(user.rights.settings)
        return session

    def _drop_expired(self) -> None:
        now = time.monotonic()
        for name in [name for name, one in self._sessions.items() if not one.busy and one.expires < now]:
            self._sessions.pop(name).handle.close()

    def drop_expired(self) -> None:
        with self._lock:
            self._drop_expired()

    def close(self) -> None:
        with self._lock:
            for session in self._sessions.values():
                session.handle.close()
            self._sessions.clear()


@contextmanager
def borrowed_settings(session: Session, settings: Mapping[str, str], database: str | None) -> Iterator[None]:
    """Settings and database that a request brings along hold for that request and not for the session."""
    handle = session.handle
    unknown = [name for name in settings if name not in session.own_values]
    if unknown:
        names = ", ".join(map(literal, unknown))
        rows = handle.query(f"SELECT name, value FROM system.settings WHERE name IN ({names})", "JSONCompact", {})
        session.own_values.update(_pairs(rows.data))
    if database and session.database is None:
        session.database = handle.run("SELECT currentDatabase()").strip()
    try:
        if database:
            handle.use(database)
        handle.set(settings)
        yield
    finally:
        handle.set({name: session.own_values[name] for name in settings if name in session.own_values})
        if database and session.database:
            handle.use(session.database)
        if handle.state_changed:
            session.own_values.clear()
            session.database, handle.state_changed = None, False


def _pairs(data: bytes) -> dict[str, str]:
    return dict(json.loads(data)["data"])
