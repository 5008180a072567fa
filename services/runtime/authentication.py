"""The bearer at the door: what a verifier of tokens is, and how a token is read from `authorization`.

What a bearer may do is the services' business: here it is only asked whether an action is open to her at all.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Protocol


class InvalidToken(Exception):
    """The token is no proof of anybody: sign in again. The message is fit for whoever sent it."""


class CannotVerify(Exception):
    """Whether the token is good cannot be known just now (no keys): nothing was decided, ask again."""


class Bearer(Protocol):
    """Who sent a request, as far as the plumbing asks."""

    def may(self, action: Any) -> bool:
        """Whether some role of hers opens this action at all; which cases it opens is decided per case."""
        ...


class Verifier(Protocol):
    """Turns a token into who it proves. May block shortly (it may have to fetch keys): called in a thread."""

    def verify(self, token: str) -> Bearer:
        """Raises InvalidToken, CannotVerify."""
        ...


Permission = StrEnum
"""An action somebody may be permitted, one member of a service's closed list."""


def token_of(authorization: str | None) -> str:
    """The token of an `authorization` header `Bearer <token>`. Raises InvalidToken with what was expected."""
    if not authorization:
        raise InvalidToken("sign in first: the authorization header is missing")
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise InvalidToken("expected an authorization header of the form: Bearer <token>")
    return token
