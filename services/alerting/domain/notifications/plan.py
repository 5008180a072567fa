"""The plan: what is owed to whom on which channel and from when, and which messages go now. Pure.

What is told of is a step of an alert: that it was raised, or went up a level. One that is older than a day when it is
first seen (the service was stopped, the topic was made anew) is told of as old, and only while it still says how things
stand: nobody gets years of alerts anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from services.access.domain.permissions import CaseResource
from services.alerting.domain.notifications.addressees import Overseers
from services.alerting.domain.notifications.channels import Channel, Preferences
from services.alerting.domain.notifications.daytimes import WorkingDays, may_go, next_morning
from services.casework.domain.instants import DAY, HOUR, SECOND
from services.casework.domain.policy import Severity

OLD_AFTER: Final = DAY
LONGEST_WAIT: Final = HOUR
"""Between two attempts."""


@dataclass(frozen=True, slots=True)
class Reached:
    """An alert reached a level, at `at`. (alert_id, revision) names the step."""

    alert_id: str
    revision: int
    level: int
    severity: Severity
    at: int
    case: CaseResource


@dataclass(frozen=True, slots=True)
class Owed:
    """One step of one alert, to be told on one channel, not before due_at. Its key is the first four.

    level: for which her person is told. is_critical: told at once, also at night. is_old: counted apart.
    """

    alert_id: str
    revision: int
    level: int
    channel_id: str
    case_id: str
    is_critical: bool
    is_old: bool
    due_at: int


@dataclass(frozen=True, slots=True)
class Audience:
    """Everybody and everything that decides who is told, and when, as of one instant.

    channels: by account. preferences: by account; who has said nothing has those of everybody.
    working_days: by organisation; common_working_days: of those that have said nothing.
    """

    overseers: Overseers
    channels: Mapping[str, tuple[Channel, ...]]
    preferences: Mapping[str, Preferences]
    working_days: Mapping[str, WorkingDays]
    common_working_days: WorkingDays

    def preferences_of(self, account_id: str) -> Preferences:
        return self.preferences.get(account_id, Preferences())

    def days_of(self, organisation: str) -> WorkingDays:
        return self.working_days.get(organisation) or self.common_working_days


@dataclass(frozen=True, slots=True)
class Planned:
    """owed: to be told; unheard: steps that no supervisor stands for, not even one who is away."""

    owed: tuple[Owed, ...]
    unheard: tuple[Reached, ...]


def plan(now: int, reached: Iterable[Reached], audience: Audience) -> Planned:
    """What each step owes on each channel of those it is for; who has no channel that takes it has the inbox."""
    owed: list[Owed] = []
    unheard: list[Reached] = []
    for step in reached:
        addressed = audience.overseers.addressed(step.case, step.level)
        if not addressed.account_ids:
            unheard.append(step)
        for account_id in addressed.account_ids:
            for channel in audience.channels.get(account_id, ()):
                if channel.takes(step.severity, addressed.level):
                    owed.append(_owed(now, step, addressed.level, channel, audience))
    return Planned(tuple(owed), tuple(unheard))


def _owed(now: int, step: Reached, level: int, channel: Channel, audience: Audience) -> Owed:
    is_critical = step.severity is Severity.CRITICAL
    due_at = now
    if not is_critical:
        preferences, days = audience.preferences_of(channel.account_id), audience.days_of(channel.organisation)
        due_at = next_morning(now, preferences, days)
    is_old = now - step.at > OLD_AFTER
    return Owed(step.alert_id, step.revision, level, channel.channel_id, step.case.case_id, is_critical, is_old, due_at)


@dataclass(frozen=True, slots=True)
class Message:
    """What goes out on one channel at once. cases: to look at, however many alerts each has; older: seen late."""

    channel: Channel
    owed: tuple[Owed, ...]
    cases: int
    older: int


def messages(now: int, waiting: Iterable[Owed], channels: Mapping[str, Channel], audience: Audience) -> list[Message]:
    """Those of what waits that go now, one message a channel. channels: by id."""
    going: dict[str, list[Owed]] = defaultdict(list)
    for owed in waiting:
        channel = channels[owed.channel_id]
        if owed.due_at <= now and (owed.is_critical or _may_go(now, channel, audience)):
            going[owed.channel_id].append(owed)
    return [_message(channels[channel_id], owed) for channel_id, owed in going.items()]


def _may_go(now: int, channel: Channel, audience: Audience) -> bool:
    return may_go(now, audience.preferences_of(channel.account_id), audience.days_of(channel.organisation))


def _message(channel: Channel, owed: list[Owed]) -> Message:
    fresh = {each.case_id for each in owed if not each.is_old}
    old = {each.case_id for each in owed} - fresh
    return Message(channel, tuple(owed), len(fresh), len(old))


def wait_after(failures: int, first_wait_ms: int = 30 * SECOND) -> int:
    """Milliseconds until it is tried again, after so many failures (from 1): longer each time, up to an hour."""
    return int(min(LONGEST_WAIT, first_wait_ms * 2 ** min(failures - 1, 20)))
