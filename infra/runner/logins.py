"""Passwords of the log that is ours to run: drawn once, kept for their owner's eyes, told to whom they are for.

A part is told its own in its own environment, and no other part's.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from infra.kafka.grants import ALERTING, CASEWORK, CLICKHOUSE_SINK, MECHANISM, NEGLECT_WATCH, USERS
from infra.runner.private_file import kept_secret

USERS_DIRECTORY: Final = "kafka-users"

USER_OF_PART: Final[Mapping[str, str]] = {
    "casework": CASEWORK,
    "alerting": ALERTING,
    "neglect_watch": NEGLECT_WATCH,
    "clickhouse_sink": CLICKHOUSE_SINK,
}
"""Of the parts that reach the log; the others get no password."""

Login = Mapping[str, str]
"""What somebody must be told to come in: settings and their values."""

Logins = Mapping[str, Login]
"""By user. Empty where the log is somebody else's: then the environment says how everybody comes in."""

_SETTINGS: Final = ("SECURITY_PROTOCOL", "SSL_CAFILE", "SASL_MECHANISM", "SASL_USERNAME", "SASL_PASSWORD")
LOGIN_SETTINGS: Final = frozenset(f"KAFKA_{name}" for name in _SETTINGS)


def users_directory(var_dir: Path) -> Path:
    """Where the passwords are, each in a file with the name of its user."""
    return var_dir / USERS_DIRECTORY


def own_logins(var_dir: Path) -> Logins:
    """Of every user; a password that is not there yet is drawn now."""
    directory = users_directory(var_dir)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {user: login_as(user, kept_secret(directory / user)) for user in USERS}


def login_as(user: str, password: str) -> Login:
    return {
        "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "KAFKA_SASL_MECHANISM": MECHANISM,
        "KAFKA_SASL_USERNAME": user,
        "KAFKA_SASL_PASSWORD": password,
    }


def login_of_part(logins: Logins, part: str) -> Login:
    """Nothing for a part that has no business with the log."""
    return logins.get(USER_OF_PART.get(part, ""), {})
