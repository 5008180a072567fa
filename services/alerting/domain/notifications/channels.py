"""A way to reach a person outside the inbox, and how she wants to be told. Where it leads is not known here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.casework.domain.policy import Severity
from services.casework.domain.wording import Language

MINUTES_A_DAY: Final = 24 * 60
MOST_CHANNELS: Final = 8
"""Of one person."""

LEVELS: Final = frozenset({1, 2, 3})


class ChannelKind(StrEnum):
    """email and sms go through the organisation's own gateway; the others are addresses of a person's own."""

    EMAIL = "email"
    SMS = "sms"
    CHAT = "chat"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class Channel:
    """Of one person. severities, levels: of the alerts that it takes. made_at: milliseconds."""

    channel_id: str
    account_id: str
    organisation: str
    kind: ChannelKind
    severities: frozenset[Severity]
    levels: frozenset[int]
    made_at: int

    def takes(self, severity: Severity, level: int) -> bool:
        return severity in self.severities and level in self.levels


@dataclass(frozen=True, slots=True)
class Preferences:
    """How one person wants to be told. Minutes of the day in Dhaka; no quiet hours where both are the same."""

    language: Language = "en"
    digest_minute: int = 8 * 60
    quiet_from: int = 21 * 60
    quiet_until: int = 7 * 60

    def is_quiet(self, minute: int) -> bool:
        """Whether a minute of the day lies in the quiet hours; they may go past midnight."""
        if self.quiet_from <= self.quiet_until:
            return self.quiet_from <= minute < self.quiet_until
        return minute >= self.quiet_from or minute < self.quiet_until

    @property
    def morning_minute(self) -> int:
        """When the digest goes: never in the quiet hours, whatever was said."""
        return self.quiet_until if self.is_quiet(self.digest_minute) else self.digest_minute
