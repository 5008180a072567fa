"""What telling people outside the inbox needs from outside: a store that loses nothing, and a way to send.

A store raises StoreAway and NoSuchChannel of `application.errors`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.access.domain.absences import StandIn
from services.access.domain.supervisors import Supervisor
from services.alerting.domain.notifications.channels import Channel, ChannelKind, Preferences
from services.alerting.domain.notifications.daytimes import WorkingDays
from services.alerting.domain.notifications.plan import Owed, Reached


class NotSent(Exception):
    """It was not taken, as far as is known: it is sent again. `why` is a word for people, and says no address."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class InvalidAddress(ValueError):
    """It cannot be sent to: the message says what was expected, and does not repeat what was typed."""


@dataclass(frozen=True, slots=True)
class Failing:
    """What waits on one channel after failures. since: the first of what waits; waiting: how many steps."""

    channel: Channel
    waiting: int
    failures: int
    since: int
    why: str
    next_try_at: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Of all organisations. waiting: owed and not sent yet, failing: of these, what failed at least once; oldest_at:
    since when the oldest of these has been due; unheard: steps that nobody stands for."""

    waiting: int
    failing: int
    oldest_at: int | None
    unheard: int


class NotificationStore(Protocol):
    """Durable when a call returns. Every call may raise StoreAway; it may block shortly."""

    def position(self) -> str | None:
        """Up to where the steps of alerts are in the outbox; None: nothing has been read yet."""
        ...

    def note(self, owed: Sequence[Owed], unheard: Sequence[Reached], position: str | None, now: int) -> None:
        """All of it, and the position with it (None: as it was), in one transaction. What is owed already stays."""
        ...

    def due(self, now: int) -> list[Owed]:
        """What is not sent, whose time has come, and whose next attempt has."""
        ...

    def mark_sent(self, owed: Sequence[Owed], now: int) -> None: ...

    def mark_failed(self, owed: Sequence[Owed], why: str, now: int, first_wait_ms: int) -> None:
        """Tried again after a wait that grows with its failures."""
        ...

    def mark_over(self, owed: Iterable[Owed], now: int) -> None:
        """There is nothing to tell any more."""
        ...

    def channels(self) -> dict[str, Channel]:
        """Everybody's, by id."""
        ...

    def channels_of(self, organisation: str) -> list[Channel]: ...

    def add_channel(self, channel: Channel, address: str) -> None: ...

    def address_of(self, channel: Channel) -> str:
        """Raises NoSuchChannel when it is gone, InvalidAddress when it cannot be read any more."""
        ...

    def remove_channel(self, account_id: str, channel_id: str) -> None:
        """And what is owed on it. Raises NoSuchChannel."""
        ...

    def forget(self, account_ids: Collection[str]) -> int:
        """Whatever these accounts have said; how many had said something. What is owed to them stays, for others."""
        ...

    def preferences(self) -> dict[str, Preferences]: ...

    def set_preferences(self, account_id: str, organisation: str, preferences: Preferences) -> None: ...

    def working_days(self) -> dict[str, WorkingDays]: ...

    def set_working_days(self, organisation: str, days: WorkingDays) -> None: ...

    def failing(self, organisation: str) -> list[Failing]: ...

    def unheard(self, organisation: str, since: int) -> int: ...

    def tally(self) -> Tally: ...

    def check(self) -> None: ...


class Sender(Protocol):
    def kinds(self) -> Collection[ChannelKind]:
        """Those that can be used here: an organisation without a gateway for SMS sends none."""
        ...

    def check(self, kind: ChannelKind, address: str) -> str:
        """The address as it is kept. Raises InvalidAddress."""
        ...

    def send(self, kind: ChannelKind, address: str, title: str, body: str) -> None:
        """Returns when it was taken. May block for half a minute. Raises NotSent."""
        ...


class Directory(Protocol):
    """Who supervises, is away, or has left, as access tells. May block shortly; raises CannotVerify."""

    def supervisors(self) -> Sequence[Supervisor]: ...

    def stand_ins(self) -> Sequence[StandIn]: ...

    def closed_accounts(self) -> Collection[str]: ...
