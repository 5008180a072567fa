"""What everybody who checks tokens must know: keys, and whose tokens count no more although they have not expired."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.access.application.away import Away
from services.access.application.ports import AccountStore, PublicKey, SessionStore
from services.access.domain.absences import StandIn
from services.access.domain.permissions import Area

_SECOND: Final = 1000
# Clocks differ, and a token is taken for a while after it ended: so long a session that has ended is still named.
_BEYOND_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class KeySet:
    """A JWK set with the ids of closed accounts and of sessions that ended while tokens of theirs may live."""

    key: PublicKey
    accounts: AccountStore
    sessions: SessionStore
    away: Away
    clock: Callable[[], int]
    token_seconds: int

    def inner_document(self) -> dict[str, Any]:
        """What our own services are told beside that: who supervises what, who is away and who stands in for her. It is
        nobody else's business when somebody is not there."""
        return self.document() | {
            "absences": [_told(stand_in) for stand_in in self.away.stand_ins()],
            "supervisors": [
                [account.account_id, account.organisation, _areas(account.areas)]
                for account in self.accounts.supervisors()
            ],
        }

    def document(self) -> dict[str, Any]:
        since = self.clock() - (self.token_seconds + _BEYOND_SECONDS) * _SECOND
        return {
            "keys": [self.key.public_jwk()],
            "closed_accounts": self.accounts.closed_ids(),
            "revoked_sessions": self.sessions.ended_since(since),
        }

    def read(self) -> bytes:
        """As a source of keys for access itself, without a way over the network."""
        return json.dumps(self.inner_document()).encode()


def _told(stand_in: StandIn) -> dict[str, Any]:
    """As `services.access.verification` reads it."""
    absence = stand_in.absence
    return {
        "absence": [absence.absence_id, absence.account_id, absence.delegate_id, absence.since, absence.until],
        "organisation": stand_in.organisation,
        "roles": sorted(stand_in.roles),
        "areas": _areas(stand_in.areas),
        "is_covered": stand_in.is_covered,
    }


def _areas(areas: Sequence[Area]) -> list[list[str]]:
    return [[area.district] if area.upazila is None else [area.district, area.upazila] for area in areas]
