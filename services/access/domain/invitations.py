"""How long an invitation can be used, and why not. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HOUR: Final = 3_600_000
INVITATION_LASTS: Final = 72 * HOUR


@dataclass(frozen=True, slots=True)
class Invitation:
    """A way in for one account, once. Times in milliseconds since 1970 UTC; code_digest: of the code that was given.

    ended_at: when it was used, withdrawn or replaced by a newer one.
    """

    code_digest: str
    account_id: str
    made_at: int
    ended_at: int | None = None

    @property
    def expires_at(self) -> int:
        return self.made_at + INVITATION_LASTS

    def is_open(self, now: int) -> bool:
        return self.ended_at is None and now < self.expires_at
