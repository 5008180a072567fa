"""What can be set about an endpoint, with its defaults, read from the environment in one place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from infra.clickhouse.users import PARTS, User

MEBIBYTE = 1 << 20
GIBIBYTE = 1 << 30


def _memory_of_this_machine() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


class SettingsError(Exception):
    """A setting is missing or cannot be read; the sentence says which and what was expected."""


@dataclass(frozen=True, slots=True)
class Caps:
    """Limits of the endpoint. A client may ask for less than a default, and for more up to its ceiling."""

    max_execution_time: int = 60  # seconds
    max_execution_time_ceiling: int = 600
    max_memory_usage: int = 2 * GIBIBYTE  # bytes a query
    max_memory_usage_ceiling: int = 4 * GIBIBYTE
    max_server_memory_usage: int = field(default_factory=lambda: min(6 * GIBIBYTE, _memory_of_this_machine() // 2))
    max_result_bytes: int = 512 * MEBIBYTE
    max_result_bytes_ceiling: int = 4 * GIBIBYTE
    max_result_rows: int = 50_000_000
    max_result_rows_ceiling: int = 1_000_000_000
    max_concurrent_queries: int = 16
    queue_seconds: int = 10  # how long a query waits for its turn before it is refused with code 202
    max_connections: int = 512
    max_sessions: int = 256
    max_session_timeout: int = 3600  # seconds
    max_query_bytes: int = 8 * MEBIBYTE  # a statement, and what a form carries beside it
    max_insert_bytes: int = 1 * GIBIBYTE  # the rows of one insert, counted after decompression
    io_timeout: int = 30  # seconds without a byte from or to a client within a request
    idle_seconds: int = 120  # a connection without a request is closed after them
    request_seconds: int = 600  # for the whole of one request's body
    stop_seconds: int = 10  # for what is running when the endpoint is asked to stop


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    directory: Path
    port: int
    users: tuple[User, ...]
    host: str = "127.0.0.1"
    caps: Caps = field(default_factory=Caps)


def caps_from(environment: Mapping[str, str]) -> Caps:
    """Each limit may be set as ``CLICKHOUSE_CAP_`` and its name in capitals, a whole number above 0."""
    given: dict[str, int] = {}
    for cap in fields(Caps):
        variable = f"CLICKHOUSE_CAP_{cap.name.upper()}"
        if (text := environment.get(variable)) is None:
            continue
        if not text.isdecimal() or int(text) == 0:
            raise SettingsError(f"{variable} must be a whole number above 0, not {text!r}")
        given[cap.name] = int(text)
    return Caps(**given)


def settings_from(
    environment: Mapping[str, str], directory: Path, port: int, host: str, parts: Mapping[str, str] | None = None
) -> EndpointSettings:
    """The owner's name and password come from the environment alone: a command line can be read by every process.

    parts: passwords of the users that may do less (`users.PARTS`), by name.
    """
    if unusable := sorted(set(str(directory.resolve())) & set("?&%+#\n")):
        raise SettingsError(
            f"The engine cannot be told of a directory with {' '.join(unusable)} in its path: {directory}"
        )
    password = environment.get("CLICKHOUSE_PASSWORD", "")
    if not password:
        raise SettingsError("CLICKHOUSE_PASSWORD is not set: the endpoint does not start without a password")
    owner = User(environment.get("CLICKHOUSE_USER") or "default", password)
    if owner.name in PARTS:
        raise SettingsError(f"CLICKHOUSE_USER is {owner.name}, which is a part's: name the owner otherwise")
    others = (User(name, secret, PARTS[name]) for name, secret in (parts or {}).items())
    return EndpointSettings(directory, port, (owner, *others), host, caps_from(environment))
