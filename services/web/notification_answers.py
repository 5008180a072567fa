"""What alerting answers about notifications. A shape that is not this raises KeyError or the like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.web.backends import Json


@dataclass(frozen=True, slots=True)
class Channel:
    """ending: of the address, "" where it is nobody else's business; who: whose it is, "" for one's own."""

    channel_id: str
    kind: str
    ending: str
    severities: tuple[str, ...]
    levels: tuple[int, ...]
    who: str = ""

    @staticmethod
    def of(told: Json, who: str = "") -> Channel:
        return Channel(
            told["channel_id"],
            told["kind"],
            told.get("ending", ""),
            tuple(told["severities"]),
            tuple(told["levels"]),
            who,
        )


@dataclass(frozen=True, slots=True)
class OwnNotifications:
    """kinds: of channels that can be made here."""

    channels: tuple[Channel, ...]
    said: Mapping[str, str]
    working_days: tuple[str, ...]
    kinds: tuple[str, ...]

    @staticmethod
    def of(told: Json) -> OwnNotifications:
        return OwnNotifications(
            tuple(Channel.of(channel) for channel in told["channels"]),
            {name: str(told[name]) for name in ("language", "digest_at", "quiet_from", "quiet_until")},
            tuple(told["working_days"]),
            tuple(told["kinds"]),
        )


@dataclass(frozen=True, slots=True)
class Failing:
    """What waits on a channel of somebody after failures."""

    channel_id: str
    who: str
    kind: str
    waiting: int
    failures: int
    since: str
    why: str
    next_try_at: str


@dataclass(frozen=True, slots=True)
class EverybodysNotifications:
    channels: tuple[Channel, ...]
    failing: tuple[Failing, ...]
    unheard: int
    working_days: tuple[str, ...]
    kinds: tuple[str, ...]

    @staticmethod
    def of(told: Json, names: Mapping[str, str], somebody: str) -> EverybodysNotifications:
        """names: of accounts; somebody: who has none here."""
        return EverybodysNotifications(
            tuple(Channel.of(each, names.get(each["account_id"], somebody)) for each in told["channels"]),
            tuple(
                Failing(
                    each["channel_id"],
                    names.get(each["account_id"], somebody),
                    each["kind"],
                    int(each["waiting"]),
                    int(each["failures"]),
                    each["since"],
                    each["why"],
                    each["next_try_at"],
                )
                for each in told["failing"]
            ),
            int(told["unheard"]),
            tuple(told["working_days"]),
            tuple(told["kinds"]),
        )
