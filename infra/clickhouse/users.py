"""Who comes to the outcomes store, and what each may do there.

Two locks again: the endpoint judges the kind of a statement, and the engine is told, before anything of the client's,
to refuse the rest. Neither can be undone from within: the engine does not let a reader end its reading.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from infra.clickhouse.errors import ACCESS_DENIED, AUTHENTICATION_FAILED, EndpointError
from infra.clickhouse.guard import Verb

_READING: Final = frozenset({Verb.SELECT, Verb.READ, Verb.SESSION})


class Rights(Enum):
    """verbs: the kinds of statements; settings: what the engine is told to hold to."""

    ALL = "everything"
    ADDING = "to read, and to add rows"
    READING = "to read"

    @property
    def verbs(self) -> frozenset[Verb]:
        return _VERBS[self]

    @property
    def settings(self) -> Mapping[str, str]:
        return _SETTINGS[self]


_VERBS: Final[Mapping[Rights, frozenset[Verb]]] = {
    Rights.ALL: frozenset(Verb),
    Rights.ADDING: _READING | {Verb.INSERT},
    Rights.READING: _READING,
}
_SETTINGS: Final[Mapping[Rights, Mapping[str, str]]] = {
    Rights.ALL: {},
    Rights.ADDING: {"allow_ddl": "0"},
    Rights.READING: {"readonly": "2"},
}

PARTS: Final[Mapping[str, Rights]] = {
    "casework": Rights.READING,
    "outcomes": Rights.READING,
    "clickhouse_sink": Rights.ADDING,
}
"""Beside the owner, who makes the tables: the parts that come here, and what each may do."""


@dataclass(frozen=True, slots=True)
class User:
    name: str
    password: str = field(repr=False)
    rights: Rights = Rights.ALL

    def require(self, verb: Verb) -> None:
        """Raises 497 for a kind of statement that is not this user's."""
        if verb not in self.rights.verbs:
            raise EndpointError(
                ACCESS_DENIED, f"{self.name}: Not enough privileges. A statement that {verb.value} is not allowed."
            )


def user_among(users: Iterable[User], name: str, password: str) -> User:
    """Raises 516 for a stranger. All are compared, in constant time."""
    found: User | None = None
    for user in users:
        right = hmac.compare_digest(name.encode(), user.name.encode())
        right &= hmac.compare_digest(password.encode(), user.password.encode())
        found = user if right else found
    if found is None:
        raise EndpointError(
            AUTHENTICATION_FAILED,
            "Authentication failed: password is incorrect, or there is no user with such name.",
        )
    return found
