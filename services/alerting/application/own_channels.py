"""A person says how she wants to be told; whoever administers sees that people can be told, and where it fails."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Final

from services.access.domain.permissions import Principal
from services.alerting.application.errors import InvalidAction, NoSuchChannel, TooSoon
from services.alerting.application.notification_ports import (
    Failing,
    InvalidAddress,
    NotificationStore,
    NotSent,
    Sender,
)
from services.alerting.domain.notifications.channels import (
    LEVELS,
    MOST_CHANNELS,
    Channel,
    ChannelKind,
    Preferences,
)
from services.alerting.domain.notifications.daytimes import WEEKDAYS, WorkingDays
from services.alerting.domain.notifications.texts import trial_text
from services.casework.domain.instants import DAY, SECOND
from services.casework.domain.policy import Severity

BETWEEN_TRIALS: Final = 20 * SECOND
_UNHEARD_FOR: Final = 7 * DAY


@dataclass(frozen=True, slots=True)
class OwnChannel:
    """ending: the last characters of the address, by which she tells her channels apart."""

    channel: Channel
    ending: str


@dataclass(frozen=True, slots=True)
class Own:
    """What she has said. kinds: of channels that can be used here."""

    channels: tuple[OwnChannel, ...]
    preferences: Preferences
    working_days: WorkingDays
    kinds: Collection[ChannelKind]


@dataclass(frozen=True, slots=True)
class Told:
    """Of one organisation, without an address. unheard: steps of a week that no supervisor stands for."""

    channels: tuple[Channel, ...]
    failing: tuple[Failing, ...]
    unheard: int
    working_days: WorkingDays
    kinds: Collection[ChannelKind]


@dataclass(frozen=True, slots=True)
class Trial:
    """Whether a test message was taken, and if not, why: a word."""

    sent: bool
    why: str = ""


class OwnChannels:
    """Calls block shortly, and a trial for as long as it takes to send. Each may raise StoreAway."""

    def __init__(
        self,
        store: NotificationStore,
        sender: Sender,
        common_working_days: WorkingDays,
        address: str,
        now: Callable[[], int],
        new_id: Callable[[], str],
    ) -> None:
        """address: of the origin."""
        self._store = store
        self._sender = sender
        self._common_working_days = common_working_days
        self._address = address
        self._now = now
        self._new_id = new_id
        self._tried_at: dict[str, int] = {}

    def of(self, principal: Principal) -> Own:
        hers = self._hers(principal)
        return Own(
            tuple(OwnChannel(channel, self._ending(channel)) for channel in hers),
            self._store.preferences().get(principal.account_id, Preferences()),
            self._days_of(principal.organisation),
            self._sender.kinds(),
        )

    def of_organisation(self, principal: Principal) -> Told:
        return Told(
            tuple(self._store.channels_of(principal.organisation)),
            tuple(self._store.failing(principal.organisation)),
            self._store.unheard(principal.organisation, self._now() - _UNHEARD_FOR),
            self._days_of(principal.organisation),
            self._sender.kinds(),
        )

    def add(
        self, principal: Principal, kind: str, address: str, severities: Iterable[str], levels: Iterable[int]
    ) -> Channel:
        """Raises InvalidAction."""
        if len(self._hers(principal)) >= MOST_CHANNELS:
            raise _invalid("kind", f"you have {MOST_CHANNELS} channels: remove one first")
        if kind not in tuple(ChannelKind) or kind not in self._sender.kinds():
            raise _invalid("kind", "expected a kind of channel that is set up here")
        channel = Channel(
            self._new_id(),
            principal.account_id,
            principal.organisation,
            ChannelKind(kind),
            _severities(severities),
            _levels(levels),
            self._now(),
        )
        try:
            checked = self._sender.check(channel.kind, address)
        except InvalidAddress as error:
            raise _invalid("address", str(error)) from None
        self._store.add_channel(channel, checked)
        return channel

    def remove(self, principal: Principal, channel_id: str) -> None:
        """Raises NoSuchChannel."""
        self._store.remove_channel(principal.account_id, channel_id)

    def say(self, principal: Principal, preferences: Preferences) -> None:
        """Raises InvalidAction."""
        if preferences.is_quiet(preferences.digest_minute):
            raise _invalid("digest_at", "expected a time outside the quiet hours")
        self._store.set_preferences(principal.account_id, principal.organisation, preferences)

    def say_working_days(self, principal: Principal, days: Iterable[str]) -> None:
        """Raises InvalidAction."""
        said = frozenset(days)
        if not said or not said <= frozenset(WEEKDAYS):
            raise _invalid("days", f"expected some of {', '.join(WEEKDAYS)}")
        self._store.set_working_days(principal.organisation, said)

    def try_out(self, principal: Principal, channel_id: str) -> Trial:
        """Send her a test message. Raises NoSuchChannel, TooSoon."""
        channel = next((each for each in self._hers(principal) if each.channel_id == channel_id), None)
        if channel is None:
            raise NoSuchChannel
        now = self._now()
        if abs(now - self._tried_at.get(principal.account_id, 0)) < BETWEEN_TRIALS:
            raise TooSoon(f"wait {BETWEEN_TRIALS // SECOND} seconds between two test messages")
        self._tried_at[principal.account_id] = now
        preferences = self._store.preferences().get(principal.account_id, Preferences())
        text = trial_text(preferences.language, self._address)
        try:
            self._sender.send(channel.kind, self._store.address_of(channel), text.title, text.body)
        except NotSent as failure:
            return Trial(sent=False, why=failure.why)
        except InvalidAddress:
            return Trial(sent=False, why="unusable_address")
        return Trial(sent=True)

    def _ending(self, channel: Channel) -> str:
        try:
            return self._store.address_of(channel)[-4:]
        except InvalidAddress:
            return ""

    def _hers(self, principal: Principal) -> list[Channel]:
        of_all = self._store.channels_of(principal.organisation)
        return [channel for channel in of_all if channel.account_id == principal.account_id]

    def _days_of(self, organisation: str) -> WorkingDays:
        return self._store.working_days().get(organisation, self._common_working_days)


def _severities(said: Iterable[str]) -> frozenset[Severity]:
    try:
        found = frozenset(map(Severity, said))
    except ValueError:
        found = frozenset()
    if not found:
        raise _invalid("severities", f"expected some of {', '.join(Severity)}")
    return found


def _levels(said: Iterable[int]) -> frozenset[int]:
    found = frozenset(said)
    if not found or not found <= LEVELS:
        raise _invalid("levels", "expected some of 1, 2, 3")
    return found


def _invalid(field: str, message: str) -> InvalidAction:
    return InvalidAction("this cannot be taken as it is", [(field, message)])
