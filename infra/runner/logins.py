"""Passwords of the stores that are ours to run: drawn once, kept for their owner's eyes, told to whom they are for.

A part is told its own in its own environment, and no other part's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from infra.clickhouse.users import PARTS
from infra.kafka.grants import ALERTING, CASEWORK, CLICKHOUSE_SINK, MECHANISM, NEGLECT_WATCH, USERS
from infra.runner.private_file import kept_secret

KAFKA_USERS: Final = "kafka-users"
CLICKHOUSE_USERS: Final = "clickhouse-users"
"""Directories in VAR_DIR with a file for each user, the password in it."""

USER_OF_PART: Final[Mapping[str, str]] = {
    "casework": CASEWORK,
    "alerting": ALERTING,
    "neglect_watch": NEGLECT_WATCH,
    "clickhouse_sink": CLICKHOUSE_SINK,
}
"""Of the parts that reach the log; the others get no password."""

_OWNER: Final = "reintegration"
_SETTINGS: Final = ("SECURITY_PROTOCOL", "SSL_CAFILE", "SASL_MECHANISM", "SASL_USERNAME", "SASL_PASSWORD")
LOG_SETTINGS: Final = frozenset(f"KAFKA_{name}" for name in _SETTINGS)
STORE_SETTINGS: Final = frozenset(("CLICKHOUSE_USER", "CLICKHOUSE_PASSWORD"))

Login = Mapping[str, str]
"""What somebody must be told to come in: settings and their values."""


@dataclass(frozen=True, slots=True)
class Logins:
    """Of users of the log and of the outcomes store, by name, and of the store's owner.

    None of a store that is somebody else's: then the environment says how everybody comes in.
    """

    log: Mapping[str, Login] = field(default_factory=dict, repr=False)
    store: Mapping[str, Login] = field(default_factory=dict, repr=False)
    owner: Login = field(default_factory=dict, repr=False)

    @property
    def settings(self) -> frozenset[str]:
        """What must not be told to everybody."""
        return (LOG_SETTINGS if self.log else frozenset()) | (STORE_SETTINGS if self.owner else frozenset())

    def of_part(self, part: str) -> Login:
        """Nothing for a part that has no business with either."""
        return {**self.log.get(USER_OF_PART.get(part, ""), {}), **self.store.get(part, {})}

    def of_owner(self, user: str) -> Login:
        """Of whoever may do everything in the outcomes store, as that user of the log."""
        return {**self.log.get(user, {}), **self.owner}


def own_logins(var_dir: Path, environment: Mapping[str, str], *, log: bool, store: bool) -> Logins:
    """Of the stores that are ours; a password that is not there yet is drawn now."""
    of_log = _secrets(var_dir / KAFKA_USERS, USERS) if log else {}
    of_store = _secrets(var_dir / CLICKHOUSE_USERS, PARTS) if store else {}
    return Logins(
        {user: login_as(user, secret) for user, secret in of_log.items()},
        {name: _at_store(name, secret) for name, secret in of_store.items()},
        _owner(var_dir, environment) if store else {},
    )


def _secrets(directory: Path, users: Iterable[str]) -> dict[str, str]:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {user: kept_secret(directory / user) for user in users}


def _owner(var_dir: Path, environment: Mapping[str, str]) -> Login:
    """As the environment names it, else by a password of our own."""
    secret = environment.get("CLICKHOUSE_PASSWORD") or kept_secret(var_dir / "clickhouse.password")
    return _at_store(environment.get("CLICKHOUSE_USER") or _OWNER, secret)


def _at_store(user: str, password: str) -> Login:
    return {"CLICKHOUSE_USER": user, "CLICKHOUSE_PASSWORD": password}


def login_as(user: str, password: str) -> Login:
    """Of a user of the log."""
    return {
        "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "KAFKA_SASL_MECHANISM": MECHANISM,
        "KAFKA_SASL_USERNAME": user,
        "KAFKA_SASL_PASSWORD": password,
    }
