"""What everybody who checks tokens must know: keys, and whose tokens count no more although they have not expired."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from services.access.application.ports import AccountStore, PublicKey, SessionStore

_SECOND: Final = 1000
# Clocks differ, and a token is taken for a while after it ended: so long a session that has ended is still named.
_BEYOND_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class KeySet:
    """A JWK set with the ids of closed accounts and of sessions that ended while tokens of theirs may live."""

    key: PublicKey
    accounts: AccountStore
    sessions: SessionStore
    clock: Callable[[], int]
    token_seconds: int

    def document(self) -> dict[str, Any]:
        since = self.clock() - (self.token_seconds + _BEYOND_SECONDS) * _SECOND
        return {
            "keys": [self.key.public_jwk()],
            "closed_accounts": self.accounts.closed_ids(),
            "revoked_sessions": self.sessions.ended_since(since),
        }

    def read(self) -> bytes:
        """As a source of keys for access itself, without a way over the network."""
        return json.dumps(self.document()).encode()
