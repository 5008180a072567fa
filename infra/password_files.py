"""Passwords of users, each in a file of that name that its owner alone may read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


class UnusablePasswords(RuntimeError):
    """One is missing, empty, or for others to read; the text is one sentence that says what to do."""


def passwords_in(directory: Path, users: Iterable[str]) -> dict[str, str]:
    """{user: password}. Raises UnusablePasswords."""
    _refuse_readable(directory)
    return {user: _password_in(directory / user) for user in users}


def _password_in(path: Path) -> str:
    _refuse_readable(path)
    if password := path.read_text().strip():
        return password
    raise UnusablePasswords(f"{path} is empty: write the password of this user into it.")


def _refuse_readable(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise UnusablePasswords(
            f"{path} cannot be read ({error.strerror}): the password of each user must be in a file of its name."
        ) from error
    if mode & 0o077:
        raise UnusablePasswords(f"{path} may be read by others: take that away (chmod go= {path}).")
