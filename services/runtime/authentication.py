"""The bearer at the door: what a verifier of tokens is, and how a token is read from `authorization`.

What a bearer may do is the services' business: here it is only asked whether an action is open to her at all.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import Any, Final, Protocol

# Threads of their own: a store that hangs fills those that everybody shares, and nobody must wait for it at the door.
_AT_THE_DOOR: Final = ThreadPoolExecutor(max_workers=4, thread_name_prefix="verify")


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
    """Turns a token into who it proves. May block shortly (it may have to fetch keys): call it through `verified`."""

    def verify(self, token: str) -> Bearer:
        """Raises InvalidToken, CannotVerify."""
        ...

    def known(self, token: str) -> Bearer | None:
        """What `verify` would give, if that can be told without checking a signature or reading keys; never blocks."""
        ...


async def verified(verifier: Verifier, token: str) -> Any:
    """The bearer the token proves; the event loop serves others meanwhile. Raises InvalidToken, CannotVerify."""
    known = verifier.known(token)
    if known is not None:
        return known
    return await asyncio.get_running_loop().run_in_executor(_AT_THE_DOOR, verifier.verify, token)


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
