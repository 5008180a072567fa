"""How long a sign-in on one device lasts, and what becomes of a refresh token that is presented. Pure.

A refresh token is good once: it is spent for the next one. Of a session there is one unspent token at any time. A spent
one that comes again means that two have it, so the session ends. Only where the answer may have got lost on its way is
it taken again: for an hour, and only while the token that was given for it has not been used. That token is spent then,
too. A thief gains nothing by it: when the one who lost the race comes with hers, the session ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

MINUTE: Final = 60_000
DAY: Final = 86_400_000
LONGEST_SESSION: Final = 90 * DAY
ANSWER_MAY_BE_LOST: Final = 60 * MINUTE
MOST_DEVICE: Final = 60


@dataclass(frozen=True, slots=True)
class DeviceSession:
    """A sign-in on one device. device: what it calls itself. Times in milliseconds since 1970 UTC."""

    session_id: str
    account_id: str
    device: str
    created_at: int
    last_used_at: int
    ended_at: int | None = None


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """parent: the digest of the token it was given for, "" for the first of its session."""

    token_digest: str
    session_id: str
    parent: str
    issued_at: int
    spent_at: int | None = None


class Renewal(Enum):
    RENEWED = auto()
    OVER = auto()
    """The session has ended, or was not used for too long: sign in again."""
    STOLEN = auto()
    """Two have it: the session ends for both."""


def renewal_of(
    token: RefreshToken, session: DeviceSession, unspent: RefreshToken | None, now: int, unused_for: int
) -> Renewal:
    """What becomes of a token that is presented. unspent: of its session; unused_for: after which it is over (ms)."""
    if session.ended_at is not None or now >= min(token.issued_at + unused_for, session.created_at + LONGEST_SESSION):
        return Renewal.OVER
    if token.spent_at is None:
        return Renewal.RENEWED
    was_lost = unspent is not None and unspent.parent == token.token_digest
    return Renewal.RENEWED if was_lost and now - token.spent_at <= ANSWER_MAY_BE_LOST else Renewal.STOLEN


def device_label(said: str) -> str:
    """What a device calls itself, short and printable."""
    printable = "".join(character for character in said if character.isprintable())
    return " ".join(printable.split())[:MOST_DEVICE]
